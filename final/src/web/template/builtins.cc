#include "web/template/builtins.h"

#include <tornado/escape.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <unordered_map>

#include "base/text/unicode.h"
#include "base/text/xhtml_escape.h"
#include "web/template/format.h"
#include "web/template/methods.h"
#include "web/template/operations.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

using Builtin = Value (*)(const Arguments&);

class BuiltinFunction final : public FunctionBody {
 public:
  explicit BuiltinFunction(Builtin builtin) : function_(builtin) {}
  Value call(const Arguments& arguments) override { return function_(arguments); }
  Builtin function() const noexcept { return function_; }

 private:
  Builtin function_;
};

Value call_one(const Value& function, const Value& argument) {
  Arguments arguments;
  arguments.positional.push_back(argument);
  return function.call(arguments);
}

// ---- numbers ------------------------------------------------------------------------------------

Value builtin_abs(const Arguments& arguments) {
  const Value& value = Parameters(arguments, "abs", 1).at(0);
  if (value.type() == Type::kFloat) return std::abs(value.number());
  if (value.type() == Type::kBool) return integer_of(value);
  return less(value, Value(0)) ? negate(value) : value;
}

Value builtin_divmod(const Arguments& arguments) {
  const Parameters given(arguments, "divmod", 2);
  return Value::tuple({binary(Operator::kFloorDivide, given.at(0), given.at(1)),
                       binary(Operator::kModulo, given.at(0), given.at(1))});
}

// Removes a sign from the text; returns whether it was a minus.
bool take_sign(std::string_view& text) {
  const bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) text.remove_prefix(1);
  return minus;
}

// Removes the single underscores between digits. Returns false if there are others.
bool drop_underscores(std::string& digits) {
  const bool wrong =
      digits.starts_with('_') || digits.ends_with('_') || digits.find("__") != std::string::npos;
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  return !wrong;
}

// Returns 16, 8 or 2 for text that begins with 0x, 0o or 0b, else 0.
int base_of_prefix(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  const char letter = static_cast<char>(text[1] | 0x20);
  return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
}

Value parse_integer(const Value& value, std::int64_t base) {
  const auto refuse = [&] {
    fail("ValueError",
         "invalid literal for int() with base " + std::to_string(base) + ": " + value.repr());
  };
  if (base != 0 && (base < 2 || base > 36)) {
    fail("ValueError", "int() base must be >= 2 and <= 36, or 0");
  }
  std::string_view text = escape::strip_unicode(text_of(value));
  const bool minus = take_sign(text);
  const int prefix = base_of_prefix(text);
  const int used = base != 0 ? static_cast<int>(base) : prefix != 0 ? prefix : 10;
  if (prefix == used) text.remove_prefix(text.substr(2, 1) == "_" ? 3 : 2);
  std::string digits(text);
  if (!drop_underscores(digits)) refuse();
  std::uint64_t result = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, result, used);
  if (error == std::errc::invalid_argument || end != last) refuse();
  if (base == 0 && prefix == 0 && digits[0] == '0' && result != 0) refuse();
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (error != std::errc() || result > kMost + (minus ? 1 : 0)) {
    fail("OverflowError", "int beyond 64 bits");
  }
  return static_cast<std::int64_t>(minus ? ~result + 1 : result);
}

Value parse_float(const Value& value) {
  std::string_view text = escape::strip_unicode(text_of(value));
  const bool minus = take_sign(text);
  std::string digits(text);
  double result = 0;
  const bool good = drop_underscores(digits) && !digits.starts_with('-') &&
                    digits.find('(') == std::string::npos;  // "nan(1)" is C's
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, result);
  if (!good || error == std::errc::invalid_argument || end != last) {
    fail("ValueError", "could not convert string to float: " + value.repr());
  }
  // strtod() knows whether the number was too large or too small.
  if (error == std::errc::result_out_of_range) result = std::strtod(digits.c_str(), nullptr);
  return minus ? -result : result;
}

Value builtin_int(const Arguments& arguments) {
  const Parameters given(arguments, "int", 2);
  const Value* value = given.find(0);
  if (value == nullptr) return 0;
  if (is_integral(*value)) return integer_of(*value);
  if (is_text(*value)) return parse_integer(*value, given.integer_or(1, 10, "base"));
  if (value->type() != Type::kFloat) {
    fail("TypeError", "int() argument must be a string or a number, not '" +
                          std::string(value->type_name()) + "'");
  }
  if (std::isnan(value->number())) fail("ValueError", "cannot convert float NaN to integer");
  if (!(std::abs(value->number()) < 9.2e18)) fail("OverflowError", "int beyond 64 bits");
  return static_cast<std::int64_t>(value->number());
}

Value builtin_float(const Arguments& arguments) {
  const Parameters given(arguments, "float", 1);
  const Value* value = given.find(0);
  if (value == nullptr) return 0.0;
  if (is_number(*value)) return number_of(*value);
  if (!is_text(*value)) {
    fail("TypeError", "float() argument must be a string or a real number, not '" +
                          std::string(value->type_name()) + "'");
  }
  return parse_float(*value);
}

// Rounds half to the even neighbour, as Python does; decimals are rounded as they are printed.
Value builtin_round(const Arguments& arguments) {
  const Parameters given(arguments, "round", 2);
  const Value& value = given.at(0);
  if (!is_number(value)) fail("TypeError", "round() wants a number");
  const Value* digits = given.find(1, "ndigits");
  if (digits == nullptr || digits->is_none()) {
    if (is_integral(value)) return integer_of(value);
    const double rounded = std::nearbyint(value.number());
    if (!(std::abs(rounded) < 9.2e18)) fail("OverflowError", "int beyond 64 bits");
    return static_cast<std::int64_t>(rounded);
  }
  const std::int64_t places = given.integer_or(1, 0, "ndigits");
  if (places >= 0) {
    if (is_integral(value)) return integer_of(value);
    if (places > 300 || !std::isfinite(value.number())) return value;
    const std::string text = format_value(value, "." + std::to_string(places) + "f");
    double result = 0;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
  }
  const double unit = std::pow(10.0, static_cast<double>(-places));
  const double rounded = std::nearbyint(number_of(value) / unit) * unit;
  return is_integral(value) ? Value(static_cast<std::int64_t>(rounded)) : Value(rounded);
}

Value builtin_sum(const Arguments& arguments) {
  const Parameters given(arguments, "sum", 2);
  const Value* start = given.find(1, "start");
  Value total = start == nullptr ? Value(0) : *start;
  for (const Value& item : to_items(given.at(0))) total = binary(Operator::kAdd, total, item);
  return total;
}

// ---- sequences ----------------------------------------------------------------------------------

Value builtin_len(const Arguments& arguments) {
  return length(Parameters(arguments, "len", 1).at(0));
}

Value builtin_range(const Arguments& arguments) {
  const Parameters given(arguments, "range", 3);
  given.at(0);
  const bool one = given.find(1) == nullptr;
  const std::int64_t start = one ? 0 : given.integer_or(0, 0);
  const std::int64_t stop = given.integer_or(one ? 0 : 1, 0);
  const std::int64_t step = given.integer_or(2, 1);
  if (step == 0) fail("ValueError", "range() arg 3 must not be zero");
  constexpr std::int64_t kFarthest = std::int64_t{1} << 61;
  if (std::max({std::abs(start / 2), std::abs(stop / 2), std::abs(step / 2)}) > kFarthest / 2) {
    fail("OverflowError", "range() beyond 61 bits");
  }
  return Value::object(new RangeBody(start, stop, step));
}

Value builtin_list(const Arguments& arguments) {
  const Value* items = Parameters(arguments, "list", 1).find(0);
  return Value::list(items == nullptr ? std::vector<Value>() : to_items(*items));
}

Value builtin_tuple(const Arguments& arguments) {
  const Value* items = Parameters(arguments, "tuple", 1).find(0);
  return Value::tuple(items == nullptr ? std::vector<Value>() : to_items(*items));
}

Value builtin_dict(const Arguments& arguments) {
  if (arguments.positional.size() > 1) fail("TypeError", "dict() takes at most 1 argument");
  std::vector<Value::Pair> items;
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (from.type() == Type::kDict) {
      items = dict_of(from).items();
    } else {
      for (const Value& pair : to_items(from)) {
        const std::vector<Value> both = to_items(pair);
        if (both.size() != 2) fail("ValueError", "dict() wants pairs");
        items.emplace_back(both[0], both[1]);
      }
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

Value builtin_reversed(const Arguments& arguments) {
  std::vector<Value> items = to_items(Parameters(arguments, "reversed", 1).at(0));
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

Value builtin_sorted(const Arguments& arguments) {
  if (arguments.positional.size() != 1) fail("TypeError", "sorted expected 1 argument");
  const Value* key = arguments.find("key");
  const Value* reverse = arguments.find("reverse");
  std::vector<Value::Pair> keyed;
  for (Value& item : to_items(arguments.positional[0])) {
    Value by = key == nullptr || key->is_none() ? item : call_one(*key, item);
    keyed.emplace_back(std::move(by), std::move(item));
  }
  // A reversed order also keeps equal items in their order.
  const bool down = reverse != nullptr && reverse->truth();
  merge_sort(keyed, [down](const Value::Pair& a, const Value::Pair& b) {
    return down ? less(b.first, a.first) : less(a.first, b.first);
  });
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (Value::Pair& item : keyed) items.push_back(std::move(item.second));
  return Value::list(std::move(items));
}

Value extreme(const Arguments& arguments, const char* name, bool biggest) {
  if (arguments.positional.empty()) fail("TypeError", std::string(name) + " expected arguments");
  const std::vector<Value> items =
      arguments.positional.size() == 1 ? to_items(arguments.positional[0]) : arguments.positional;
  const Value* key = arguments.find("key");
  if (items.empty()) {
    if (const Value* fallback = arguments.find("default")) return *fallback;
    fail("ValueError", std::string(name) + "() arg is an empty sequence");
  }
  const auto rank = [&](const Value& item) { return key == nullptr ? item : call_one(*key, item); };
  Value best = items[0];
  Value best_rank = rank(best);
  for (std::size_t i = 1; i < items.size(); ++i) {
    Value next = rank(items[i]);
    if (!(biggest ? less(best_rank, next) : less(next, best_rank))) continue;
    best = items[i];
    best_rank = std::move(next);
  }
  return best;
}

Value builtin_min(const Arguments& arguments) {
  return extreme(arguments, "min", false);
}

Value builtin_max(const Arguments& arguments) {
  return extreme(arguments, "max", true);
}

Value builtin_any(const Arguments& arguments) {
  for (const Value& item : to_items(Parameters(arguments, "any", 1).at(0))) {
    if (item.truth()) return true;
  }
  return false;
}

Value builtin_all(const Arguments& arguments) {
  for (const Value& item : to_items(Parameters(arguments, "all", 1).at(0))) {
    if (!item.truth()) return false;
  }
  return true;
}

Value builtin_map(const Arguments& arguments) {
  const Parameters given(arguments, "map", 2);
  std::vector<Value> results;
  for (const Value& item : to_items(given.at(1))) results.push_back(call_one(given.at(0), item));
  return Value::list(std::move(results));
}

Value builtin_filter(const Arguments& arguments) {
  const Parameters given(arguments, "filter", 2);
  const Value& test = given.at(0);
  std::vector<Value> kept;
  for (Value& item : to_items(given.at(1))) {
    if ((test.is_none() ? item : call_one(test, item)).truth()) kept.push_back(std::move(item));
  }
  return Value::list(std::move(kept));
}

// ---- text and objects ---------------------------------------------------------------------------

Value builtin_str(const Arguments& arguments) {
  const Value* value = Parameters(arguments, "str", 1).find(0);
  return value == nullptr ? std::string() : value->str();
}

Value builtin_repr(const Arguments& arguments) {
  return Parameters(arguments, "repr", 1).at(0).repr();
}

Value builtin_bool(const Arguments& arguments) {
  const Value* value = Parameters(arguments, "bool", 1).find(0);
  return value != nullptr && value->truth();
}

Value builtin_chr(const Arguments& arguments) {
  const std::int64_t code = Parameters(arguments, "chr", 1).at(0).get<std::int64_t>();
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    fail("ValueError", "chr() arg not in range");
  }
  std::string text;
  escape::append_utf8(text, static_cast<std::uint32_t>(code));
  return text;
}

Value builtin_ord(const Arguments& arguments) {
  const Parameters given(arguments, "ord", 1);
  const std::string_view text = given.text(0);
  if (count_characters(text) != 1) fail("TypeError", "ord() expected a character");
  return escape::decode_utf8(text).value;
}

Value builtin_getattr(const Arguments& arguments) {
  const Parameters given(arguments, "getattr", 3);
  Value result;
  if (find_attribute(given.at(0), given.text(1), result)) return result;
  const Value* fallback = given.find(2);
  return fallback == nullptr ? attribute(given.at(0), given.text(1)) : *fallback;
}

Value builtin_hasattr(const Arguments& arguments) {
  const Parameters given(arguments, "hasattr", 2);
  Value result;
  return find_attribute(given.at(0), given.text(1), result);
}

// ---- Tornado's ----------------------------------------------------------------------------------

Value builtin_xhtml_escape(const Arguments& arguments) {
  std::string out;
  escape::append_xhtml_escaped(out, Parameters(arguments, "xhtml_escape", 1).text(0, "value"));
  return out;
}

Value builtin_url_escape(const Arguments& arguments) {
  const Parameters given(arguments, "url_escape", 2);
  const Value* plus = given.find(1, "plus");
  return escape::url_escape(given.text(0, "value"), plus == nullptr || plus->truth());
}

Value builtin_json_encode(const Arguments& arguments) {
  return json_text(Parameters(arguments, "json_encode", 1).at(0, "value"));
}

Value builtin_squeeze(const Arguments& arguments) {
  return escape::squeeze(Parameters(arguments, "squeeze", 1).text(0, "value"));
}

Value builtin_linkify(const Arguments& arguments) {
  const Parameters given(arguments, "linkify", 5);
  escape::LinkifyOptions options;
  if (const Value* value = given.find(1, "shorten")) options.shorten = value->truth();
  const Value* params = given.find(2, "extra_params");
  if (params != nullptr && !is_text(*params)) {
    options.extra_params_of = [params](std::string_view url) {
      return call_one(*params, url).get<std::string>();
    };
  } else if (params != nullptr) {
    options.extra_params = text_of(*params);
  }
  if (const Value* value = given.find(3, "require_protocol")) {
    options.require_protocol = value->truth();
  }
  if (const Value* value = given.find(4, "permitted_protocols")) {
    options.permitted_protocols = value->get<std::vector<std::string>>();
  }
  return escape::linkify(given.text(0, "text"), options);
}

Value builtin_loads(const Arguments& arguments) {
  return parse_json(Parameters(arguments, "loads", 1).text(0));
}

using Table = std::unordered_map<std::string_view, Value>;

constexpr std::pair<std::string_view, Builtin> kBuiltins[] = {
    {"abs", builtin_abs},
    {"all", builtin_all},
    {"any", builtin_any},
    {"bool", builtin_bool},
    {"chr", builtin_chr},
    {"dict", builtin_dict},
    {"divmod", builtin_divmod},
    {"enumerate", builtin_enumerate},
    {"escape", builtin_xhtml_escape},
    {"filter", builtin_filter},
    {"float", builtin_float},
    {"getattr", builtin_getattr},
    {"hasattr", builtin_hasattr},
    {"int", builtin_int},
    {"json_encode", builtin_json_encode},
    {"len", builtin_len},
    {"linkify", builtin_linkify},
    {"list", builtin_list},
    {"map", builtin_map},
    {"max", builtin_max},
    {"min", builtin_min},
    {"ord", builtin_ord},
    {"range", builtin_range},
    {"repr", builtin_repr},
    {"reversed", builtin_reversed},
    {"round", builtin_round},
    {"sorted", builtin_sorted},
    {"squeeze", builtin_squeeze},
    {"str", builtin_str},
    {"sum", builtin_sum},
    {"tuple", builtin_tuple},
    {"url_escape", builtin_url_escape},
    {"xhtml_escape", builtin_xhtml_escape},
    {"zip", builtin_zip},
};

Value function(Builtin builtin) {
  return Value(Type::kFunction, new BuiltinFunction(builtin));
}

Table make_builtins() {
  Table table;
  for (const auto& [name, builtin] : kBuiltins) table.emplace(name, function(builtin));
  table.emplace("datetime", datetime_module());
  return table;
}

Table make_modules() {
  Table table;
  table.emplace("datetime", datetime_module());
  table.emplace("json", Value::dict({{Value("dumps"), function(builtin_json_encode)},
                                     {Value("loads"), function(builtin_loads)}}));
  return table;
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

namespace {

bool is_builtin(const Value& value, Builtin function) {
  if (value.type() != Type::kFunction) return false;
  const auto* builtin = dynamic_cast<const BuiltinFunction*>(value.body());
  return builtin != nullptr && builtin->function() == function;
}

}  // namespace

bool is_xhtml_escape(const Value& value) {
  return is_builtin(value, builtin_xhtml_escape);
}

bool is_str(const Value& value) {
  return is_builtin(value, builtin_str);
}

}  // namespace tornado::template_::detail
