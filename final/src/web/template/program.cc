// Builds a program from the files of a template, as Tornado's code writer does: the outermost
// ancestor, with its blocks replaced by those of its descendants, and with included files expanded
// in place.
#include "web/template/program.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "web/template/parser.h"

namespace tornado::template_::detail {

namespace {

constexpr std::size_t kDeepestInclude = 50;
constexpr int kMostIncludes = 10'000;

using FilePtr = std::shared_ptr<const File>;

struct NamedBlock {
  const Chunk* chunk = nullptr;
  FilePtr file;
};

}  // namespace

class Composer {
 public:
  Composer(Program& program, BaseLoader* loader) : program_(program), loader_(loader) {}

  void run(const FilePtr& file) {
    std::vector<FilePtr> ancestors = {file};
    for (std::size_t i = 0; i < ancestors.size(); ++i) add_parents(ancestors[i], ancestors);
    std::reverse(ancestors.begin(), ancestors.end());
    for (const FilePtr& ancestor : ancestors) {
      file_ = ancestor;
      find_blocks(ancestor->chunks);
    }
    file_ = ancestors.front();
    chunks_ = 0;
    chunks(file_->chunks, 0, file_->chunks.size(), program_.body_);
    flush_text(program_.body_);
  }

 private:
  // ---- errors

  std::string via() const {
    std::string text;
    for (auto caller = includes_.rbegin(); caller != includes_.rend(); ++caller) {
      if (!text.empty()) text += ", ";
      text += caller->first->name + ":" + std::to_string(caller->second);
    }
    return text;
  }

  [[noreturn]] void fail_at(int line, const std::string& message) const {
    throw ParseError(message, file_->name, line, via());
  }

  const Location& place(int line) {
    std::string text = file_->name + ":" + std::to_string(line);
    if (!includes_.empty()) text += " (via " + via() + ")";
    if (program_.locations_.empty() || program_.locations_.back().text != text) {
      program_.locations_.push_back({std::move(text)});
    }
    return program_.locations_.back();
  }

  // Parses the expression of a tag; its errors name their line.
  template <class Parse>
  auto parsed(const Chunk& chunk, std::string_view text, const Parse& parse) {
    try {
      return parse(text, program_.scope_);
    } catch (const SyntaxError& error) {
      fail_at(chunk.line + error.line(), error.what());
    }
  }

  // ---- files

  FilePtr load(const std::string& name, int line) const {
    if (loader_ == nullptr) fail_at(line, "no template loader to load " + name + " with");
    try {
      return Program::load(*loader_, name, file_->name);
    } catch (const ParseError& error) {
      std::string chain = file_->name + ":" + std::to_string(line);
      if (!includes_.empty()) chain += ", " + via();
      throw ParseError(error.message, error.filename, error.lineno, std::move(chain));
    } catch (const std::exception& error) {
      fail_at(line, "cannot load " + name + ": " + error.what());
    }
  }

  void add_parents(const FilePtr& file, std::vector<FilePtr>& ancestors) {
    file_ = file;
    for (const Chunk& chunk : file->chunks) {
      if (chunk.kind != Chunk::Kind::kExtends) continue;
      if (loader_ == nullptr)
        fail_at(chunk.line, "{% extends %} block found, but no template loader");
      if (ancestors.size() > kDeepestInclude) {
        fail_at(chunk.line, "more than 50 templates extend each other: is this a loop?");
      }
      ancestors.push_back(load(chunk.text, chunk.line));
    }
  }

  // Enters a file for as long as it lives.
  class Inside {
   public:
    Inside(Composer& composer, FilePtr file, int line) : composer_(composer) {
      if (composer.includes_.size() == kDeepestInclude) {
        composer.fail_at(line, "includes and blocks nested deeper than 50: is this a loop?");
      }
      if (++composer.chunks_ > kMostIncludes) {
        composer.fail_at(line, "more than 10000 includes and blocks in one template");
      }
      composer.includes_.emplace_back(std::exchange(composer.file_, std::move(file)), line);
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() {
      composer_.file_ = std::move(composer_.includes_.back().first);
      composer_.includes_.pop_back();
    }

   private:
    Composer& composer_;
  };

  void find_blocks(const std::vector<Chunk>& list) {
    for (const Chunk& chunk : list) {
      if (chunk.kind == Chunk::Kind::kBlock) blocks_[chunk.text] = {&chunk, file_};
      if (chunk.kind == Chunk::Kind::kInclude) {
        const FilePtr included = load(chunk.text, chunk.line);
        const Inside inside(*this, included, chunk.line);
        find_blocks(included->chunks);
      }
      find_blocks(chunk.body);
    }
  }

  // ---- statements

  // Text is held until something else comes, so that adjacent texts become one.
  void flush_text(Section& body) {
    if (text_.empty()) return;
    body.add(std::make_unique<Text>(std::exchange(text_, {})));
  }

  template <class Node, class... Args>
  void add(Section& body, Args&&... args) {
    flush_text(body);
    body.add(std::make_unique<Node>(std::forward<Args>(args)...));
  }

  void chunks(const std::vector<Chunk>& list, std::size_t first, std::size_t last, Section& body) {
    for (std::size_t i = first; i < last; ++i) chunk(list[i], body);
  }

  std::unique_ptr<Section> section(const std::vector<Chunk>& list, std::size_t first,
                                   std::size_t last) {
    auto body = std::make_unique<Section>();
    chunks(list, first, last, *body);
    flush_text(*body);
    return body;
  }

  ExpressionPtr expression(const Chunk& chunk, const std::string& text) {
    return parsed(chunk, text, parse_expression);
  }

  void show(const Chunk& chunk, Section& body, const std::string& text, bool raw) {
    ExpressionPtr value = expression(chunk, text);
    ExpressionPtr escape;
    if (!raw && !file_->autoescape.empty()) escape = expression(chunk, file_->autoescape);
    add<Show>(body, place(chunk.line), std::move(value), std::move(escape));
  }

  void chunk(const Chunk& chunk, Section& body) {
    switch (chunk.kind) {
      case Chunk::Kind::kText:
        text_ += chunk.text;
        return;
      case Chunk::Kind::kExpression:
        return show(chunk, body, chunk.text, false);
      case Chunk::Kind::kRaw:
        return show(chunk, body, chunk.text, true);
      case Chunk::Kind::kModule:
        return show(chunk, body, "_tt_modules." + chunk.text, true);
      case Chunk::Kind::kStatement: {
        Assignment assignment = parsed(chunk, chunk.text, parse_assignment);
        return add<Set>(body, place(chunk.line), std::move(assignment));
      }
      case Chunk::Kind::kImport:
        return import(chunk, body);
      case Chunk::Kind::kExtends:
        fail_at(chunk.line, "extends must stand at the top of a file that is not included");
      case Chunk::Kind::kInclude: {
        const FilePtr included = load(chunk.text, chunk.line);
        const Inside inside(*this, included, chunk.line);
        return chunks(included->chunks, 0, included->chunks.size(), body);
      }
      case Chunk::Kind::kApply:
        return apply(chunk, body);
      case Chunk::Kind::kBlock: {
        const NamedBlock block = blocks_[chunk.text];
        const Inside inside(*this, block.file, chunk.line);
        return chunks(block.chunk->body, 0, block.chunk->body.size(), body);
      }
      case Chunk::Kind::kControl:
        return control(chunk, body);
      case Chunk::Kind::kIntermediate:
        fail_at(chunk.line, chunk.word + " does not stand directly in its block");
      case Chunk::Kind::kJump:
        // A block may be defined in a loop and shown outside one.
        if (loops_ == 0) fail_at(chunk.line, chunk.word + " outside of a loop");
        return add<Jump>(body, chunk.word == "break" ? Flow::kBreak : Flow::kContinue);
    }
  }

  void import(const Chunk& chunk, Section& body) {
    std::vector<Import> imports = parsed(chunk, chunk.text, parse_import);
    std::vector<std::size_t> names;
    for (const Import& one : imports) {
      names.push_back(program_.scope_.slot(one.module.substr(0, one.module.find('.'))));
    }
    add<ImportStatement>(body, place(chunk.line), std::move(imports), std::move(names));
  }

  void apply(const Chunk& chunk, Section& body) {
    ExpressionPtr function = expression(chunk, chunk.text);
    flush_text(body);
    const std::size_t mark = program_.scope_.assigned().size();
    const int loops = std::exchange(loops_, 0);
    std::unique_ptr<Section> inner = section(chunk.body, 0, chunk.body.size());
    loops_ = loops;
    const auto& assigned = program_.scope_.assigned();
    std::vector<std::size_t> slots(assigned.begin() + static_cast<std::ptrdiff_t>(mark),
                                   assigned.end());
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    add<Apply>(body, place(chunk.line), std::move(function), std::move(inner), std::move(slots));
  }

  // ---- if, for, while, try

  // The part of a control block that an intermediate tag opens; the first part has none.
  struct Part {
    const Chunk* opener;
    std::unique_ptr<Section> body;
  };

  std::vector<Part> parts(const Chunk& chunk) {
    std::vector<Part> result;
    const bool loops = chunk.word == "for" || chunk.word == "while";
    const Chunk* opener = nullptr;
    std::size_t first = 0;
    for (std::size_t i = 0; i <= chunk.body.size(); ++i) {
      const bool ends = i == chunk.body.size() || chunk.body[i].kind == Chunk::Kind::kIntermediate;
      if (!ends) continue;
      const bool repeats = loops && opener == nullptr;  // else does not repeat
      loops_ += repeats ? 1 : 0;
      result.push_back({opener, section(chunk.body, first, i)});
      loops_ -= repeats ? 1 : 0;
      if (i < chunk.body.size()) opener = &chunk.body[i];
      first = i + 1;
    }
    return result;
  }

  void control(const Chunk& chunk, Section& body) {
    flush_text(body);
    if (chunk.word == "if") {
      branch(chunk, body);
    } else if (chunk.word == "for") {
      Loop head = parsed(chunk, chunk.text, parse_loop);
      std::vector<Part> both = loop_parts(chunk);
      add<For>(body, place(chunk.line), std::move(head), std::move(both[0].body),
               both.size() == 2 ? std::move(both[1].body) : nullptr);
    } else if (chunk.word == "while") {
      ExpressionPtr test = expression(chunk, chunk.text);
      std::vector<Part> both = loop_parts(chunk);
      add<While>(body, place(chunk.line), std::move(test), std::move(both[0].body),
                 both.size() == 2 ? std::move(both[1].body) : nullptr);
    } else {
      attempt(chunk, body);
    }
  }

  void no_more_after_else(const Chunk& opener) const {
    if (!opener.text.empty()) fail_at(opener.line, "invalid syntax after " + opener.word);
  }

  void branch(const Chunk& chunk, Section& body) {
    std::vector<If::Branch> branches;
    for (Part& part : parts(chunk)) {
      const Chunk& opener = part.opener == nullptr ? chunk : *part.opener;
      if (!branches.empty() && branches.back().test == nullptr) {
        fail_at(opener.line, opener.word + " after else");
      }
      ExpressionPtr test;
      if (opener.word == "else") {
        no_more_after_else(opener);
      } else {
        test = expression(opener, opener.text);
      }
      branches.push_back({place(opener.line), std::move(test), std::move(part.body)});
    }
    add<If>(body, std::move(branches));
  }

  std::vector<Part> loop_parts(const Chunk& chunk) {
    std::vector<Part> both = parts(chunk);
    if (both.size() > 2) fail_at(both[2].opener->line, "else after else");
    if (both.size() == 2) no_more_after_else(*both[1].opener);
    return both;
  }

  // try, any number of excepts, then else and finally.
  void attempt(const Chunk& chunk, Section& body) {
    if (!chunk.text.empty()) fail_at(chunk.line, "invalid syntax after try");
    std::vector<Part> all = parts(chunk);
    std::vector<Try::Handler> handlers;
    std::unique_ptr<Section> otherwise;
    std::unique_ptr<Section> last;
    for (std::size_t i = 1; i < all.size(); ++i) {
      const Chunk& opener = *all[i].opener;
      const bool wrong = last != nullptr || (otherwise != nullptr && opener.word != "finally") ||
                         (opener.word == "else" && handlers.empty());
      if (wrong) fail_at(opener.line, opener.word + " stands in the wrong place of a try block");
      if (opener.word == "except") {
        if (!handlers.empty() && handlers.back().clause.names.empty()) {
          fail_at(opener.line, "default 'except:' must be last");
        }
        handlers.push_back({parsed(opener, opener.text, parse_except), std::move(all[i].body)});
        continue;
      }
      no_more_after_else(opener);
      (opener.word == "else" ? otherwise : last) = std::move(all[i].body);
    }
    if (handlers.empty() && last == nullptr) {
      fail_at(chunk.line, "try block without except or finally");
    }
    add<Try>(body, std::move(all[0].body), std::move(handlers), std::move(otherwise),
             std::move(last));
  }

  Program& program_;
  BaseLoader* loader_;
  FilePtr file_;                                   // the file being read
  std::vector<std::pair<FilePtr, int>> includes_;  // each including file, and the line
  std::map<std::string, NamedBlock> blocks_;
  std::string text_;
  int chunks_ = 0;
  int loops_ = 0;  // depth at the current position
};

Program::Program(const std::shared_ptr<const File>& file, BaseLoader* loader) {
  Composer(*this, loader).run(file);
}

std::shared_ptr<const File> Program::load(BaseLoader& loader, const std::string& name,
                                          const std::string& parent) {
  return loader.load_file(loader.resolve_path(name, parent));
}

}  // namespace tornado::template_::detail
