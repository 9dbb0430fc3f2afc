// Builds a program from the files of a template, as Tornado's code writer does: the outermost
// ancestor, with its blocks replaced by those of its descendants, and with included files expanded
// in place.
#include "web/template/program.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "web/template/lexer.h"
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
    chunks(file_->chunks, program_.body_);
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
      throw ParseError(error.message, error.filename, error.lineno, chain);
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
    body.emplace_back().text = std::exchange(text_, {});
  }

  Statement& add(Section& body, Statement::Kind kind, const Chunk& chunk) {
    flush_text(body);
    Statement& statement = body.emplace_back();
    statement.kind = kind;
    statement.where = &place(chunk.line);
    return statement;
  }

  void chunks(const std::vector<Chunk>& list, Section& body) {
    for (const Chunk& one : list) chunk(one, body);
  }

  Expression expression(const Chunk& chunk, const std::string& text) {
    return parsed(chunk, text, parse_expression);
  }

  void show(const Chunk& chunk, Section& body, const std::string& text, bool is_raw) {
    Expression value = expression(chunk, text);
    const bool raw = is_raw || file_->autoescape.empty();
    Statement& shown = add(body, raw ? Statement::Kind::kRaw : Statement::Kind::kShow, chunk);
    shown.value = std::move(value);
    if (!raw) shown.operands.push_back(expression(chunk, file_->autoescape));
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
        Statement& set = add(body, Statement::Kind::kSet, chunk);
        set.value = std::move(assignment.value);
        set.operands = std::move(assignment.targets);
        return;
      }
      case Chunk::Kind::kImport: {
        std::vector<Import> imports = parsed(chunk, chunk.text, parse_import);
        add(body, Statement::Kind::kImport, chunk).imports = std::move(imports);
        return;
      }
      case Chunk::Kind::kExtends:
        fail_at(chunk.line, "extends must be at the top of a file that is not included");
      case Chunk::Kind::kInclude: {
        const FilePtr included = load(chunk.text, chunk.line);
        const Inside inside(*this, included, chunk.line);
        return chunks(included->chunks, body);
      }
      case Chunk::Kind::kApply:
        return apply(chunk, body);
      case Chunk::Kind::kBlock: {
        const NamedBlock block = blocks_[chunk.text];
        const Inside inside(*this, block.file, chunk.line);
        return chunks(block.chunk->body, body);
      }
      case Chunk::Kind::kControl:
        return control(chunk, body);
      case Chunk::Kind::kIntermediate:
        fail_at(chunk.line, chunk.word + " must be directly in its block");
      case Chunk::Kind::kJump: {
        // A block may be defined in a loop and shown outside one.
        if (loops_ == 0) fail_at(chunk.line, chunk.word + " outside of a loop");
        const bool breaks = chunk.word == "break";
        add(body, breaks ? Statement::Kind::kBreak : Statement::Kind::kContinue, chunk);
        return;
      }
    }
  }

  void apply(const Chunk& chunk, Section& body) {
    Statement& apply = add(body, Statement::Kind::kApply, chunk);
    apply.value = expression(chunk, chunk.text);
    const std::size_t mark = program_.scope_.assigned().size();
    const int loops = std::exchange(loops_, 0);
    Part& part = apply.parts.emplace_back();
    chunks(chunk.body, part.body);
    flush_text(part.body);
    loops_ = loops;
    apply.locals = program_.scope_.assigned_since(mark);
    std::sort(apply.locals.begin(), apply.locals.end());
    apply.locals.erase(std::unique(apply.locals.begin(), apply.locals.end()), apply.locals.end());
  }

  // ---- if, for, while, try

  void control(const Chunk& chunk, Section& body) {
    using Kind = Statement::Kind;
    const Kind kind = chunk.word == "if"      ? Kind::kIf
                      : chunk.word == "for"   ? Kind::kFor
                      : chunk.word == "while" ? Kind::kWhile
                                              : Kind::kTry;
    Statement& statement = add(body, kind, chunk);
    if (kind == Kind::kFor) {
      Loop head = parsed(chunk, chunk.text, parse_loop);
      statement.operands.push_back(std::move(head.target));
      statement.value = std::move(head.items);
    }
    const bool loops = kind == Kind::kFor || kind == Kind::kWhile;
    loops_ += loops ? 1 : 0;
    open_part(statement, chunk);
    for (const Chunk& one : chunk.body) {
      if (one.kind != Chunk::Kind::kIntermediate) {
        this->chunk(one, statement.parts.back().body);
        continue;
      }
      flush_text(statement.parts.back().body);
      if (loops && statement.parts.size() == 1) --loops_;  // else does not repeat
      open_part(statement, one);
    }
    flush_text(statement.parts.back().body);
    if (loops && statement.parts.size() == 1) --loops_;
    if (kind == Kind::kTry && statement.parts.back().role == Part::Role::kBody) {
      fail_at(chunk.line, "try block without except or finally");
    }
  }

  // Begins the part of a control block that `opener` opens: the block's own tag, or an intermediate
  // one.
  void open_part(Statement& statement, const Chunk& opener) {
    using Kind = Statement::Kind;
    Part part;
    part.where = &place(opener.line);
    if (opener.word == "except") {
      part.role = Part::Role::kExcept;
      part.exception = parsed(opener, opener.text, parse_except);
    } else if (opener.word == "else" || opener.word == "finally") {
      part.role = opener.word == "else" ? Part::Role::kElse : Part::Role::kFinally;
    } else if (statement.kind == Kind::kIf || statement.kind == Kind::kWhile) {
      part.test = expression(opener, opener.text);
    }
    const bool takes_nothing = part.role > Part::Role::kExcept || opener.word == "try";
    if (takes_nothing && !opener.text.empty()) {
      fail_at(opener.line, "invalid syntax after " + opener.word);
    }
    if (!statement.parts.empty()) check_order(statement, part, opener);
    statement.parts.push_back(std::move(part));
  }

  void check_order(const Statement& statement, const Part& part, const Chunk& opener) const {
    const Part& last = statement.parts.back();
    const bool in_try = statement.kind == Statement::Kind::kTry;
    const bool ends = part.role == Part::Role::kElse || part.role == Part::Role::kFinally;
    if (part.role < last.role || (ends && part.role == last.role)) {
      const char* after = last.role == Part::Role::kFinally ? " after finally" : " after else";
      fail_at(opener.line, opener.word + after);
    }
    if (in_try && part.role == Part::Role::kElse && last.role == Part::Role::kBody) {
      fail_at(opener.line, "else of a try block without except");
    }
    if (last.role == Part::Role::kExcept && last.exception.names.empty() &&
        part.role == Part::Role::kExcept) {
      fail_at(opener.line, "default 'except:' must be last");
    }
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
