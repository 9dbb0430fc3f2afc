#include "web/template/file.h"

#include <tornado/template.h>

#include <algorithm>
#include <stdexcept>

#include "base/text/unicode.h"
#include "web/template/value_bodies.h"

namespace tornado::template_ {

// ---- white space --------------------------------------------------------------------------------

namespace {

// Calls `see(run, has_newline)` for each run of white space, and copies the text in between.
template <class See>
std::string map_space(std::string_view text, const See& see) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    bool newline = false;
    while (end < text.size()) {
      const escape::CodePoint point = escape::decode_utf8(text.substr(end));
      if (point.length == 0 || !escape::is_unicode_space(point.value)) break;
      newline = newline || point.value == '\n';
      end += point.length;
    }
    if (end == at) {
      out += text[at++];
    } else {
      see(out, text.substr(at, end - at), newline);
      at = end;
    }
  }
  return out;
}

// A run of blanks and tabs becomes one blank; other white space is unchanged.
void append_single(std::string& out, std::string_view run) {
  bool blank = false;
  for (const char c : run) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank) {
      out += c;
    } else if (!blank) {
      out += ' ';
    }
    blank = is_blank;
  }
}

}  // namespace

std::string filter_whitespace(std::string_view mode, std::string_view text) {
  if (mode == "all") return std::string(text);
  if (mode == "oneline") {
    return map_space(text, [](std::string& out, std::string_view, bool) { out += ' '; });
  }
  if (mode == "single") {
    return map_space(text, [](std::string& out, std::string_view run, bool newline) {
      if (newline) {
        out += '\n';
      } else {
        append_single(out, run);
      }
    });
  }
  throw std::invalid_argument("invalid whitespace mode " + std::string(mode));
}

ParseError::ParseError(std::string error_message, std::string error_filename, int error_lineno,
                       const std::string& via)
    : message(std::move(error_message)),
      filename(std::move(error_filename)),
      lineno(error_lineno),
      what_(message + " at " + filename + ":" + std::to_string(lineno)) {
  if (!via.empty()) what_ += " (via " + via + ")";
}

namespace detail {
namespace {

constexpr int kDeepestBlock = 100;

// The kinds of tags, and their requirements.
struct TagOperator {
  std::string_view word;
  Chunk::Kind kind;
  bool has_body;
  const char* missing;  // the error if nothing follows; null if nothing needs to
};
constexpr TagOperator kTagOperators[] = {
    {"extends", Chunk::Kind::kExtends, false, "extends missing file path"},
    {"include", Chunk::Kind::kInclude, false, "include missing file path"},
    {"set", Chunk::Kind::kStatement, false, "set missing statement"},
    {"import", Chunk::Kind::kImport, false, "import missing statement"},
    {"from", Chunk::Kind::kImport, false, "import missing statement"},
    {"raw", Chunk::Kind::kRaw, false, "raw missing expression"},
    {"module", Chunk::Kind::kModule, false, "module missing expression"},
    {"apply", Chunk::Kind::kApply, true, "apply missing method name"},
    {"block", Chunk::Kind::kBlock, true, "block missing name"},
    {"if", Chunk::Kind::kControl, true, "if missing expression"},
    {"for", Chunk::Kind::kControl, true, "for missing expression"},
    {"while", Chunk::Kind::kControl, true, "while missing expression"},
    {"try", Chunk::Kind::kControl, true, nullptr},
    {"break", Chunk::Kind::kJump, false, nullptr},
    {"continue", Chunk::Kind::kJump, false, nullptr}};

struct Intermediate {
  std::string_view word;
  std::string_view parents;  // with a blank around each
  const char* shown;
};
constexpr Intermediate kIntermediates[] = {{"else", " if for while try ", "if, for, while or try"},
                                           {"elif", " if ", "if"},
                                           {"except", " try ", "try"},
                                           {"finally", " try ", "try"}};

std::string_view without_quotes(std::string_view text) {
  for (const char quote : {'"', '\''}) {
    const auto first = text.find_first_not_of(quote);
    if (first == text.npos) return {};
    text = text.substr(first, text.find_last_not_of(quote) - first + 1);
  }
  return text;
}

class FileParser {
 public:
  FileParser(std::string_view text, File& file, std::string whitespace)
      : text_(text), file_(file), whitespace_(std::move(whitespace)) {}

  // Reads chunks up to the end, or to the end tag of `in_block`.
  std::vector<Chunk> parse(std::string_view in_block, bool in_loop, int depth) {
    std::vector<Chunk> chunks;
    if (depth > kDeepestBlock) fail_here("blocks nested deeper than 100");
    for (;;) {
      const auto tag = next_tag();
      if (tag == text_.npos) {
        if (!in_block.empty()) {
          fail_here("Missing {% end %} block for " + std::string(in_block));
        }
        add_text(chunks, consume(text_.size() - at_));
        return chunks;
      }
      if (tag > at_) add_text(chunks, consume(tag - at_));
      const std::string_view brace = consume(2);
      line_of_tag_ = line_;
      if (at_ < text_.size() && text_[at_] == '!') {
        consume(1);
        add_text(chunks, brace);
      } else if (brace == "{#") {
        until("#}", "Missing end comment #}");
      } else if (brace == "{{") {
        const std::string_view contents = until("}}", "Missing end expression }}");
        if (contents.empty()) fail_here("Empty expression");
        add(chunks, Chunk::Kind::kExpression, line_of_tag_, contents);
      } else {
        const std::string_view contents = until("%}", "Missing end block %}");
        if (contents.empty()) fail_here("Empty block tag ({% %})");
        if (!tag_contents(chunks, contents, in_block, in_loop, depth)) return chunks;
      }
    }
  }

 private:
  [[noreturn]] void fail_here(std::string message) const {
    throw ParseError(std::move(message), file_.name, line_);
  }

  std::string_view consume(std::size_t count) {
    const std::string_view taken = text_.substr(at_, count);
    line_ += static_cast<int>(std::count(taken.begin(), taken.end(), '\n'));
    at_ += taken.size();
    return taken;
  }

  // Finds the next opening tag. Of more than two braces the innermost count, which suits LaTeX.
  std::size_t next_tag() const {
    for (auto at = text_.find('{', at_); at != text_.npos && at + 1 < text_.size();
         at = text_.find('{', at + 1)) {
      const char next = text_[at + 1];
      if (next != '{' && next != '%' && next != '#') continue;
      if (next == '{' && at + 2 < text_.size() && text_[at + 2] == '{') continue;
      return at;
    }
    return text_.npos;
  }

  // Returns the text before the end of the tag, and consumes both.
  std::string_view until(std::string_view end, const char* error) {
    const auto at = text_.find(end, at_);
    if (at == text_.npos) fail_here(error);
    const std::string_view contents = escape::strip_unicode(consume(at - at_));
    consume(end.size());
    return contents;
  }

  static void add(std::vector<Chunk>& chunks, Chunk::Kind kind, int line, std::string_view text,
                  std::string_view word = {}) {
    chunks.push_back({kind, line, std::string(word), std::string(text), {}});
  }

  void add_text(std::vector<Chunk>& chunks, std::string_view text) const {
    const bool verbatim = text.find("<pre>") != text.npos;
    std::string shown = verbatim ? std::string(text) : filter_whitespace(whitespace_, text);
    if (!shown.empty()) add(chunks, Chunk::Kind::kText, line_, shown);
  }

  // Returns false at the end tag.
  bool tag_contents(std::vector<Chunk>& chunks, std::string_view contents,
                    std::string_view in_block, bool in_loop, int depth) {
    const auto space = std::min(contents.find(' '), contents.size());
    const std::string_view word = contents.substr(0, space);
    const std::string_view suffix = escape::strip_unicode(contents.substr(space));
    for (const Intermediate& known : kIntermediates) {
      if (known.word != word) continue;
      check_parent(known, in_block);
      add(chunks, Chunk::Kind::kIntermediate, line_of_tag_, suffix, word);
      return true;
    }
    if (word == "end") {
      if (in_block.empty()) fail_here("Extra {% end %} block");
      return false;
    }
    if (word == "comment") return true;
    if (word == "autoescape") {
      file_.autoescape = suffix == "None" ? std::string_view() : suffix;
    } else if (word == "whitespace") {
      set_whitespace(suffix);
    } else {
      operation(chunks, contents, word, suffix, in_loop, depth);
    }
    return true;
  }

  void check_parent(const Intermediate& known, std::string_view in_block) const {
    const std::string word(known.word);
    if (in_block.empty()) fail_here(word + " outside " + known.shown + " block");
    if (known.parents.find(" " + std::string(in_block) + " ") == std::string_view::npos) {
      fail_here(word + " block cannot be attached to " + std::string(in_block) + " block");
    }
  }

  void set_whitespace(std::string_view mode) {
    try {
      filter_whitespace(mode, "");
    } catch (const std::invalid_argument& error) {
      fail_here(error.what());
    }
    whitespace_ = mode;
  }

  void operation(std::vector<Chunk>& chunks, std::string_view contents, std::string_view word,
                 std::string_view suffix, bool in_loop, int depth) {
    const auto* known = std::find_if(std::begin(kTagOperators), std::end(kTagOperators),
                                     [&](const TagOperator& one) { return one.word == word; });
    if (known == std::end(kTagOperators)) {
      std::string shown;
      append_repr(shown, Value(word));
      fail_here("unknown operator: " + shown);
    }
    Chunk chunk{known->kind, line_of_tag_, std::string(word), std::string(suffix), {}};
    if (known->kind == Chunk::Kind::kExtends || known->kind == Chunk::Kind::kInclude) {
      chunk.text = without_quotes(suffix);
    } else if (known->kind == Chunk::Kind::kImport) {
      chunk.text = contents;
    } else if (known->kind == Chunk::Kind::kJump) {
      if (!in_loop) fail_here(std::string(word) + " outside for or while block");
      if (!suffix.empty()) fail_here("nothing may follow " + std::string(word));
    }
    if (known->has_body) {
      const bool loop = word == "for" || word == "while";
      // apply is a function of its own, so it is not inside the surrounding loop.
      const bool inside = loop || (in_loop && known->kind != Chunk::Kind::kApply);
      chunk.body = parse(word, inside, depth + 1);
    }
    const bool empty = suffix.empty() || chunk.text.empty();
    if (known->missing != nullptr && empty) fail_here(known->missing);
    chunks.push_back(std::move(chunk));
  }

  std::string_view text_;
  File& file_;
  std::string whitespace_;
  std::size_t at_ = 0;
  int line_ = 1;
  int line_of_tag_ = 1;
};

}  // namespace

File parse_file(std::string_view text, std::string name, std::string autoescape,
                std::string whitespace) {
  File file;
  file.name = std::move(name);
  file.autoescape = std::move(autoescape);
  file.chunks = FileParser(text, file, std::move(whitespace)).parse({}, false, 0);
  return file;
}

}  // namespace detail
}  // namespace tornado::template_
