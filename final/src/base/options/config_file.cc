#include "base/options/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/options/time.h"
#include "base/text/ascii.h"
#include "base/text/unicode.h"

namespace tornado::options {
namespace {

bool is_name_start(char c) {
  return is_alpha(c) || c == '_';
}
bool is_name_char(char c) {
  return is_name_start(c) || is_digit(c);
}

// Reads the text once, from front to back. Inside brackets, line breaks are blanks, as in Python.
class ConfigReader {
 public:
  ConfigReader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  std::vector<Setting> read() {
    std::vector<Setting> settings;
    for (skip_blanks(true); !at_end(); skip_blanks(true)) {
      Setting setting{read_name(), {}, line_};
      skip_blanks(false);
      if (!take('=')) fail("expected \"name = value\"");
      skip_blanks(false);
      setting.literal = read_literal(0);
      skip_blanks(false);
      if (!take('\n') && !take(';') && !at_end())
        fail("expected the end of the line after the value");
      store(settings, std::move(setting));
    }
    return settings;
  }

 private:
  static void store(std::vector<Setting>& settings, Setting setting) {
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&](const Setting& s) { return s.name == setting.name; });
    if (found == settings.end()) {
      settings.push_back(std::move(setting));
    } else {
      *found = std::move(setting);
    }
  }

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  char next() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
  }

  bool take(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    next();
    return true;
  }

  // Skips blanks, comments and escaped line ends; unescaped line ends too where they mean nothing.
  void skip_blanks(bool over_lines) {
    while (!at_end()) {
      const char c = peek();
      if (c == '#') {
        while (!at_end() && peek() != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || (c == '\n' && over_lines)) {
        next();
      } else if (text_.substr(at_).starts_with("\\\n")) {
        next();
        next();
      } else {
        return;
      }
    }
  }

  std::string read_name() {
    const std::size_t start = at_;
    if (is_name_start(peek())) {
      while (is_name_char(peek())) ++at_;
    }
    if (at_ == start) fail("expected a name");
    return std::string(text_.substr(start, at_ - start));
  }

  Literal read_literal(int depth) {
    const char c = peek();
    if (c == '[' || c == '(') return {read_list(depth)};
    if (c == '\'' || c == '"') return {read_strings(depth > 0)};
    if (is_digit(c) || c == '-' || c == '+' || c == '.') return read_number();
    if (is_name_start(c)) return read_word();
    fail("expected a value");
  }

  Literal::List read_list(int depth) {
    if (depth == kMaxLiteralDepth) fail("lists nested too deep");
    const char end = next() == '[' ? ']' : ')';
    Literal::List items;
    for (skip_blanks(true); !take(end); skip_blanks(true)) {
      items.push_back(read_literal(depth + 1));
      skip_blanks(true);
      if (!take(',') && peek() != end) fail("expected \",\" or the end of the list");
    }
    return items;
  }

  // Adjacent strings are joined, as in Python.
  std::string read_strings(bool over_lines) {
    std::string value;
    while (peek() == '\'' || peek() == '"') {
      const std::string_view quote = text_.substr(at_, 1);
      const bool triple = text_.substr(at_, 3) == std::string(3, quote[0]);
      const std::string_view end = triple ? text_.substr(at_, 3) : quote;
      at_ += end.size();
      append_string(value, end);
      skip_blanks(over_lines);
    }
    return value;
  }

  void append_string(std::string& out, std::string_view end) {
    while (!text_.substr(at_).starts_with(end)) {
      if (at_end() || (peek() == '\n' && end.size() == 1)) fail("string without its closing quote");
      const char c = next();
      if (c == '\\') {
        append_escape(out);
      } else {
        out.push_back(c);
      }
    }
    at_ += end.size();
  }

  void append_escape(std::string& out) {
    constexpr std::string_view kLetters = "\\'\"abfnrtv";
    constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
    if (at_end()) fail("string without its closing quote");
    const char c = next();
    const auto known = kLetters.find(c);
    if (c == '\n') return;
    if (known != kLetters.npos) {
      out.push_back(kMeanings[known]);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      append_code_point(out, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else {
      fail(fmt::format("unknown escape \"\\{}\"", c));
    }
  }

  void append_code_point(std::string& out, std::size_t digits) {
    const std::string_view hex = text_.substr(at_, digits);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    const bool character = value < 0xD800 || (value > 0xDFFF && value < 0x110000);
    if (hex.size() != digits || error != std::errc() || end != hex.data() + digits || !character) {
      fail("bad code in an escape");
    }
    escape::append_utf8(out, value);
    at_ += digits;
  }

  Literal read_number() {
    const std::size_t start = at_;
    // Signs may appear at the front and in an exponent.
    while (is_name_char(peek()) || peek() == '.' || peek() == '-' || peek() == '+') ++at_;
    const std::string_view number = text_.substr(start, at_ - start);
    const std::string_view digits = number.substr(number[0] == '+' ? 1 : 0);
    std::int64_t integer = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    if (error == std::errc() && end == digits.data() + digits.size()) return {integer};
    if (error == std::errc::result_out_of_range) fail("number too large");
    try {
      return {parse_float(number)};
    } catch (const Error& e) {
      fail(e.what());
    }
  }

  Literal read_word() {
    const std::string word = read_name();
    if (word == "True") return {true};
    if (word == "False") return {false};
    if (word == "None") return {};
    if (word == "__file__") return {path_};
    fail(fmt::format("\"{}\" is not a value: a configuration file is data, not code", word));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("{}:{}: {}", path_, line_, what));
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<Setting> parse_config(std::string_view text, const std::string& path) {
  return ConfigReader(text, path).read();
}

}  // namespace tornado::options
