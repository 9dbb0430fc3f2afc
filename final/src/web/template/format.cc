#include "web/template/format.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "web/template/datetime.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

[[noreturn]] void refuse_format(std::string_view format, std::string_view why) {
  fail("ValueError", "the format '" + std::string(format) + "': " + std::string(why));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Returns the value as fmt's "{:SPEC}" shows it; without a specification, as Python's str() does.
std::string formatted(const Value& value, std::string_view spec) {
  if (spec.empty()) return value.str();
  if (const auto* time = object_as<DatetimeObject>(value)) return time->strftime(spec);
  constexpr std::size_t kMostDigits = 4;
  for (auto at = spec.begin(); at != spec.end();) {
    at = std::find_if(at, spec.end(), is_digit);
    const auto end = std::find_if_not(at, spec.end(), is_digit);
    if (static_cast<std::size_t>(end - at) > kMostDigits) refuse_format(spec, "wider than 9999");
    at = end;
  }
  if (spec.back() == 'c') refuse_format(spec, "a number is not a character");
  const std::string pattern = "{:" + std::string(spec) + "}";
  try {
    if (is_text(value)) return fmt::format(fmt::runtime(pattern), text_of(value));
    const bool as_float = std::string_view("eEfFgG").find(spec.back()) != spec.npos;
    if (is_integral(value) && !as_float) {
      return fmt::format(fmt::runtime(pattern), integer_of(value));
    }
    if (is_number(value)) return fmt::format(fmt::runtime(pattern), number_of(value));
  } catch (const fmt::format_error&) {  // its text depends on fmt's version
    refuse_format(spec, "invalid for a value of type " + std::string(value.type_name()));
  }
  fail("TypeError", "the format '" + std::string(spec) + "' is for numbers, text and times, not " +
                        std::string(value.type_name()));
}

}  // namespace

// An argument of str.format().
struct Shown {
  Value value;
};

// ---- % ------------------------------------------------------------------------------------------

namespace {

// A field of a text for %, and what fmt calls it.
struct PercentField {
  bool has_name = false;
  std::string_view name;
  std::string spec;
  char kind = 0;
};

class PercentReader {
 public:
  explicit PercentReader(std::string_view text) : text_(text) {}

  // Appends the text before the next field to `out`. Returns false if no field follows.
  bool next(std::string& out, PercentField& field) {
    for (;;) {
      const auto percent = std::min(text_.find('%', at_), text_.size());
      out += text_.substr(at_, percent - at_);
      at_ = percent;
      if (at_ == text_.size()) return false;
      if (text_.substr(at_, 2) != "%%") break;
      out += '%';
      at_ += 2;
    }
    field = read();
    return true;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view take_while(const auto& test) {
    const std::size_t start = at_;
    while (at_ < text_.size() && test(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  PercentField read() {
    const std::size_t start = at_++;
    PercentField field;
    if (peek() == '(') {
      ++at_;
      field.has_name = true;
      field.name = take_while([](char c) { return c != ')'; });
      ++at_;
    }
    const auto flags = take_while([](char c) { return c == '-' || c == '+' || c == '0'; });
    const auto has = [flags](char c) { return flags.find(c) != flags.npos; };
    const auto width = take_while([](char c) { return is_digit(c) || c == '.'; });
    field.kind = peek();
    ++at_;
    const bool is_text = field.kind == 's';
    if (std::string_view("sdifFeEgGxXo").find(field.kind) == text_.npos || field.kind == 0) {
      refuse_format(text_.substr(start, at_ - start),
                    "use %s %d %f %e %g %x %o with - + 0, a width and a precision");
    }
    if (has('-') || (is_text && !width.empty())) field.spec += has('-') ? '<' : '>';
    if (has('+') && !is_text) field.spec += '+';
    if (has('0') && !has('-') && !is_text) field.spec += '0';
    field.spec += width;
    if (!is_text) field.spec += field.kind == 'i' ? 'd' : field.kind;
    return field;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Converts the value to the type that the field's letter asks for.
Value for_field(const Value& value, char kind) {
  if (kind == 's') return value.str();
  if (!is_number(value)) {
    fail("TypeError",
         std::string("%") + kind + " needs a number, not " + std::string(value.type_name()));
  }
  if (std::string_view("dixXo").find(kind) == std::string_view::npos) return number_of(value);
  if (is_integral(value)) return integer_of(value);
  if (!(std::abs(value.number()) < 9.2e18)) fail("OverflowError", "an int beyond 64 bits");
  return static_cast<std::int64_t>(value.number());
}

}  // namespace

std::string percent_format(std::string_view text, const Value& values) {
  const bool is_tuple = values.type() == Type::kTuple;
  const bool is_dict = values.type() == Type::kDict;
  const std::size_t count = is_tuple ? items_of(values).size() : 1;
  PercentReader reader(text);
  PercentField field;
  std::string out;
  std::size_t used = 0;
  while (reader.next(out, field)) {
    const Value* value = nullptr;
    if (field.has_name) {
      if (!is_dict) fail("TypeError", "format requires a mapping");
      value = dict_of(values).find(field.name);
      if (value == nullptr) fail("KeyError", Value(field.name).repr());
    } else {
      if (used == count) fail("TypeError", "not enough arguments for format string");
      value = is_tuple ? &items_of(values)[used] : &values;
      ++used;
    }
    out += formatted(for_field(*value, field.kind), field.spec);
  }
  if (used < count && !is_dict) {
    fail("TypeError", "not all arguments converted during string formatting");
  }
  return out;
}

void check_percent_format(std::string_view text) {
  PercentReader reader(text);
  PercentField field;
  std::string out;
  while (reader.next(out, field)) continue;
}

}  // namespace tornado::template_::detail

// ---- {} -----------------------------------------------------------------------------------------

template <>
struct fmt::formatter<tornado::template_::detail::Shown> {
  const char* parse(fmt::format_parse_context& context) {
    const char* end = std::find(context.begin(), context.end(), '}');
    spec = std::string_view(context.begin(), static_cast<std::size_t>(end - context.begin()));
    return end;
  }
  auto format(const tornado::template_::detail::Shown& shown, fmt::format_context& context) const {
    const std::string text = tornado::template_::detail::formatted(shown.value, spec);
    return std::copy(text.begin(), text.end(), context.out());
  }

  std::string_view spec;
};

namespace tornado::template_::detail {

std::string brace_format(std::string_view text, const Arguments& arguments) {
  fmt::dynamic_format_arg_store<fmt::format_context> values;
  for (const Value& value : arguments.positional) values.push_back(Shown{value});
  for (const auto& [name, value] : arguments.keywords) {
    values.push_back(fmt::arg(name.c_str(), Shown{value}));
  }
  try {
    return fmt::vformat(text, values);
  } catch (const fmt::format_error& error) {
    refuse_format(text, error.what());
  }
}

void check_brace_format(std::string_view text) {
  for (std::size_t at = 0; (at = text.find('{', at)) != text.npos;) {
    if (text.substr(at, 2) == "{{") {
      at += 2;
      continue;
    }
    const std::size_t end = std::min(text.find('}', at), text.size());
    const std::string_view field = text.substr(at + 1, end - at - 1);
    const std::string_view name = field.substr(0, field.find(':'));
    if (name.find_first_of(".[!") != name.npos) {
      refuse_format(text, "a field is a name or a number; give format() the part itself");
    }
    if (field.find('{') != field.npos) refuse_format(text, "a width is a number, not a field");
    at = end;
  }
}

}  // namespace tornado::template_::detail
