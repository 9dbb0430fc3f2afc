#include "web/routing/path_tokens.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace tornado::routing::detail {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMostRepeats = 1000;  // RE2's limit for {n}

bool is_alphanumeric(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// Parses a pattern from beginning to end. Every function returns false for anything that is not
// simple: that is left to the regular expression engine, valid or not.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  // Takes as much text as there is.
  bool read_text(std::string& text) {
    while (!rest_.empty() && rest_[0] != '(') {
      char c = take();
      if (c == '\\') {
        if (rest_.empty() || !is_escapable(rest_[0])) return false;
        c = take();
      } else if (is_special(c)) {
        return false;
      }
      if (!rest_.empty() && is_quantifier(rest_[0])) return false;
      text += c;
    }
    return true;
  }

  // "([^/]+)", "(?P<year>\d{4})".
  bool read_capture(Capture& capture) {
    take();
    if (rest_.starts_with("?P<")) {
      rest_.remove_prefix(3);
      const auto end = rest_.find('>');
      if (end == std::string_view::npos || !is_name(rest_.substr(0, end))) return false;
      capture.name = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
    }
    return read_set(capture.set) && read_quantifier(capture) && !rest_.empty() && take() == ')';
  }

  // The byte after a capture, which must not belong to its set.
  std::optional<char> next_text() const {
    if (rest_.size() > 1 && rest_[0] == '\\' && is_escapable(rest_[1])) return rest_[1];
    if (is_special(rest_[0])) return std::nullopt;
    return rest_[0];
  }

 private:
  // "\." means "."; "\d" is not text.
  static bool is_escapable(char c) {
    return static_cast<unsigned char>(c) < 0x80 && !is_alphanumeric(c);
  }
  static bool is_name(std::string_view name) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
    for (const char c : name) {
      if (static_cast<unsigned char>(c) >= 0x80 || (!is_alphanumeric(c) && c != '_')) return false;
    }
    return true;
  }

  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  bool read_set(CharSet& set) {
    if (rest_.empty()) return false;
    const char c = take();
    if (c == '.') {
      set.add('\n');
      set.invert();
      return true;
    }
    if (c == '\\') return read_shorthand(set);
    return c == '[' && read_brackets(set);
  }

  // "\d" or "\w".
  bool read_shorthand(CharSet& set) {
    if (rest_.empty()) return false;
    const char c = take();
    if (c != 'd' && c != 'w') return false;
    set.add_range('0', '9');
    if (c == 'w') {
      set.add_range('A', 'Z');
      set.add_range('a', 'z');
      set.add('_');
    }
    return true;
  }

  // "^/]" or "a-z0-9_-]", after the opening bracket.
  bool read_brackets(CharSet& set) {
    const bool inverted = rest_.starts_with('^');
    if (inverted) take();
    if (rest_.empty() || rest_[0] == ']') return false;
    while (!rest_.empty() && rest_[0] != ']') {
      if (rest_.size() > 1 && rest_[0] == '\\' && (rest_[1] == 'd' || rest_[1] == 'w')) {
        take();
        read_shorthand(set);
        if (rest_.starts_with('-') && !rest_.starts_with("-]")) return false;
        continue;
      }
      char first = 0;
      if (!read_member(first)) return false;
      if (!rest_.starts_with('-') || rest_.starts_with("-]")) {
        set.add(first);
        continue;
      }
      take();
      char last = 0;
      if (rest_.empty() || !read_member(last)) return false;
      const auto low = static_cast<unsigned char>(first);
      const auto high = static_cast<unsigned char>(last);
      if (low > high) return false;
      set.add_range(low, high);
    }
    if (rest_.empty()) return false;
    take();
    if (inverted) set.invert();
    return true;
  }

  bool read_member(char& c) {
    c = take();
    if (c == '[') return false;  // may be "[:alpha:]"
    if (c != '\\') return true;
    if (rest_.empty() || !is_escapable(rest_[0])) return false;
    c = take();
    return true;
  }

  bool read_quantifier(Capture& capture) {
    if (rest_.empty()) return false;
    if (rest_[0] == ')') {
      capture.min = capture.max = 1;
      return true;
    }
    const char c = take();
    capture.max = kUnlimited;
    if (c == '*' || c == '+') {
      capture.min = c == '+' ? 1 : 0;
    } else if (c != '{' || !read_repeats(capture)) {
      return false;
    }
    return !rest_.empty() && rest_[0] == ')';  // no "+?"
  }

  // "4}", "1,3}" or "2,}".
  bool read_repeats(Capture& capture) {
    if (!read_number(capture.min)) return false;
    capture.max = capture.min;
    if (rest_.starts_with(',')) {
      take();
      capture.max = kUnlimited;
      if (!rest_.starts_with('}') && !read_number(capture.max)) return false;
    }
    return rest_.starts_with('}') && take() == '}' && capture.min <= capture.max;
  }

  bool read_number(std::size_t& number) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc() || number > kMostRepeats) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }

  std::string_view rest_;
};

// Whether the last group has the same name as an earlier one.
bool is_name_taken(const std::vector<PathToken>& tokens) {
  const std::string& name = tokens.back().capture->name;
  return !name.empty() &&
         std::any_of(tokens.begin(), tokens.end() - 1,
                     [&](const PathToken& token) { return token.capture->name == name; });
}

}  // namespace

std::optional<std::size_t> Capture::take(std::string_view path) const noexcept {
  std::size_t size = 0;
  while (size < path.size() && set.contains(path[size])) ++size;
  if (size < min || size > max) return std::nullopt;
  return size;
}

bool is_special(char c) {
  return std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos;
}

bool is_quantifier(char c) {
  return c == '?' || c == '*' || c == '+' || c == '{';
}

std::optional<std::vector<PathToken>> simple_tokens(std::string_view pattern) {
  Reader reader(pattern);
  std::vector<PathToken> tokens;
  while (true) {
    PathToken& token = tokens.emplace_back();
    if (!reader.read_text(token.text)) return std::nullopt;
    if (reader.at_end()) return tokens;
    token.capture.emplace();
    if (!reader.read_capture(*token.capture) || is_name_taken(tokens)) return std::nullopt;
    if (reader.at_end()) continue;
    const auto next = reader.next_text();
    if (!next || token.capture->set.contains(*next)) return std::nullopt;
  }
}

bool match_tokens(const std::vector<PathToken>& tokens, std::string_view path,
                  std::vector<std::string_view>& captures) {
  captures.clear();
  for (const PathToken& token : tokens) {
    if (!path.starts_with(token.text)) return false;
    path.remove_prefix(token.text.size());
    if (!token.capture) break;
    const auto size = token.capture->take(path);
    if (!size) return false;
    captures.push_back(path.substr(0, *size));
    path.remove_prefix(*size);
  }
  return path.empty();
}

}  // namespace tornado::routing::detail
