#include "base/options/value.h"

#include <fmt/format.h>

#include <limits>

#include "base/options/time.h"
#include "base/text/ascii.h"
#include "base/text/number_text.h"

namespace tornado::options {
namespace {

template <typename T>
struct ElementOf {
  using Type = T;
};
template <typename T>
struct ElementOf<std::vector<T>> {
  using Type = T;
};

template <typename T>
constexpr std::string_view kTypeName = "";
template <>
constexpr std::string_view kTypeName<bool> = "bool";
template <>
constexpr std::string_view kTypeName<int> = "int";
template <>
constexpr std::string_view kTypeName<std::int64_t> = "int64";
template <>
constexpr std::string_view kTypeName<double> = "double";
template <>
constexpr std::string_view kTypeName<std::string> = "string";
template <>
constexpr std::string_view kTypeName<DateTime> = "datetime";
template <>
constexpr std::string_view kTypeName<TimeDelta> = "timedelta";

template <typename T>
constexpr bool kIsInteger = kIsOneOf<T, int, std::int64_t>;

template <typename T>
T in_range(std::int64_t number) {
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
    throw Error(fmt::format("{} does not fit an {}", number, kTypeName<T>));
  }
  return static_cast<T>(number);
}

template <typename T>
T parse_integer(std::string_view text) {
  const auto number = parse_number<std::int64_t>(digits_of(text));
  if (!number) throw Error(fmt::format("not an {}: \"{}\"", kTypeName<T>, text));
  return in_range<T>(*number);
}

bool parse_bool(std::string_view text) {
  const std::string lower = lower_case(text);
  return lower != "false" && lower != "0" && lower != "f";
}

template <typename T>
T parse_scalar(std::string_view text) {
  if constexpr (std::is_same_v<T, bool>) {
    return parse_bool(text);
  } else if constexpr (kIsInteger<T>) {
    return parse_integer<T>(text);
  } else if constexpr (std::is_same_v<T, double>) {
    return parse_float(text);
  } else if constexpr (std::is_same_v<T, DateTime>) {
    return parse_datetime(text);
  } else if constexpr (std::is_same_v<T, TimeDelta>) {
    return parse_timedelta(text);
  } else {
    return std::string(text);
  }
}

// Parses "5" or "1:3", both ends included. "5:" means "5".
template <typename T>
void append_range(std::vector<T>& out, std::string_view text) {
  const auto colon = text.find(':');
  const T low = parse_integer<T>(text.substr(0, colon));
  const bool single = colon == text.npos || colon + 1 == text.size();
  const T high = single ? low : parse_integer<T>(text.substr(colon + 1));
  if (high < low) return;
  // Unsigned, because the difference of two integers may overflow their own type.
  const auto count = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (count >= static_cast<std::uint64_t>(kMaxRange)) {
    throw Error(fmt::format("range \"{}\" has more than {} numbers", text, kMaxRange));
  }
  for (std::uint64_t i = 0; i <= count; ++i) out.push_back(static_cast<T>(low + static_cast<T>(i)));
}

template <typename T>
std::vector<T> parse_list(std::string_view text) {
  std::vector<T> items;
  for (;;) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    if constexpr (kIsInteger<T>) {
      append_range(items, part);
    } else {
      items.push_back(parse_scalar<T>(part));
    }
    if (comma == text.npos) return items;
    text.remove_prefix(comma + 1);
  }
}

template <typename T>
T scalar_from(const Literal& literal) {
  if constexpr (kIsOneOf<T, bool, double, std::string>) {
    if (const T* same = std::get_if<T>(&literal.value)) return *same;
  }
  if (const auto* text = std::get_if<std::string>(&literal.value)) return parse_scalar<T>(*text);
  if (const auto* number = std::get_if<std::int64_t>(&literal.value)) {
    if constexpr (kIsInteger<T>) return in_range<T>(*number);
    if constexpr (std::is_same_v<T, double>) return static_cast<double>(*number);
  }
  throw Error(fmt::format("must have type {}, not {}", kTypeName<T>, type_name(literal)));
}

template <typename T>
std::string scalar_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (kIsOneOf<T, DateTime, TimeDelta>) {
    return to_text(value);
  } else {
    return fmt::format("{}", value);
  }
}

}  // namespace

std::string type_name(const Value& value) {
  return std::visit(
      [](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        const std::string name(kTypeName<typename ElementOf<T>::Type>);
        return kIsMultipleOption<T> ? "list of " + name : name;
      },
      value);
}

std::string type_name(const Literal& literal) {
  constexpr const char* kNames[] = {"None", "bool", "int", "double", "string", "list"};
  return kNames[literal.value.index()];
}

bool is_bool(const Value& value) {
  return std::holds_alternative<bool>(value);
}

Value parse_value(const Value& prototype, std::string_view text) {
  return std::visit(
      [text](const auto& v) -> Value {
        using T = std::decay_t<decltype(v)>;
        if constexpr (kIsMultipleOption<T>) {
          return parse_list<typename T::value_type>(text);
        } else {
          return parse_scalar<T>(text);
        }
      },
      prototype);
}

Value value_from(const Value& prototype, const Literal& literal) {
  return std::visit(
      [&](const auto& v) -> Value {
        using T = std::decay_t<decltype(v)>;
        if constexpr (kIsMultipleOption<T>) {
          using Item = typename T::value_type;
          if (const auto* text = std::get_if<std::string>(&literal.value))
            return parse_list<Item>(*text);
          const auto* list = std::get_if<Literal::List>(&literal.value);
          if (!list) {
            throw Error(
                fmt::format("must be a list of {} or a comma-separated string", kTypeName<Item>));
          }
          T items;
          for (const Literal& item : *list) items.push_back(scalar_from<Item>(item));
          return items;
        } else {
          return scalar_from<T>(literal);
        }
      },
      prototype);
}

std::string to_text(const Value& value) {
  return std::visit(
      [](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (kIsMultipleOption<T>) {
          std::string text;
          for (const typename T::value_type& item : v)
            text += (text.empty() ? "" : ",") + scalar_text(item);
          return text;
        } else {
          return scalar_text(v);
        }
      },
      value);
}

}  // namespace tornado::options
