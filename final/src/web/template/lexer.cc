#include "web/template/lexer.h"

#include <algorithm>
#include <charconv>

#include "base/text/unicode.h"
#include "web/template/expression.h"

namespace tornado::template_::detail {
namespace {

constexpr std::string_view kOperators[] = {
    "**=", "//=", "<<=", ">>=", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=",
    "/=",  "%=",  "&=",  "|=",  "^=", ":=", "->", "+",  "-",  "*",  "/",  "%",  "(",  ")",  "[",
    "]",   "{",   "}",   ",",   ":",  ".",  "<",  ">",  "=",  "&",  "|",  "^",  "~"};

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
    } else if (const std::size_t prefix = string_prefix(); prefix != npos) {
      token.kind = Token::Kind::kValue;
      token.value = string(prefix);
    } else if (is_name_start(c)) {
      token.kind = Token::Kind::kName;
      while (is_name_start(peek()) || is_decimal(peek())) ++at_;
    } else {
      token.kind = Token::Kind::kOperator;
      const auto found =
          std::find_if(std::begin(kOperators), std::end(kOperators),
                       [&](std::string_view op) { return text_.substr(at_).starts_with(op); });
      if (found == std::end(kOperators)) fail_here(std::string("invalid character '") + c + "'");
      at_ += found->size();
    }
  }

  // ---- numbers

  Value number() {
    int base = 10;
    if (peek() == '0') {
      const char kind = static_cast<char>(peek(1) | 0x20);
      base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
      if (base != 10) at_ += 2;
    }
    std::string digits;
    bool is_float = false;
    for (;; ++at_) {
      const char c = peek();
      const char letter = static_cast<char>(c | 0x20);
      if (c == '_') {
        const char next = static_cast<char>(peek(1) | 0x20);
        if (!is_decimal(next) && !(next >= 'a' && next <= 'f')) fail_here("invalid number");
        continue;
      }
      if (base == 10 && (c == '.' || letter == 'e')) {
        is_float = true;
        digits += c;
        if (letter == 'e' && (peek(1) == '+' || peek(1) == '-')) digits += text_[++at_];
      } else if (is_decimal(c) || (base == 16 && letter >= 'a' && letter <= 'f')) {
        digits += c;
      } else {
        break;
      }
    }
    if (is_name_start(peek())) fail_here("invalid decimal literal");
    const char* first = digits.data();
    const char* last = first + digits.size();
    if (is_float) {
      double value = 0;
      const auto [end, error] = std::from_chars(first, last, value);
      if (error != std::errc() || end != last) fail_here("invalid number");
      return value;
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(first, last, value, base);
    if (error == std::errc::result_out_of_range) fail_here("a number beyond 64 bits");
    if (error != std::errc() || end != last) fail_here("invalid number");
    if (base == 10 && digits.size() > 1 && digits[0] == '0' && value != 0) {
      fail_here("leading zeros in decimal integer literals are not permitted");
    }
    return value;
  }

  // ---- strings

  static constexpr std::size_t npos = std::string_view::npos;

  // Returns how many letters precede a string's quote, or npos if this is not a string.
  std::size_t string_prefix() const {
    std::size_t letters = 0;
    while (letters < 2 && std::string_view("rRbBuUfF").find(peek(letters)) != npos &&
           peek(letters) != '\0') {
      ++letters;
    }
    return peek(letters) == '"' || peek(letters) == '\'' ? letters : npos;
  }

  Value string(std::size_t prefix) {
    bool raw = false;
    for (; prefix > 0; --prefix, ++at_) {
      const char letter = static_cast<char>(peek() | 0x20);
      if (letter == 'f') fail_here("f-strings are not known here: use format() or %");
      raw = raw || letter == 'r';
    }
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    at_ += triple ? 3 : 1;
    std::string out;
    for (;;) {
      if (at_ >= text_.size() || (peek() == '\n' && !triple)) {
        fail_here("unterminated string literal");
      }
      const char c = text_[at_++];
      if (c == quote && (!triple || (peek() == quote && peek(1) == quote))) {
        at_ += triple ? 2 : 0;
        return out;
      }
      if (c == '\n') ++line_;
      if (c != '\\') {
        out += c;
      } else if (raw) {
        out += c;
        if (at_ < text_.size()) out += text_[at_++];
      } else {
        escaped(out);
      }
    }
  }

  void escaped(std::string& out) {
    if (at_ >= text_.size()) fail_here("unterminated string literal");
    const char c = text_[at_++];
    constexpr std::string_view kLetters = "abfnrtv\\'\"";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
    if (const auto known = kLetters.find(c); known != npos) {
      out += kMeanings[known];
    } else if (c == '\n') {
      ++line_;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      code_point(out, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else if (c == 'N') {
      fail_here("the names of characters are not known here: use \\u");
    } else if (c >= '0' && c <= '7') {
      std::uint32_t value = static_cast<std::uint32_t>(c - '0');
      for (int i = 0; i < 2 && peek() >= '0' && peek() <= '7'; ++i) {
        value = value * 8 + static_cast<std::uint32_t>(text_[at_++] - '0');
      }
      escape::append_utf8(out, value);
    } else {
      out.append({'\\', c});
    }
  }

  void code_point(std::string& out, std::size_t digits) {
    std::uint32_t value = 0;
    const std::string_view hex = text_.substr(std::min(at_, text_.size()), digits);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    const bool complete = error == std::errc() && end == hex.data() + digits;
    if (!complete || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
      fail_here("a \\x, \\u or \\U that is no character");
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
