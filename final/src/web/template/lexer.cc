#include "web/template/lexer.h"

#include <algorithm>
#include <charconv>

#include "base/text/unicode.h"

namespace tornado::template_::detail {
namespace {

constexpr std::string_view kOperators[] = {"**=", "//=", "**", "//", "<<", ">>", "<=", ">=", "==",
                                           "!=",  "+=",  "-=", "*=", "/=", "%=", "+",  "-",  "*",
                                           "/",   "%",   "(",  ")",  "[",  "]",  "{",  "}",  ",",
                                           ":",   ".",   "<",  ">",  "=",  "&",  "|",  "^",  "~"};
constexpr std::string_view kBitOperators[] = {"<<", ">>", "&", "|", "^", "~"};

bool is_name_start(char c) {
  const char letter = static_cast<char>(c | 0x20);
  return (letter >= 'a' && letter <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (;;) {
      skip_space();
      Token token;
      token.line = line_;
      const std::size_t start = at_;
      if (at_ < text_.size()) read(token);
      token.text = text_.substr(start, at_ - start);
      tokens.push_back(token);
      if (token.kind == Token::Kind::kEnd) return tokens;
    }
  }

 private:
  [[noreturn]] void fail_here(const std::string& message) const {
    throw SyntaxError(message, line_);
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
    }
  }

  void read(Token& token) {
    const char c = peek();
    if (is_decimal(c) || (c == '.' && is_decimal(peek(1)))) {
      token.kind = Token::Kind::kValue;
      token.value = number();
    } else if (c == '"' || c == '\'') {
      token.kind = Token::Kind::kValue;
      token.value = string();
    } else if (is_name_start(c)) {
      token.kind = Token::Kind::kName;
      const std::size_t start = at_;
      while (is_name_start(peek()) || is_decimal(peek())) ++at_;
      if (peek() == '"' || peek() == '\'') refuse_prefix(text_.substr(start, at_ - start));
    } else {
      token.kind = Token::Kind::kOperator;
      const auto found =
          std::find_if(std::begin(kOperators), std::end(kOperators),
                       [&](std::string_view op) { return text_.substr(at_).starts_with(op); });
      if (found == std::end(kOperators)) fail_here(std::string("invalid character '") + c + "'");
      if (std::find(std::begin(kBitOperators), std::end(kBitOperators), *found) !=
          std::end(kBitOperators)) {
        fail_here("templates have no bitwise operators such as " + std::string(*found) +
                  ": pass the result to the template");
      }
      at_ += found->size();
    }
  }

  // Refuses f'...' and the like. Other words, such as `not`, may come before a string.
  void refuse_prefix(std::string_view word) const {
    if (word.size() > 2 || word.find_first_not_of("rRbBuUfF") != word.npos) return;
    if (word.find_first_of("fF") != word.npos) {
      fail_here("templates have no f-strings: use format() or %");
    }
    fail_here("strings have no prefix here: leave the " + std::string(word) + " out");
  }

  Value number() {
    const std::size_t start = at_;
    bool is_float = false;
    for (;; ++at_) {
      const char letter = static_cast<char>(peek() | 0x20);
      if (letter == 'e' && (peek(1) == '+' || peek(1) == '-')) ++at_;
      if (letter == 'e' || peek() == '.') {
        is_float = true;
      } else if (!is_decimal(peek())) {
        break;
      }
    }
    if (is_name_start(peek())) fail_here("numbers are decimal here, without letters and _");
    const char* first = text_.data() + start;
    const char* last = text_.data() + at_;
    double as_float = 0;
    std::int64_t as_integer = 0;
    const auto [end, error] = is_float ? std::from_chars(first, last, as_float)
                                       : std::from_chars(first, last, as_integer);
    if (error == std::errc::result_out_of_range) fail_here("a number beyond 64 bits");
    if (error != std::errc() || end != last) fail_here("invalid number");
    return is_float ? Value(as_float) : Value(as_integer);
  }

  Value string() {
    const char quote = peek();
    if (peek(1) == quote && peek(2) == quote) {
      fail_here("templates have no strings in triple quotes: use \\n");
    }
    ++at_;
    std::string out;
    for (;;) {
      if (at_ >= text_.size() || peek() == '\n') fail_here("unterminated string literal");
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c == '\\') {
        escaped(out);
      } else {
        out += c;
      }
    }
  }

  void escaped(std::string& out) {
    const char c = peek();
    ++at_;
    constexpr std::string_view kLetters = "nrt\\'\"";
    constexpr std::string_view kMeanings = "\n\r\t\\'\"";
    if (const auto known = kLetters.find(c); known != kLetters.npos) {
      out += kMeanings[known];
    } else if (c == 'x' || c == 'u') {
      code_point(out, c == 'x' ? 2 : 4);
    } else {
      fail_here("only n r t x u, a quote or a backslash may follow a backslash");
    }
  }

  void code_point(std::string& out, std::size_t digits) {
    std::uint32_t value = 0;
    const std::string_view hex = text_.substr(std::min(at_, text_.size()), digits);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    const bool complete = error == std::errc() && end == hex.data() + digits;
    if (!complete || (value >= 0xD800 && value < 0xE000)) {
      fail_here("a \\x or \\u that is not a character");
    }
    at_ += digits;
    escape::append_utf8(out, value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
  return Lexer(text).run();
}

}  // namespace tornado::template_::detail
