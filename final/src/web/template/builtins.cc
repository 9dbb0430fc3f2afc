#include "web/template/builtins.h"

#include <fmt/format.h>
#include <tornado/escape.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "base/text/unicode.h"
#include "base/text/xhtml_escape.h"
#include "web/template/arguments.h"
#include "web/template/datetime.h"
#include "web/template/operations.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

Value call_one(const Value& function, const Value& argument) {
  Arguments arguments;
  arguments.positional.push_back(argument);
  return function.call(arguments);
}

// ---- numbers ------------------------------------------------------------------------------------

Value builtin_abs(const Value& value) {
  return less(value, 0) ? negate(value) : value;
}

std::int64_t to_integer(double value) {
  if (std::isnan(value)) fail("ValueError", "cannot convert float NaN to integer");
  if (!(std::abs(value) < 9.2e18)) fail("OverflowError", "int beyond 64 bits");
  return static_cast<std::int64_t>(value);
}

// Reads a whole text as a number, with white space around it.
template <class Number>
Number parse_number(const Value& value, const std::string& problem) {
  std::string_view text = escape::strip_unicode(value.get<std::string_view>());
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error == std::errc::result_out_of_range) fail("OverflowError", "a number beyond 64 bits");
  if (error != std::errc() || end != text.data() + text.size()) {
    fail("ValueError", problem + value.repr());
  }
  return result;
}

std::int64_t builtin_int(const Value& value) {
  if (is_integral(value)) return integer_of(value);
  if (value.type() == Type::kFloat) return to_integer(value.number());
  return parse_number<std::int64_t>(value, "invalid literal for int() with base 10: ");
}

double builtin_float(const Value& value) {
  if (is_number(value)) return number_of(value);
  return parse_number<double>(value, "could not convert string to float: ");
}

// Rounds half to the even neighbour, as Python does; decimals are rounded as they are printed.
Value builtin_round(const Value& value, std::optional<int> digits) {
  if (digits && (*digits < 0 || *digits > 300)) fail("ValueError", "round() needs 0 to 300 digits");
  if (is_integral(value)) return value;
  const double number = value.get<double>();
  if (!digits) return to_integer(std::nearbyint(number));
  return builtin_float(fmt::format("{:.{}f}", number, *digits));
}

Value builtin_sum(const Value& items, const std::optional<Value>& start) {
  Value total = start.value_or(0);
  for (const Value& item : to_items(items)) total = binary(Operator::kAdd, total, item);
  return total;
}

// ---- sequences ----------------------------------------------------------------------------------

Value builtin_range(std::int64_t start, std::optional<std::int64_t> stop,
                    std::optional<std::int64_t> step) {
  const std::int64_t by = step.value_or(1);
  if (by == 0) fail("ValueError", "range() arg 3 must not be zero");
  const std::int64_t end = stop.value_or(start);
  if (!stop) start = 0;
  const double count =
      (static_cast<double>(end) - static_cast<double>(start)) / static_cast<double>(by);
  check_length(static_cast<std::uint64_t>(std::clamp(count * sizeof(Value), 0.0, 1e18)));
  std::vector<Value> numbers;
  for (std::int64_t at = start; by > 0 ? at < end : at > end;) {
    numbers.emplace_back(at);
    if (__builtin_add_overflow(at, by, &at)) break;
  }
  return Value::list(std::move(numbers));
}

Value builtin_list(const std::optional<Value>& items) {
  return Value::list(items ? to_items(*items) : std::vector<Value>());
}

Value builtin_tuple(const std::optional<Value>& items) {
  return Value::tuple(items ? to_items(*items) : std::vector<Value>());
}

// dict(a=1), dict(another), dict([("a", 1)])
Value builtin_dict(const Arguments& arguments) {
  if (arguments.positional.size() > 1) fail("TypeError", "dict() takes at most 1 argument");
  std::vector<Value::Pair> items;
  for (const Value& from : arguments.positional) {
    if (from.type() == Type::kDict) {
      items = dict_of(from).items();
      continue;
    }
    for (const Value& pair : to_items(from)) {
      const std::vector<Value> both = to_items(pair);
      if (both.size() != 2) fail("ValueError", "dict() needs pairs");
      items.emplace_back(both[0], both[1]);
    }
  }
  for (const auto& [name, value] : arguments.keywords) items.emplace_back(Value(name), value);
  return Value::dict(std::move(items));
}

Value builtin_enumerate(const Arguments& arguments) {
  const Parameters given(arguments, "enumerate", 2);
  std::int64_t number = given.integer_or(1, 0, "start");
  std::vector<Value> pairs;
  for (Value& item : to_items(given.at(0))) {
    pairs.push_back(Value::tuple({Value(number++), std::move(item)}));
  }
  return Value::list(std::move(pairs));
}

Value builtin_zip(const Arguments& arguments) {
  std::vector<std::vector<Value>> columns;
  for (const Value& column : arguments.positional) columns.push_back(to_items(column));
  std::vector<Value> rows;
  for (std::size_t row = 0; !columns.empty(); ++row) {
    std::vector<Value> cells;
    for (const auto& column : columns) {
      if (row == column.size()) return Value::list(std::move(rows));
      cells.push_back(column[row]);
    }
    rows.push_back(Value::tuple(std::move(cells)));
  }
  return Value::list(std::move(rows));
}

Value builtin_reversed(const Value& sequence) {
  std::vector<Value> items = to_items(sequence);
  std::reverse(items.begin(), items.end());
  return Value::list(std::move(items));
}

// Stable, and safe with an inconsistent order, such as NaN's; std::sort is not.
template <class Less>
void merge_sort(std::vector<Value::Pair>& items, const Less& before) {
  std::vector<Value::Pair> other(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t start = 0; start < items.size(); start += 2 * width) {
      const std::size_t middle = std::min(start + width, items.size());
      const std::size_t end = std::min(middle + width, items.size());
      std::size_t left = start;
      std::size_t right = middle;
      for (std::size_t to = start; to < end; ++to) {
        const bool take_right =
            left == middle || (right < end && before(items[right], items[left]));
        other[to] = std::move(items[take_right ? right++ : left++]);
      }
    }
    items.swap(other);
  }
}

// Returns each item with the value that the argument `key` gives it.
std::vector<Value::Pair> ranked(const std::vector<Value>& items, const Arguments& arguments) {
  const Value* key = arguments.find("key");
  std::vector<Value::Pair> pairs;
  for (const Value& item : items) {
    pairs.emplace_back(key == nullptr || key->is_none() ? item : call_one(*key, item), item);
  }
  return pairs;
}

Value builtin_sorted(const Arguments& arguments) {
  if (arguments.positional.size() != 1) fail("TypeError", "sorted expected 1 argument");
  std::vector<Value::Pair> pairs = ranked(to_items(arguments.positional[0]), arguments);
  const Value* reverse = arguments.find("reverse");
  const bool down = reverse != nullptr && reverse->truth();
  merge_sort(pairs, [down](const Value::Pair& a, const Value::Pair& b) {
    return down ? less(b.first, a.first) : less(a.first, b.first);
  });
  std::vector<Value> items;
  for (Value::Pair& pair : pairs) items.push_back(std::move(pair.second));
  return Value::list(std::move(items));
}

// max() and min(), of the arguments or of the items of the only one.
template <bool Biggest>
Value builtin_extreme(const Arguments& arguments) {
  const auto& given = arguments.positional;
  std::vector<Value::Pair> pairs =
      ranked(given.size() == 1 ? to_items(given[0]) : given, arguments);
  if (pairs.empty()) {
    if (const Value* fallback = arguments.find("default")) return *fallback;
    fail("ValueError", "max() and min() of nothing");
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    const Value& known = pairs[best].first;
    if (Biggest ? less(known, pairs[i].first) : less(pairs[i].first, known)) best = i;
  }
  return pairs[best].second;
}

bool builtin_any(const Value& items) {
  const std::vector<Value> all = to_items(items);
  return std::any_of(all.begin(), all.end(), [](const Value& item) { return item.truth(); });
}

bool builtin_all(const Value& items) {
  const std::vector<Value> all = to_items(items);
  return std::all_of(all.begin(), all.end(), [](const Value& item) { return item.truth(); });
}

// ---- Tornado's ----------------------------------------------------------------------------------

Value builtin_xhtml_escape(const Arguments& arguments) {
  std::string out;
  escape::append_xhtml_escaped(out, Parameters(arguments, "xhtml_escape", 1).text(0, "value"));
  return out;
}

Value builtin_url_escape(const Arguments& arguments) {
  const Parameters given(arguments, "url_escape", 2);
  return escape::url_escape(given.text(0, "value"), given.flag_or(1, true, "plus"));
}

Value builtin_linkify(const Arguments& arguments) {
  const Parameters given(arguments, "linkify", 5);
  escape::LinkifyOptions options;
  options.shorten = given.flag_or(1, options.shorten, "shorten");
  const Value* params = given.find(2, "extra_params");
  if (params != nullptr && !is_text(*params)) {
    options.extra_params_of = [params](std::string_view url) {
      return call_one(*params, url).get<std::string>();
    };
  } else if (params != nullptr) {
    options.extra_params = text_of(*params);
  }
  options.require_protocol = given.flag_or(3, options.require_protocol, "require_protocol");
  if (const Value* value = given.find(4, "permitted_protocols")) {
    options.permitted_protocols = value->get<std::vector<std::string>>();
  }
  return escape::linkify(given.text(0, "text"), options);
}

// ---- the tables ---------------------------------------------------------------------------------

using Table = std::unordered_map<std::string_view, Value>;

Table make_builtins() {
  const Value xhtml_escape = &builtin_xhtml_escape;
  return {{"abs", &builtin_abs},
          {"all", &builtin_all},
          {"any", &builtin_any},
          {"bool", [](const Value& value) { return value.truth(); }},
          {"datetime", datetime_module()},
          {"dict", &builtin_dict},
          {"enumerate", &builtin_enumerate},
          {"escape", xhtml_escape},
          {"float", &builtin_float},
          {"int", &builtin_int},
          {"json_encode", &json_text},
          {"len", &length},
          {"linkify", &builtin_linkify},
          {"list", &builtin_list},
          {"max", &builtin_extreme<true>},
          {"min", &builtin_extreme<false>},
          {"range", &builtin_range},
          {"repr", [](const Value& value) { return value.repr(); }},
          {"reversed", &builtin_reversed},
          {"round", &builtin_round},
          {"sorted", &builtin_sorted},
          {"squeeze", &escape::squeeze},
          {"str", [](const Value& value) { return value.str(); }},
          {"sum", &builtin_sum},
          {"tuple", &builtin_tuple},
          {"url_escape", &builtin_url_escape},
          {"xhtml_escape", xhtml_escape},
          {"zip", &builtin_zip}};
}

Table make_modules() {
  return {{"datetime", datetime_module()},
          {"json", Value::dict({{"dumps", &json_text}, {"loads", &parse_json}})}};
}

const Value* look_up(const Table& table, std::string_view name) {
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace

const Value* find_builtin(std::string_view name) {
  thread_local const Table table = make_builtins();
  return look_up(table, name);
}

const Value* find_module(std::string_view name) {
  thread_local const Table table = make_modules();
  return look_up(table, name);
}

bool is_xhtml_escape(const Value& function) {
  thread_local const Body* const known = find_builtin("xhtml_escape")->body();
  return function.type() == Type::kObject && function.body() == known;
}

}  // namespace tornado::template_::detail
