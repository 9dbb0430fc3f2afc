#include "code.h"

#include <tornado/escape.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <span>
#include <vector>

using tornado::escape::xhtml_escape;

namespace course {
namespace {

constexpr auto kCppKeywords = std::to_array<std::string_view>(
    {"alignas",       "auto",     "bool",      "break",    "case",     "catch",        "char",
     "class",         "co_await", "co_return", "co_yield", "concept",  "const",        "constexpr",
     "consteval",     "continue", "decltype",  "default",  "delete",   "do",           "double",
     "else",          "enum",     "explicit",  "false",    "final",    "float",        "for",
     "friend",        "if",       "inline",    "int",      "long",     "mutable",      "namespace",
     "new",           "noexcept", "nullptr",   "operator", "override", "private",      "protected",
     "public",        "requires", "return",    "short",    "signed",   "sizeof",       "static",
     "static_assert", "struct",   "switch",    "template", "this",     "thread_local", "throw",
     "true",          "try",      "typename",  "union",    "unsigned", "using",        "virtual",
     "void",          "volatile", "while"});

constexpr auto kPythonKeywords = std::to_array<std::string_view>(
    {"False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
     "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
     "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
     "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"});

struct Language {
  std::span<const std::string_view> keywords;
  std::string_view comment;  // the start of a comment that ends with its line
  bool is_cpp = false;       // with /* */, R"( )" and directives; else with triple quotes
};

constexpr Language kCpp = {kCppKeywords, "//", true};
constexpr Language kPython = {kPythonKeywords, "#", false};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Returns the end of the quoted text that begins at `begin`: after the closing quote, or where the
// line ends.
std::size_t end_of_quotes(std::string_view code, std::size_t begin) {
  for (std::size_t at = begin + 1; at < code.size(); ++at) {
    if (code[at] == '\\') {
      ++at;
    } else if (code[at] == code[begin]) {
      return at + 1;
    } else if (code[at] == '\n') {
      return at;
    }
  }
  return code.size();
}

// Returns the position after the next `text`, or the end.
std::size_t behind(std::string_view code, std::string_view text, std::size_t from) {
  const std::size_t found = code.find(text, from);
  return found == code.npos ? code.size() : found + text.size();
}

// R"delimiter( ... )delimiter", whose first quote is at `begin`.
std::size_t end_of_raw_string(std::string_view code, std::size_t begin) {
  const std::size_t open = code.find('(', begin);
  if (open == code.npos) return code.size();
  return behind(code, ")" + std::string(code.substr(begin + 1, open - begin - 1)) + "\"", open);
}

struct Piece {
  std::size_t end;
  std::string_view kind;  // empty: not highlighted
};

// The token at this place that only one of the languages has; its end is 0 if there is none.
Piece special_piece(const Language& language, std::string_view code, std::size_t at) {
  const std::string_view rest = code.substr(at);
  if (!language.is_cpp) {
    const std::string_view quotes = rest.substr(0, 3);
    if (quotes != "\"\"\"" && quotes != "'''") return {0, ""};
    return {behind(code, quotes, at + 3), "string"};
  }
  if (rest.starts_with("/*")) return {behind(code, "*/", at + 2), "comment"};
  if (rest.starts_with("R\"")) return {end_of_raw_string(code, at + 1), "string"};
  if (rest.front() == '<' && code.substr(0, at).ends_with("#include ")) {
    return {std::min(behind(code, ">", at), code.find('\n', at)), "string"};
  }
  const bool starts_line = at == 0 || code[at - 1] == '\n';
  if (rest.front() != '#' || !starts_line) return {0, ""};
  return {std::min(code.find_first_of(" \n", at), code.size()), "directive"};
}

Piece next_piece(const Language& language, std::string_view code, std::size_t at) {
  const std::string_view rest = code.substr(at);
  if (rest.starts_with(language.comment))
    return {std::min(code.find('\n', at), code.size()), "comment"};
  if (const Piece special = special_piece(language, code, at); special.end != 0) return special;
  if (rest.front() == '"' || rest.front() == '\'') return {end_of_quotes(code, at), "string"};
  if (!is_word(rest.front())) return {at + 1, ""};
  // A number may have quotes between its digits.
  const bool number = std::isdigit(static_cast<unsigned char>(rest.front())) != 0;
  std::size_t size = 1;
  while (size < rest.size() && (is_word(rest[size]) || (number && rest[size] == '\''))) ++size;
  const bool keyword =
      std::ranges::find(language.keywords, rest.substr(0, size)) != language.keywords.end();
  return {at + size, keyword ? "keyword" : ""};
}

std::string span(std::string_view kind, std::string_view text) {
  return "<span class=\"" + std::string(kind) + "\">" + xhtml_escape(text) + "</span>";
}

std::string highlight_language(const Language& language, std::string_view code) {
  std::string html;
  std::size_t plain = 0;  // where the uncoloured text begins
  for (std::size_t at = 0; at < code.size();) {
    const Piece piece = next_piece(language, code, at);
    if (!piece.kind.empty()) {
      html += xhtml_escape(code.substr(plain, at - plain)) +
              span(piece.kind, code.substr(at, piece.end - at));
      plain = piece.end;
    }
    at = piece.end;
  }
  return html + xhtml_escape(code.substr(plain));
}

// Calls `use` with each line, including its newline.
template <class F>
void each_line(std::string_view text, F use) {
  while (!text.empty()) {
    const std::size_t size = behind(text, "\n", 0);
    use(text.substr(0, size));
    text.remove_prefix(size);
  }
}

// Distinguishes the text that a person types from the machine's output.
std::string highlight_console(std::string_view text) {
  std::string html;
  each_line(text, [&html](std::string_view line) {
    html += line.starts_with("$ ") ? span("command", line) : xhtml_escape(line);
  });
  return html;
}

// Returns NAME or /NAME for a line "// [NAME]" or "# [/NAME]"; empty for any other.
std::string_view mark_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (!line.starts_with("// [") && !line.starts_with("# [")) return {};
  line.remove_prefix(line.find('[') + 1);
  const std::size_t end = line.find(']');
  const std::string_view mark = line.substr(0, end);
  const std::string_view name = mark.substr(mark.starts_with('/') ? 1 : 0);
  if (end == line.npos || name.empty() || !std::ranges::all_of(name, is_word)) return {};
  return mark;
}

// Returns the names of the regions that can be elements of the page: each ends, none overlaps
// another's end.
std::set<std::string_view> nested_regions(std::string_view code) {
  std::set<std::string_view> names;
  std::vector<std::string_view> open;
  each_line(code, [&](std::string_view line) {
    const std::string_view mark = mark_of(line);
    if (mark.starts_with('/')) {
      const auto begin = std::ranges::find(open, mark.substr(1));
      if (begin == open.end()) return;
      if (begin + 1 == open.end()) names.insert(*begin);
      open.erase(begin, open.end());
    } else if (!mark.empty()) {
      open.push_back(mark);
    }
  });
  return names;
}

}  // namespace

std::string inline_code(std::string_view text) {
  std::string html;
  while (true) {
    const std::size_t open = text.find('`');
    const std::size_t close = open == text.npos ? open : text.find('`', open + 1);
    if (close == text.npos) return html + xhtml_escape(text);
    html += xhtml_escape(text.substr(0, open)) + "<code>" +
            xhtml_escape(text.substr(open + 1, close - open - 1)) + "</code>";
    text.remove_prefix(close + 1);
  }
}

std::string highlight(std::string_view code, std::string_view kind) {
  if (kind == "cpp" || kind == "cc" || kind == "h") return highlight_language(kCpp, code);
  if (kind == "python" || kind == "py") return highlight_language(kPython, code);
  if (kind == "console") return highlight_console(code);
  return xhtml_escape(code);
}

std::string highlight_file(std::string_view code, std::string_view kind) {
  const std::string coloured = highlight(code, kind);
  const std::set<std::string_view> regions = nested_regions(code);
  std::string html;
  std::string_view rest = coloured;
  int number = 0;
  // Colours add no lines.
  each_line(code, [&](std::string_view line) {
    const std::string_view mark = mark_of(line);
    const std::string_view name = mark.substr(mark.starts_with('/') ? 1 : 0);
    if (!mark.empty() && mark == name) {
      html += (regions.contains(name) ? "<span class=\"region\" id=\"" : "<span id=\"") +
              std::string(name) + (regions.contains(name) ? "\">" : "\"></span>");
    }
    const std::string id = "L" + std::to_string(++number);
    html += "<a class=\"line\" id=\"" + id + "\" href=\"#" + id +
            "\" tabindex=\"-1\" aria-hidden=\"true\"></a>";
    const std::size_t size = behind(rest, "\n", 0);
    html += rest.substr(0, size);
    rest.remove_prefix(size);
    if (mark != name && regions.contains(name)) html += "</span>";
  });
  return html;
}

}  // namespace course
