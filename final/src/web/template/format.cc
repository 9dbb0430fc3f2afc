#include "web/template/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/number_text.h"
#include "base/unicode.h"
#include "web/template/bodies.h"
#include "web/template/operations.h"
#include "web/template/text.h"

namespace tornado::template_::detail {
namespace {

constexpr int kWidest = 1 << 16;  // more is a mistake

// What both kinds of format say of one field.
struct Spec {
  char fill = ' ';
  char align = 0;  // < > ^ =
  char sign = '-';
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
  out.append(left, spec.fill);
  out += prefix;
  if (align == '=') out.append(space, spec.fill);
  out += body;
  if (align != '=') out.append(space - left, spec.fill);
}

std::string grouped(std::string digits, char separator) {
  auto end = std::min(digits.find_first_of(".e"), digits.size());
  for (auto at = end; at > 3; at -= 3) digits.insert(at - 3, 1, separator);
  return digits;
}

std::string integer_digits(std::uint64_t value, const Spec& spec, std::string& prefix) {
  int base = 10;
  if (spec.kind == 'x' || spec.kind == 'X') base = 16;
  if (spec.kind == 'o') base = 8;
  if (spec.kind == 'b') base = 2;
  char digits[72];
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
  if (spec.alternate && base != 10) prefix += std::string("0") + spec.kind;
  if (spec.kind == 'X')
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return spec.grouping != 0 ? grouped(std::move(text), spec.grouping) : text;
}

std::string float_digits(double value, const Spec& spec) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : "inf";
  std::string text;
  if (spec.kind == 0 && !spec.precision) {
    append_float(text, value);
  } else {
    char kind = spec.kind == 0 ? 'g' : spec.kind;
    const bool percent = kind == '%';
    if (percent) kind = 'f';
    const char pattern[] = {'%', '.', '*', kind, 0};
    const int precision = spec.precision.value_or(6);
    const double shown = percent ? value * 100 : value;
    const int size = std::snprintf(nullptr, 0, pattern, precision, shown);
    text.resize(static_cast<std::size_t>(size) + 1);
    std::snprintf(text.data(), text.size(), pattern, precision, shown);
    text.pop_back();
    if (percent) text += '%';
  }
  return spec.grouping != 0 ? grouped(std::move(text), spec.grouping) : text;
}

std::string sign_of(bool negative, const Spec& spec) {
  if (negative) return "-";
  return spec.sign == '-' ? "" : std::string(1, spec.sign);
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
  append_padded(out, sign_of(std::signbit(value) && !std::isnan(value), spec),
                float_digits(std::abs(value), spec), spec, '>');
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
  const std::int64_t code = is_integral(value) ? integer_of(value) : -1;
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    fail("TypeError", "%c requires int or char");
  }
  std::string text;
  escape::append_utf8(text, static_cast<std::uint32_t>(code));
  return text;
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
        spec.fill = '0';
        spec.align = '=';
      } else if (c == '#') {
        spec.alternate = true;
      } else if (c != ' ') {
        break;
      }
    }
    if (left) {
      spec.align = '<';
      spec.fill = ' ';
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
    if (spec.fill == '0') {
      spec.fill = ' ';
      spec.align = '>';
    }
    append_text_field(out_, text, spec, '>');
  }

  void convert(const Value& value, Spec spec) {
    switch (spec.kind) {
      case 's':
        return text_field(value.str(), spec);
      case 'r':
      case 'a':
        return text_field(value.repr(), spec);
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

Spec parse_spec(std::string_view text) {
  Spec spec;
  std::size_t at = 0;
  if (text.size() > 1 && is_align(text[1])) {
    spec.fill = text[0];
    spec.align = text[1];
    at = 2;
  } else if (!text.empty() && is_align(text[0])) {
    spec.align = text[0];
    at = 1;
  }
  const auto take = [&](char c) {
    return at < text.size() && text[at] == c ? (++at, true) : false;
  };
  for (const char c : {'+', '-', ' '}) {
    if (take(c)) spec.sign = c;
  }
  spec.alternate = take('#');
  if (take('0') && spec.align == 0) {
    spec.fill = '0';
    spec.align = '=';
  }
  spec.width = read_number(text, at);
  for (const char c : {',', '_'}) {
    if (take(c)) spec.grouping = c;
  }
  if (take('.')) spec.precision = read_number(text, at);
  if (at < text.size()) spec.kind = text[at++];
  if (at != text.size()) fail("ValueError", "Invalid format specifier");
  return spec;
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
    const auto close = text_.find('}', at_);
    if (close == text_.npos) fail("ValueError", "expected '}' before end of string");
    std::string_view field = text_.substr(at_, close - at_);
    at_ = close + 1;
    const auto colon = field.find(':');
    const std::string_view spec =
        colon == field.npos ? std::string_view() : field.substr(colon + 1);
    field = field.substr(0, colon);
    char conversion = 0;
    if (const auto mark = field.find('!'); mark != field.npos) {
      conversion = mark + 1 < field.size() ? field[mark + 1] : '?';
      field = field.substr(0, mark);
    }
    Value value = lookup(field);
    if (conversion == 'r' || conversion == 'a') {
      value = value.repr();
    } else if (conversion == 's') {
      value = value.str();
    } else if (conversion != 0) {
      fail("ValueError", "Unknown conversion specifier");
    }
    out_ += format_value(value, spec);
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

  // name, then .attribute and [key] as often as there are.
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

bool is_float_kind(char kind) {
  return kind != 0 && std::string_view("eEfFgG%").find(kind) != std::string_view::npos;
}

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
  const Spec spec = parse_spec(text);
  std::string out;
  if (value.type() == Type::kBool && spec.kind == 0) {
    append_text_field(out, value.str(), spec, '<');
  } else if (spec.kind == 'c') {
    append_text_field(out, one_character(value), spec, '<');
  } else if (is_integral(value) && !is_float_kind(spec.kind)) {
    append_integer_field(out, integer_of(value), spec);
  } else if (is_number(value)) {
    append_float_field(out, number_of(value), spec);
  } else if (spec.kind == 0 || spec.kind == 's') {
    append_text_field(out, value.str(), spec, '<');
  } else {
    fail("ValueError", std::string("Unknown format code '") + spec.kind + "' for object of type '" +
                           std::string(value.type_name()) + "'");
  }
  return out;
}

}  // namespace tornado::template_::detail
