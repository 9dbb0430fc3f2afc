#include "web/template/methods.h"

#include <algorithm>
#include <optional>

#include "base/text/unicode.h"
#include "web/template/arguments.h"
#include "web/template/format.h"
#include "web/template/operations.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {

namespace {

using std::string_view;

// ---- str ----------------------------------------------------------------------------------------

using OptionalText = std::optional<std::string>;
using OptionalInt = std::optional<std::int64_t>;

// Strips the characters given, or white space, from one end or both.
template <bool Left, bool Right>
string_view strip(string_view text, const OptionalText& characters) {
  const auto starts = character_starts(text);
  const auto is_gone = [&](std::size_t index) {
    const string_view bytes = text.substr(starts[index], starts[index + 1] - starts[index]);
    if (!characters) return escape::is_unicode_space(escape::decode_utf8(bytes).value);
    return characters->find(bytes) != characters->npos;
  };
  std::size_t first = 0;
  std::size_t last = starts.size() - 1;
  while (Left && first < last && is_gone(first)) ++first;
  while (Right && last > first && is_gone(last - 1)) --last;
  return text.substr(starts[first], starts[last] - starts[first]);
}

// Returns how long the run of white space is with which `text` begins, or of anything else.
std::size_t run_length(string_view text, bool of_space) {
  std::size_t end = 0;
  while (end < text.size()) {
    const escape::CodePoint point = escape::decode_utf8(text.substr(end));
    if (escape::is_unicode_space(point.value) != of_space) break;
    end += std::max<std::size_t>(point.length, 1);
  }
  return end;
}

// Splits at white space.
std::vector<Value> split_words(string_view text, std::size_t most) {
  std::vector<Value> parts;
  while (true) {
    text.remove_prefix(run_length(text, true));
    if (text.empty()) return parts;
    const std::size_t end = parts.size() == most ? text.size() : run_length(text, false);
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

Value split(string_view text, const OptionalText& separator, OptionalInt maxsplit) {
  const auto most = static_cast<std::size_t>(maxsplit.value_or(-1));  // -1: no limit
  if (!separator) return Value::list(split_words(text, most));
  if (separator->empty()) fail("ValueError", "empty separator");
  std::vector<Value> parts;
  for (auto at = text.find(*separator); at != text.npos && parts.size() < most;
       at = text.find(*separator)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator->size());
  }
  parts.emplace_back(text);
  return Value::list(std::move(parts));
}

Value splitlines(string_view text) {
  std::vector<Value> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + (text.substr(end, 2) == "\r\n" ? 2 : 1), text.size()));
  }
  return Value::list(std::move(lines));
}

std::string join(string_view between, const Value& parts) {
  std::string out;
  bool first = true;
  for (const Value& part : to_items(parts)) {
    if (!first) out += between;
    out += part.get<string_view>();
    check_length(out.size());
    first = false;
  }
  return out;
}

std::string replace(string_view text, const std::string& old, const std::string& with,
                    OptionalInt count) {
  if (old.empty()) fail("ValueError", "replace() needs a text to look for");
  auto most = static_cast<std::uint64_t>(count.value_or(-1));  // -1: no limit
  std::string out;
  for (auto at = text.find(old); at != text.npos && most-- > 0; at = text.find(old)) {
    out.append(text.substr(0, at)).append(with);
    text.remove_prefix(at + old.size());
    check_length(out.size());
  }
  return out.append(text);
}

// `affix` is a str, or a tuple of several.
template <class Test>
bool any_affix(const Value& affix, const Test& test) {
  if (affix.type() != Type::kTuple) return test(affix.get<string_view>());
  return std::any_of(items_of(affix).begin(), items_of(affix).end(),
                     [&](const Value& one) { return test(one.get<string_view>()); });
}

bool startswith(string_view text, const Value& prefix) {
  return any_affix(prefix, [&](string_view one) { return text.starts_with(one); });
}

bool endswith(string_view text, const Value& suffix) {
  return any_affix(suffix, [&](string_view one) { return text.ends_with(one); });
}

// Counts characters; -1 if there is none.
std::int64_t find(string_view text, const std::string& wanted) {
  const auto at = text.find(wanted);
  if (at == text.npos) return -1;
  return static_cast<std::int64_t>(count_characters(text.substr(0, at)));
}

std::size_t count(string_view text, const std::string& wanted) {
  if (wanted.empty()) return count_characters(text) + 1;
  std::size_t times = 0;
  for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + wanted.size())) {
    ++times;
  }
  return times;
}

bool isdigit(string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// str and bytes are the same here.
string_view same_text(string_view text, const OptionalText&) {
  return text;
}

Value format(const Value& self, const Arguments& arguments) {
  return brace_format(text_of(self), arguments);
}

// ---- list, tuple, dict --------------------------------------------------------------------------

std::int64_t list_index(const Value& self, const Value& wanted) {
  const auto& items = items_of(self);
  const auto at = std::find(items.begin(), items.end(), wanted);
  if (at == items.end()) fail("ValueError", wanted.repr() + " is not in list");
  return at - items.begin();
}

std::int64_t list_count(const Value& self, const Value& wanted) {
  return std::count(items_of(self).begin(), items_of(self).end(), wanted);
}

Value dict_get(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "get", 2);
  if (const Value* found = dict_of(self).find(given.at(0))) return *found;
  const Value* fallback = given.find(1);
  return fallback == nullptr ? Value() : *fallback;
}

Value dict_keys(const Value& self) {
  return Value::list(to_items(self));
}

Value dict_values(const Value& self) {
  std::vector<Value> values;
  for (const Value::Pair& item : dict_of(self).items()) values.push_back(item.second);
  return Value::list(std::move(values));
}

Value dict_items(const Value& self) {
  std::vector<Value> items;
  for (const Value::Pair& item : dict_of(self).items()) {
    items.push_back(Value::tuple({item.first, item.second}));
  }
  return Value::list(std::move(items));
}

// ---- the tables ---------------------------------------------------------------------------------

template <class F>
struct MethodSignature;
template <class R, class Self, class... P>
struct MethodSignature<R (*)(Self, P...)> : Signature<R (*)(P...)> {
  using SelfType = std::remove_cvref_t<Self>;
};

// A function of the value and of further parameters, as a method: arguments are converted.
template <auto kFunction>
Value method(const Value& self, const Arguments& arguments) {
  using Types = MethodSignature<decltype(kFunction)>;
  auto call = [&self](auto&&... values) {
    return kFunction(self.get<typename Types::SelfType>(),
                     std::forward<decltype(values)>(values)...);
  };
  return Types::run(call, arguments);
}

struct MethodEntry {
  string_view name;
  Method method;
};
constexpr MethodEntry kTextMethods[] = {
    {"capitalize", method<&capitalize>},
    {"count", method<&count>},
    {"decode", method<&same_text>},
    {"encode", method<&same_text>},
    {"endswith", method<&endswith>},
    {"find", method<&find>},
    {"format", format},
    {"isdigit", method<&isdigit>},
    {"join", method<&join>},
    {"lower", method<&lower>},
    {"lstrip", method<&strip<true, false>>},
    {"replace", method<&replace>},
    {"rstrip", method<&strip<false, true>>},
    {"split", method<&split>},
    {"splitlines", method<&splitlines>},
    {"startswith", method<&startswith>},
    {"strip", method<&strip<true, true>>},
    {"title", method<&title>},
    {"upper", method<&upper>},
};
constexpr MethodEntry kListMethods[] = {{"count", method<&list_count>},
                                        {"index", method<&list_index>}};
constexpr MethodEntry kDictMethods[] = {{"get", dict_get},
                                        {"items", method<&dict_items>},
                                        {"keys", method<&dict_keys>},
                                        {"values", method<&dict_values>}};

template <std::size_t N>
Method look_up_method(const MethodEntry (&entries)[N], string_view name) {
  for (const MethodEntry& entry : entries) {
    if (entry.name == name) return entry.method;
  }
  return nullptr;
}

// What Python has and templates do not, and what to use instead.
struct Hint {
  string_view name;
  const char* instead;
};
constexpr Hint kNoMethod[] = {{"append", "values are immutable: use +"},
                              {"center", "use '{:^9}'.format(text)"},
                              {"index", "use find()"},
                              {"ljust", "use '{:<9}'.format(text)"},
                              {"partition", "use split()"},
                              {"removeprefix", "use a slice"},
                              {"removesuffix", "use a slice"},
                              {"rjust", "use '{:>9}'.format(text)"},
                              {"rsplit", "use split()"},
                              {"zfill", "use '{:09}'.format(number)"}};
constexpr Hint kNoName[] = {
    {"divmod", "use // and %"},           {"filter", "use a comprehension with if"},
    {"getattr", "use a dict, and get()"}, {"hasattr", "use a dict, and `in`"},
    {"map", "use a comprehension"},       {"set", "use a list or a dict"}};

template <std::size_t N>
std::string hint_among(const Hint (&hints)[N], string_view name) {
  for (const Hint& hint : hints) {
    if (hint.name == name) return std::string(": ") + hint.instead;
  }
  return {};
}

}  // namespace

Method method_of(const Value& value, string_view name) {
  if (is_text(value)) return look_up_method(kTextMethods, name);
  if (is_sequence(value)) return look_up_method(kListMethods, name);
  if (value.type() == Type::kDict) return look_up_method(kDictMethods, name);
  return nullptr;
}

bool find_attribute(const Value& value, string_view name, Value& result) {
  if (value.type() == Type::kObject) return object_of(value).attribute(name, result);
  if (value.type() != Type::kDict) return false;
  const Value* found = dict_of(value).find(name);
  if (found != nullptr) result = *found;
  return found != nullptr;
}

Value attribute(const Value& value, string_view name) {
  Value result;
  if (find_attribute(value, name, result)) return result;
  std::string hint;
  if (method_of(value, name) != nullptr) {
    hint = ": call the method, " + std::string(name) + "()";
  } else if (is_text(value) || is_sequence(value)) {
    hint = hint_among(kNoMethod, name);
  }
  fail("AttributeError", "'" + std::string(value.type_name()) + "' object has no attribute '" +
                             std::string(name) + "'" + hint);
}

std::string hint_for_name(string_view name) {
  return hint_among(kNoName, name);
}

}  // namespace tornado::template_::detail
