#include "web/template/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/text/number_text.h"
#include "base/text/unicode.h"
#include "web/template/operations.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

constexpr int kWidest = 1 << 16;  // anything wider is a mistake

// The part of a field's specification that both kinds of format share.
struct Spec {
  std::string_view fill = " ";  // one character
  char align = 0;               // < > ^ =
  char sign = 0;                // as specified; '-' if it is not
  bool alternate = false;
  char grouping = 0;
  int width = 0;
  std::optional<int> precision;
  char kind = 0;
};

int read_number(std::string_view text, std::size_t& at) {
  int number = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    number = number * 10 + (text[at++] - '0');
    if (number > kWidest) fail("ValueError", "a field wider than 65536");
  }
  return number;
}

void append_padded(std::string& out, std::string_view prefix, std::string_view body,
                   const Spec& spec, char usual_align) {
  const std::size_t length = count_characters(prefix) + count_characters(body);
  const auto width = static_cast<std::size_t>(spec.width);
  const std::size_t space = width > length ? width - length : 0;
  const char align = spec.align != 0 ? spec.align : usual_align;
  const std::size_t left = align == '>' ? space : align == '^' ? space / 2 : 0;
  const auto fill = [&](std::size_t times) {
    for (; times > 0; --times) out += spec.fill;
  };
  fill(left);
  out += prefix;
  if (align == '=') fill(space);
  out += body;
  if (align != '=') fill(space - left);
}

bool is_one_of(char kind, std::string_view kinds) {
  return kind != 0 && kinds.find(kind) != kinds.npos;
}

// Groups the first `whole` of the digits, together with the zeros that fill a field.
std::string grouped(std::string_view digits, std::size_t whole, const Spec& spec,
                    std::size_t prefix_size) {
  const std::size_t group = is_one_of(spec.kind, "bxXo") ? 4 : 3;
  const std::string_view rest = digits.substr(whole);
  std::size_t least = 0;
  if (spec.fill == "0" && spec.align == '=') {
    const auto width = static_cast<std::size_t>(spec.width);
    least = width - std::min(width, prefix_size + rest.size());
  }
  std::string out;  // from its end
  for (std::size_t count = 0; count < whole || out.size() < least; ++count) {
    if (count != 0 && count % group == 0) out += spec.grouping;
    out += count < whole ? digits[whole - 1 - count] : '0';
  }
  std::reverse(out.begin(), out.end());
  return out.append(rest);
}

void to_upper(std::string& text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

std::string integer_digits(std::uint64_t value, const Spec& spec, std::string& prefix) {
  int base = 10;
  if (spec.kind == 'x' || spec.kind == 'X') base = 16;
  if (spec.kind == 'o') base = 8;
  if (spec.kind == 'b') base = 2;
  char digits[72];
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
  if (spec.alternate && base != 10) prefix += std::string("0") + spec.kind;
  if (spec.kind == 'X') to_upper(text);
  return spec.grouping != 0 ? grouped(text, text.size(), spec, prefix.size()) : text;
}

std::string printed(double value, char kind, int precision, bool alternate) {
  const char plain[] = {'%', '.', '*', kind, 0};
  const char with_point[] = {'%', '#', '.', '*', kind, 0};
  const char* pattern = alternate ? with_point : plain;
  const int size = std::snprintf(nullptr, 0, pattern, precision, value);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), pattern, precision, value);
  text.pop_back();
  return text;
}

// A precision without a letter: like 'g', but it never looks like an int.
std::string general_digits(double value, int precision, bool alternate) {
  precision = std::max(precision, 1);
  std::string text = printed(value, 'e', precision - 1, alternate);
  const auto e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(),
                  exponent);
  if (exponent != precision - 1) {
    text = printed(value, 'g', precision, alternate);
    return text.find_first_of(".e") == text.npos ? text + ".0" : text;
  }
  const std::string_view digits = std::string_view(text).substr(0, e);
  if (alternate || digits.find('.') == digits.npos) return text;
  const auto last = digits.find_last_not_of('0');
  return std::string(digits.substr(0, digits[last] == '.' ? last : last + 1)) + text.substr(e);
}

std::string float_digits(double value, const Spec& spec, std::size_t prefix_size) {
  std::string text;
  if (!std::isfinite(value)) {
    text = std::isnan(value) ? "nan" : "inf";
    if (is_one_of(spec.kind, "EFG")) to_upper(text);
    return spec.kind == '%' ? text + '%' : text;
  }
  if (spec.kind == 0 && !spec.precision) {
    append_float(text, value);
  } else if (spec.kind == 0) {
    text = general_digits(value, *spec.precision, spec.alternate);
  } else {
    const bool percent = spec.kind == '%';
    const char kind = percent ? 'f' : spec.kind == 'n' ? 'g' : spec.kind;
    text = printed(percent ? value * 100 : value, kind, spec.precision.value_or(6), spec.alternate);
    if (percent) text += '%';
  }
  if (spec.grouping == 0) return text;
  return grouped(text, std::min(text.find_first_of(".eE%"), text.size()), spec, prefix_size);
}

std::string sign_of(bool negative, const Spec& spec) {
  if (negative) return "-";
  return is_one_of(spec.sign, "+ ") ? std::string(1, spec.sign) : "";
}

void append_integer_field(std::string& out, std::int64_t value, const Spec& spec) {
  std::string prefix = sign_of(value < 0, spec);
  const auto magnitude =
      value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  std::string digits = integer_digits(magnitude, spec, prefix);
  if (spec.precision && digits.size() < static_cast<std::size_t>(*spec.precision)) {
    digits.insert(0, static_cast<std::size_t>(*spec.precision) - digits.size(), '0');
  }
  append_padded(out, prefix, digits, spec, '>');
}

void append_float_field(std::string& out, double value, const Spec& spec) {
  const std::string prefix = sign_of(std::signbit(value) && !std::isnan(value), spec);
  append_padded(out, prefix, float_digits(std::abs(value), spec, prefix.size()), spec, '>');
}

void append_text_field(std::string& out, std::string_view text, const Spec& spec,
                       char usual_align) {
  if (spec.precision) {
    const auto starts = character_starts(text);
    const auto most = static_cast<std::size_t>(*spec.precision);
    if (most < starts.size()) text = text.substr(0, starts[most]);
  }
  append_padded(out, "", text, spec, usual_align);
}

std::string one_character(const Value& value) {
  if (is_text(value) && count_characters(text_of(value)) == 1) return text_of(value);
  if (!is_integral(value)) fail("TypeError", "%c requires int or char");
  const std::int64_t code = integer_of(value);
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    fail("OverflowError", "%c arg not in range(0x110000)");
  }
  std::string text;
  escape::append_utf8(text, static_cast<std::uint32_t>(code));
  return text;
}

// Python's ascii(): the repr, with escapes for characters outside ASCII.
std::string ascii_repr(const Value& value) {
  const std::string text = value.repr();
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const escape::CodePoint point = escape::decode_utf8(rest);
    const std::uint32_t code = point.length == 0 ? 0xFFFD : point.value;
    rest.remove_prefix(std::max<std::size_t>(point.length, 1));
    if (code < 0x80) {
      out += static_cast<char>(code);
      continue;
    }
    const int digits = code < 0x100 ? 2 : code < 0x10000 ? 4 : 8;
    char escaped[16];
    std::snprintf(escaped, sizeof escaped, "\\%c%0*x", "xuU"[digits / 4], digits, code);
    out += escaped;
  }
  return out;
}

// ---- % ------------------------------------------------------------------------------------------

class PercentFormatter {
 public:
  PercentFormatter(std::string_view text, const Value& values) : text_(text), values_(values) {}

  std::string run() {
    while (at_ < text_.size()) {
      const auto percent = std::min(text_.find('%', at_), text_.size());
      out_ += text_.substr(at_, percent - at_);
      at_ = percent;
      if (at_ < text_.size()) field();
    }
    const bool all_used = values_.type() == Type::kTuple
                              ? next_ == items_of(values_).size()
                              : next_ == 1 || values_.type() == Type::kDict || is_list();
    if (!all_used && !named_) {
      fail("TypeError", "not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  bool is_list() const { return values_.type() == Type::kList; }

  const Value& next_value() {
    if (values_.type() == Type::kTuple) {
      const auto& items = items_of(values_);
      if (next_ < items.size()) return items[next_++];
    } else if (next_ == 0) {
      ++next_;
      return values_;
    }
    fail("TypeError", "not enough arguments for format string");
  }

  char peek() const {
    if (at_ >= text_.size()) fail("ValueError", "incomplete format");
    return text_[at_];
  }

  const Value& named_value() {
    const auto close = text_.find(')', at_);
    if (close == text_.npos) fail("ValueError", "incomplete format key");
    const std::string_view name = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    if (values_.type() != Type::kDict) fail("TypeError", "format requires a mapping");
    const Value* found = dict_of(values_).find(name);
    if (found == nullptr) fail("KeyError", Value(name).repr());
    named_ = true;
    return *found;
  }

  int number_or_star() {
    if (peek() != '*') return read_number(text_, at_);
    ++at_;
    const Value& value = next_value();
    if (!is_integral(value) || std::abs(number_of(value)) > kWidest) {
      fail("TypeError", "* wants int");
    }
    return static_cast<int>(integer_of(value));
  }

  void flags(Spec& spec) {
    bool left = false;
    for (;; ++at_) {
      const char c = peek();
      if (c == '-') {
        left = true;
      } else if (c == '+' || (c == ' ' && spec.sign != '+')) {
        spec.sign = c;
      } else if (c == '0') {
        spec.fill = "0";
        spec.align = '=';
      } else if (c == '#') {
        spec.alternate = true;
      } else if (c != ' ') {
        break;
      }
    }
    if (left) {
      spec.align = '<';
      spec.fill = " ";
    }
  }

  void field() {
    ++at_;
    const Value* value = peek() == '(' ? &named_value() : nullptr;
    Spec spec;
    flags(spec);
    spec.width = number_or_star();
    if (spec.width < 0) {
      spec.align = '<';
      spec.width = -spec.width;
    }
    if (peek() == '.') {
      ++at_;
      spec.precision = std::max(number_or_star(), 0);
    }
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++at_;
    spec.kind = peek();
    ++at_;
    if (spec.kind == '%') {
      out_ += '%';
      return;
    }
    convert(value != nullptr ? *value : next_value(), spec);
  }

  void text_field(const std::string& text, Spec spec) {
    if (spec.fill == "0") {
      spec.fill = " ";
      spec.align = '>';
    }
    append_text_field(out_, text, spec, '>');
  }

  void convert(const Value& value, Spec spec) {
    switch (spec.kind) {
      case 's':
        return text_field(value.str(), spec);
      case 'r':
        return text_field(value.repr(), spec);
      case 'a':
        return text_field(ascii_repr(value), spec);
      case 'c':
        return text_field(one_character(value), spec);
      case 'd':
      case 'i':
      case 'u':
        if (!is_number(value)) {
          fail("TypeError",
               "%d format: a real number is required, not " + std::string(value.type_name()));
        }
        return append_integer_field(out_, whole(value), spec);
      case 'x':
      case 'X':
      case 'o':
        if (!is_integral(value)) fail("TypeError", "%x format: an integer is required");
        return append_integer_field(out_, integer_of(value), spec);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!is_number(value)) {
          fail("TypeError", "must be real number, not " + std::string(value.type_name()));
        }
        return append_float_field(out_, number_of(value), spec);
      default:
        fail("ValueError", std::string("unsupported format character '") + spec.kind + "'");
    }
  }

  static std::int64_t whole(const Value& value) {
    if (is_integral(value)) return integer_of(value);
    if (!(std::abs(value.number()) < 9.2e18)) fail("OverflowError", "%d of a float beyond 64 bits");
    return static_cast<std::int64_t>(value.number());
  }

  std::string_view text_;
  const Value& values_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool named_ = false;
};

// ---- {} -----------------------------------------------------------------------------------------

bool is_align(char c) {
  return c == '<' || c == '>' || c == '^' || c == '=';
}

// `zeros` is the alignment that a 0 before the width stands for, unless one is given: for numbers
// the zeros go after the sign.
Spec parse_spec(std::string_view text, char zeros) {
  Spec spec;
  std::size_t at = 0;
  const std::size_t first = std::max<std::size_t>(escape::decode_utf8(text).length, 1);
  const bool has_fill = text.size() > first && is_align(text[first]);
  if (has_fill) {
    spec.fill = text.substr(0, first);
    spec.align = text[first];
    at = first + 1;
  } else if (is_align(text[0])) {
    spec.align = text[0];
    at = 1;
  }
  const auto take = [&](std::string_view one_of) {
    const bool taken = at < text.size() && one_of.find(text[at]) != one_of.npos;
    return taken ? text[at++] : '\0';
  };
  spec.sign = take("+- ");
  spec.alternate = take("#") != 0;
  if (!has_fill && take("0") != 0) {
    spec.fill = "0";
    if (spec.align == 0) spec.align = zeros;
  }
  spec.width = read_number(text, at);
  spec.grouping = take(",_");
  if (take(".") != 0) {
    const std::size_t digits = at;
    spec.precision = read_number(text, at);
    if (at == digits) fail("ValueError", "Format specifier missing precision");
  }
  if (at < text.size()) spec.kind = text[at++];
  if (at != text.size()) fail("ValueError", "Invalid format specifier");
  return spec;
}

constexpr std::string_view kFloatKinds = "eEfFgG%";

[[noreturn]] void unknown_kind(const Spec& spec, const Value& value) {
  fail("ValueError", std::string("Unknown format code '") + spec.kind + "' for object of type '" +
                         std::string(value.type_name()) + "'");
}

[[noreturn]] void not_with(std::string what, char kind) {
  fail("ValueError", "Cannot specify '" + std::move(what) + "' with '" + kind + "'.");
}

// Rejects options that make no sense for a str.
void check_text_spec(const Spec& spec, const Value& value) {
  if (spec.kind != 0 && spec.kind != 's') unknown_kind(spec, value);
  if (spec.grouping != 0) not_with(std::string(1, spec.grouping), 's');
  if (spec.sign != 0) fail("ValueError", "Sign not allowed in string format specifier");
  if (spec.alternate) {
    fail("ValueError", "Alternate form (#) not allowed in string format specifier");
  }
  if (spec.align == '=') {
    fail("ValueError", "'=' alignment not allowed in string format specifier");
  }
}

// The same for an int that is shown as one.
void check_integer_spec(const Spec& spec, const Value& value) {
  if (spec.kind != 0 && !is_one_of(spec.kind, "bcdnoxX")) unknown_kind(spec, value);
  if (spec.precision) fail("ValueError", "Precision not allowed in integer format specifier");
  const std::string_view ungrouped = spec.grouping == ',' ? "bcnoxX" : "cn";
  if (spec.grouping != 0 && is_one_of(spec.kind, ungrouped)) {
    not_with(std::string(1, spec.grouping), spec.kind);
  }
  if (spec.kind != 'c') return;
  if (spec.sign != 0) fail("ValueError", "Sign not allowed with integer format specifier 'c'");
  if (spec.alternate) {
    fail("ValueError", "Alternate form (#) not allowed with integer format specifier 'c'");
  }
}

class BraceFormatter {
 public:
  BraceFormatter(std::string_view text, const Arguments& arguments)
      : text_(text), arguments_(arguments) {}

  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      const bool doubled = at_ < text_.size() && text_[at_] == c;
      if (c != '{' && c != '}') {
        out_ += c;
      } else if (doubled) {
        out_ += c;
        ++at_;
      } else if (c == '}') {
        fail("ValueError", "Single '}' encountered in format string");
      } else {
        field();
      }
    }
    return std::move(out_);
  }

 private:
  void field() {
    std::size_t close = at_;
    for (int depth = 1;; ++close) {
      if (close >= text_.size()) fail("ValueError", "expected '}' before end of string");
      if (text_[close] == '{') ++depth;
      if (text_[close] == '}' && --depth == 0) break;
    }
    const std::string_view inside = text_.substr(at_, close - at_);
    at_ = close + 1;
    const auto colon = inside.find(':');
    const Value value = converted(inside.substr(0, colon));
    if (colon == inside.npos) {
      out_ += value.str();
    } else {
      out_ += format_value(value, filled_in(inside.substr(colon + 1)));
    }
  }

  // Expands the fields inside a format specification: "{:{width}}".
  std::string filled_in(std::string_view spec) {
    std::string out;
    for (auto open = spec.find('{'); open != spec.npos; open = spec.find('{')) {
      const auto close = spec.find('}', open);
      const std::string_view inside = spec.substr(open + 1, close - open - 1);
      if (inside.find('{') != inside.npos) fail("ValueError", "Max string recursion exceeded");
      const auto colon = inside.find(':');
      out += spec.substr(0, open);
      out += format_value(converted(inside.substr(0, colon)),
                          colon == inside.npos ? std::string_view() : inside.substr(colon + 1));
      spec.remove_prefix(close + 1);
    }
    return out.append(spec);
  }

  // The value of a field, after a conversion such as "!r".
  Value converted(std::string_view field) {
    char conversion = 0;
    if (const auto mark = field.find('!'); mark != field.npos) {
      conversion = mark + 1 < field.size() ? field[mark + 1] : '?';
      field = field.substr(0, mark);
    }
    const Value value = lookup(field);
    if (conversion == 'r') return value.repr();
    if (conversion == 'a') return ascii_repr(value);
    if (conversion == 's') return value.str();
    if (conversion != 0) fail("ValueError", "Unknown conversion specifier");
    return value;
  }

  Value positional(std::size_t index) const {
    if (index < arguments_.positional.size()) return arguments_.positional[index];
    fail("IndexError",
         "Replacement index " + std::to_string(index) + " out of range for positional args tuple");
  }

  Value first(std::string_view name) {
    if (name.empty()) return positional(automatic_++);
    std::size_t at = 0;
    if (name[0] >= '0' && name[0] <= '9') {
      return positional(static_cast<std::size_t>(read_number(name, at)));
    }
    const Value* found = arguments_.find(name);
    if (found == nullptr) fail("KeyError", Value(name).repr());
    return *found;
  }

  // A name, then any number of .attribute and [key].
  Value lookup(std::string_view field) {
    const auto end = std::min(field.find_first_of(".["), field.size());
    Value value = first(field.substr(0, end));
    field.remove_prefix(end);
    while (!field.empty()) {
      if (field[0] == '.') {
        const auto next = std::min(field.find_first_of(".[", 1), field.size());
        value = attribute(value, field.substr(1, next - 1));
        field.remove_prefix(next);
        continue;
      }
      const auto close = field.find(']');
      if (field[0] != '[' || close == field.npos)
        fail("ValueError", "Missing ']' in format string");
      const std::string_view key = field.substr(1, close - 1);
      std::size_t at = 0;
      const bool number = !key.empty() && key.find_first_not_of("0123456789") == key.npos;
      value = item(value, number ? Value(read_number(key, at)) : Value(key));
      field.remove_prefix(close + 1);
    }
    return value;
  }

  std::string_view text_;
  const Arguments& arguments_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t automatic_ = 0;
};

}  // namespace

std::string percent_format(std::string_view text, const Value& values) {
  return PercentFormatter(text, values).run();
}

std::string brace_format(std::string_view text, const Arguments& arguments) {
  return BraceFormatter(text, arguments).run();
}

std::string format_value(const Value& value, std::string_view text) {
  if (text.empty()) return value.str();
  if (object_as<TimeObject>(value) != nullptr) {
    Arguments arguments;
    arguments.positional.emplace_back(text);
    return attribute(value, "strftime").call(arguments).str();
  }
  if (!is_number(value) && !is_text(value)) {
    fail("TypeError",
         "unsupported format string passed to " + std::string(value.type_name()) + ".__format__");
  }
  const Spec spec = parse_spec(text, is_text(value) ? '<' : '=');
  std::string out;
  if (is_text(value)) {
    check_text_spec(spec, value);
    append_text_field(out, text_of(value), spec, '<');
  } else if (is_integral(value) && !is_one_of(spec.kind, kFloatKinds)) {
    check_integer_spec(spec, value);
    if (spec.kind == 'c') {
      append_padded(out, "", one_character(value), spec, '>');
    } else {
      append_integer_field(out, integer_of(value), spec);
    }
  } else {
    if (spec.kind != 0 && spec.kind != 'n' && !is_one_of(spec.kind, kFloatKinds)) {
      unknown_kind(spec, value);
    }
    if (spec.grouping != 0 && spec.kind == 'n') not_with(std::string(1, spec.grouping), 'n');
    append_float_field(out, number_of(value), spec);
  }
  return out;
}

}  // namespace tornado::template_::detail
