#include "web/template/methods.h"

#include <algorithm>
#include <array>

#include "base/unicode.h"
#include "web/template/bodies.h"
#include "web/template/builtins.h"
#include "web/template/format.h"
#include "web/template/operations.h"
#include "web/template/text.h"

namespace tornado::template_::detail {

// ---- arguments ----------------------------------------------------------------------------------

Parameters::Parameters(const Arguments& arguments, std::string_view function, std::size_t most)
    : arguments_(arguments), function_(function) {
  const std::size_t count = arguments.positional.size() + arguments.keywords.size();
  if (count <= most) return;
  fail("TypeError", std::string(function) + "() takes at most " + std::to_string(most) +
                        " arguments, not " + std::to_string(count));
}

const Value* Parameters::find(std::size_t index, std::string_view name) const {
  if (index < arguments_.positional.size()) return &arguments_.positional[index];
  return name.empty() ? nullptr : arguments_.find(name);
}

const Value& Parameters::at(std::size_t index, std::string_view name) const {
  if (const Value* found = find(index, name)) return *found;
  fail("TypeError", std::string(function_) + "() misses argument " + std::to_string(index + 1));
}

std::string_view Parameters::text(std::size_t index, std::string_view name) const {
  const Value& value = at(index, name);
  if (is_text(value)) return text_of(value);
  fail("TypeError",
       std::string(function_) + "() wants a str, not " + std::string(value.type_name()));
}

std::string_view Parameters::text_or(std::size_t index, std::string_view fallback) const {
  const Value* value = find(index);
  return value == nullptr || value->is_none() ? fallback : text(index);
}

std::int64_t Parameters::integer_or(std::size_t index, std::int64_t fallback,
                                    std::string_view name) const {
  const Value* value = find(index, name);
  if (value == nullptr) return fallback;
  if (is_integral(*value)) return integer_of(*value);
  fail("TypeError",
       std::string(function_) + "() wants an int, not " + std::string(value->type_name()));
}

namespace {

using std::string_view;

// ---- str ----------------------------------------------------------------------------------------

// The characters at the ends that `gone` says are dropped.
std::string stripped(const Value& self, const Arguments& arguments, bool left, bool right) {
  const Parameters given(arguments, "strip", 1);
  const string_view characters = given.text_or(0, "");
  string_view text = text_of(self);
  const auto starts = character_starts(text);
  const auto is_gone = [&](std::size_t index) {
    const string_view bytes = text.substr(starts[index], starts[index + 1] - starts[index]);
    if (characters.empty()) return escape::is_unicode_space(escape::decode_utf8(bytes).value);
    return characters.find(bytes) != characters.npos;
  };
  std::size_t first = 0;
  std::size_t last = starts.size() - 1;
  while (left && first < last && is_gone(first)) ++first;
  while (right && last > first && is_gone(last - 1)) --last;
  return std::string(text.substr(starts[first], starts[last] - starts[first]));
}

std::vector<Value> split_spaces(string_view text, std::int64_t most) {
  std::vector<Value> parts;
  const auto starts = character_starts(text);
  const auto is_space = [&](std::size_t index) {
    return escape::is_unicode_space(escape::decode_utf8(text.substr(starts[index])).value);
  };
  const std::size_t end = starts.size() - 1;
  std::size_t at = 0;
  for (;;) {
    while (at < end && is_space(at)) ++at;
    if (at == end) return parts;
    if (most >= 0 && parts.size() == static_cast<std::size_t>(most)) {
      parts.emplace_back(escape::strip_unicode(text.substr(starts[at])));
      return parts;
    }
    const std::size_t first = at;
    while (at < end && !is_space(at)) ++at;
    parts.emplace_back(text.substr(starts[first], starts[at] - starts[first]));
  }
}

Value split(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "split", 2);
  const std::int64_t most = given.integer_or(1, -1, "maxsplit");
  string_view text = text_of(self);
  const Value* separator = given.find(0, "sep");
  if (separator == nullptr || separator->is_none()) return Value::list(split_spaces(text, most));
  const string_view between = given.text(0, "sep");
  if (between.empty()) fail("ValueError", "empty separator");
  std::vector<Value> parts;
  while (most < 0 || parts.size() < static_cast<std::size_t>(most)) {
    const auto at = text.find(between);
    if (at == text.npos) break;
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + between.size());
  }
  parts.emplace_back(text);
  return Value::list(std::move(parts));
}

Value rsplit(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "rsplit", 2);
  const std::int64_t most = given.integer_or(1, -1, "maxsplit");
  const Value* separator = given.find(0, "sep");
  if (most < 0) return split(self, arguments);
  if (separator == nullptr || separator->is_none()) {
    fail("ValueError", "rsplit() with maxsplit wants a separator");
  }
  const string_view between = given.text(0, "sep");
  if (between.empty()) fail("ValueError", "empty separator");
  string_view text = text_of(self);
  std::vector<Value> parts;
  while (parts.size() < static_cast<std::size_t>(most)) {
    const auto at = text.rfind(between);
    if (at == text.npos) break;
    parts.emplace_back(text.substr(at + between.size()));
    text = text.substr(0, at);
  }
  parts.emplace_back(text);
  std::reverse(parts.begin(), parts.end());
  return Value::list(std::move(parts));
}

Value splitlines(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "splitlines", 1);
  const Value* keep = given.find(0, "keepends");
  string_view text = text_of(self);
  std::vector<Value> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n\v\f\x1c\x1d\x1e"), text.size());
    std::size_t next = std::min(end + 1, text.size());
    if (text.substr(end, 2) == "\r\n") ++next;
    lines.emplace_back(text.substr(0, keep != nullptr && keep->truth() ? next : end));
    text.remove_prefix(next);
  }
  return Value::list(std::move(lines));
}

Value join(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "join", 1);
  std::string out;
  bool first = true;
  for (const Value& item : to_items(given.at(0))) {
    if (!is_text(item)) {
      fail("TypeError",
           "sequence item: expected str instance, " + std::string(item.type_name()) + " found");
    }
    if (!first) out += text_of(self);
    out += text_of(item);
    first = false;
  }
  return out;
}

Value replace(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "replace", 3);
  const string_view old = given.text(0);
  const string_view with = given.text(1);
  std::int64_t most = given.integer_or(2, -1);
  string_view text = text_of(self);
  std::string out;
  if (old.empty()) {
    for (const std::size_t start : character_starts(text)) {
      if (most-- != 0)
        out += with;
      else
        most = 0;
      if (start < text.size()) {
        const auto bytes = std::max<std::size_t>(escape::decode_utf8(text.substr(start)).length, 1);
        out += text.substr(start, bytes);
      }
    }
    return out;
  }
  for (; most != 0; --most) {
    const auto at = text.find(old);
    if (at == text.npos) break;
    out += text.substr(0, at);
    out += with;
    text.remove_prefix(at + old.size());
    check_length(out.size());
  }
  out += text;
  return out;
}

// Whether the text has one of the given affixes: a str, or a tuple of them.
template <class Test>
bool any_affix(const Arguments& arguments, const Test& test) {
  const Parameters given(arguments, "startswith", 1);
  const Value& affix = given.at(0);
  if (affix.type() != Type::kTuple) return test(given.text(0));
  return std::any_of(items_of(affix).begin(), items_of(affix).end(),
                     [&](const Value& one) { return test(one.get<string_view>()); });
}

Value startswith(const Value& self, const Arguments& arguments) {
  return any_affix(arguments, [&](string_view with) { return text_of(self).starts_with(with); });
}

Value endswith(const Value& self, const Arguments& arguments) {
  return any_affix(arguments, [&](string_view with) { return text_of(self).ends_with(with); });
}

// find() and the like count characters.
std::int64_t found_at(const Value& self, const Arguments& arguments, bool from_the_end) {
  const Parameters given(arguments, "find", 1);
  const string_view text = text_of(self);
  const auto at = from_the_end ? text.rfind(given.text(0)) : text.find(given.text(0));
  if (at == text.npos) return -1;
  return static_cast<std::int64_t>(count_characters(text.substr(0, at)));
}

Value find(const Value& self, const Arguments& arguments) {
  return found_at(self, arguments, false);
}

Value rfind(const Value& self, const Arguments& arguments) {
  return found_at(self, arguments, true);
}

Value index(const Value& self, const Arguments& arguments) {
  const std::int64_t at = found_at(self, arguments, false);
  if (at < 0) fail("ValueError", "substring not found");
  return at;
}

Value count(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "count", 1);
  const string_view part = given.text(0);
  const string_view text = text_of(self);
  if (part.empty()) return count_characters(text) + 1;
  std::int64_t times = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++times;
  return times;
}

Value partition(const Value& self, const Arguments& arguments, bool from_the_end) {
  const Parameters given(arguments, "partition", 1);
  const string_view between = given.text(0);
  if (between.empty()) fail("ValueError", "empty separator");
  const string_view text = text_of(self);
  const auto at = from_the_end ? text.rfind(between) : text.find(between);
  if (at != text.npos) {
    return Value::tuple({text.substr(0, at), between, text.substr(at + between.size())});
  }
  return from_the_end ? Value::tuple({"", "", text}) : Value::tuple({text, "", ""});
}

// ljust() and the like: `before` and `after` are how the missing characters are shared out.
std::string padded(const Value& self, const Arguments& arguments, char align) {
  const Parameters given(arguments, "ljust", 2);
  const std::int64_t width = given.integer_or(0, 0);
  const string_view fill = given.text_or(1, " ");
  if (count_characters(fill) != 1) fail("TypeError", "the fill must be one character");
  const std::string& text = text_of(self);
  const auto size = static_cast<std::int64_t>(count_characters(text));
  const std::int64_t missing = std::max<std::int64_t>(width - size, 0);
  check_length(static_cast<std::uint64_t>(missing));
  std::int64_t before = 0;
  if (align == '>') before = missing;
  // Python's center() puts the odd blank so that it depends on the width.
  if (align == '^') before = missing / 2 + (missing & width & 1);
  std::string out;
  for (std::int64_t i = 0; i < before; ++i) out += fill;
  out += text;
  for (std::int64_t i = before; i < missing; ++i) out += fill;
  return out;
}

Value zfill(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "zfill", 1);
  const std::int64_t width = given.integer_or(0, 0);
  std::string text = text_of(self);
  const auto size = static_cast<std::int64_t>(count_characters(text));
  if (width <= size) return text;
  check_length(static_cast<std::uint64_t>(width));
  const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  return text.insert(sign ? 1 : 0, static_cast<std::size_t>(width - size), '0');
}

Value removeprefix(const Value& self, const Arguments& arguments) {
  const string_view gone = Parameters(arguments, "removeprefix", 1).text(0);
  const string_view text = text_of(self);
  return text.starts_with(gone) ? text.substr(gone.size()) : text;
}

Value removesuffix(const Value& self, const Arguments& arguments) {
  const string_view gone = Parameters(arguments, "removesuffix", 1).text(0);
  const string_view text = text_of(self);
  return text.ends_with(gone) ? text.substr(0, text.size() - gone.size()) : text;
}

Value format(const Value& self, const Arguments& arguments) {
  return brace_format(text_of(self), arguments);
}

// str and bytes are the same here.
Value same_text(const Value& self, const Arguments&) {
  return self;
}

template <std::string (*Map)(string_view)>
Value mapped(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  return Map(text_of(self));
}

template <CharacterKind Kind>
Value is_kind(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  return is_all(text_of(self), Kind);
}

template <bool Left, bool Right>
Value strip(const Value& self, const Arguments& arguments) {
  return stripped(self, arguments, Left, Right);
}

template <char Align>
Value justify(const Value& self, const Arguments& arguments) {
  return padded(self, arguments, Align);
}

template <bool FromTheEnd>
Value parted(const Value& self, const Arguments& arguments) {
  return partition(self, arguments, FromTheEnd);
}

// ---- list, tuple, dict --------------------------------------------------------------------------

Value list_index(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "index", 1);
  const auto& items = items_of(self);
  const auto at = std::find(items.begin(), items.end(), given.at(0));
  if (at == items.end()) fail("ValueError", given.at(0).repr() + " is not in list");
  return at - items.begin();
}

Value list_count(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "count", 1);
  const auto& items = items_of(self);
  return std::count(items.begin(), items.end(), given.at(0));
}

Value dict_get(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "get", 2);
  if (const Value* found = dict_of(self).find(given.at(0))) return *found;
  const Value* fallback = given.find(1);
  return fallback == nullptr ? Value() : *fallback;
}

Value dict_keys(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  return Value::list(to_items(self));
}

Value dict_values(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  std::vector<Value> values;
  for (const Value::Pair& item : dict_of(self).items()) values.push_back(item.second);
  return Value::list(std::move(values));
}

Value dict_items(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  std::vector<Value> items;
  for (const Value::Pair& item : dict_of(self).items()) {
    items.push_back(Value::tuple({item.first, item.second}));
  }
  return Value::list(std::move(items));
}

// ---- finding them -------------------------------------------------------------------------------

struct Entry {
  string_view name;
  Method method;
};

constexpr Entry kTextMethods[] = {
    {"capitalize", mapped<capitalize>},
    {"casefold", mapped<lower>},
    {"center", justify<'^'>},
    {"count", count},
    {"decode", same_text},
    {"encode", same_text},
    {"endswith", endswith},
    {"find", find},
    {"format", format},
    {"index", index},
    {"isalnum", is_kind<CharacterKind::kAlnum>},
    {"isalpha", is_kind<CharacterKind::kAlpha>},
    {"isdigit", is_kind<CharacterKind::kDigit>},
    {"islower", is_kind<CharacterKind::kLower>},
    {"isspace", is_kind<CharacterKind::kSpace>},
    {"isupper", is_kind<CharacterKind::kUpper>},
    {"join", join},
    {"ljust", justify<'<'>},
    {"lower", mapped<lower>},
    {"lstrip", strip<true, false>},
    {"partition", parted<false>},
    {"removeprefix", removeprefix},
    {"removesuffix", removesuffix},
    {"replace", replace},
    {"rfind", rfind},
    {"rjust", justify<'>'>},
    {"rpartition", parted<true>},
    {"rsplit", rsplit},
    {"rstrip", strip<false, true>},
    {"split", split},
    {"splitlines", splitlines},
    {"startswith", startswith},
    {"strip", strip<true, true>},
    {"swapcase", mapped<swapcase>},
    {"title", mapped<title>},
    {"upper", mapped<upper>},
    {"zfill", zfill},
};
constexpr Entry kListMethods[] = {{"count", list_count}, {"index", list_index}};
constexpr Entry kDictMethods[] = {
    {"get", dict_get}, {"items", dict_items}, {"keys", dict_keys}, {"values", dict_values}};

template <std::size_t N>
Method look_up(const Entry (&entries)[N], string_view name) {
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry.method;
  }
  return nullptr;
}

class BoundMethod final : public FunctionBody {
 public:
  BoundMethod(Value self, Method method) : self_(std::move(self)), method_(method) {}
  Value call(const Arguments& arguments) override { return method_(self_, arguments); }

 private:
  Value self_;
  Method method_;
};

// str.lower and the like: the text is the first argument.
class TextMethod final : public FunctionBody {
 public:
  explicit TextMethod(Method method) : method_(method) {}
  Value call(const Arguments& arguments) override {
    if (arguments.positional.empty() || !is_text(arguments.positional[0])) {
      fail("TypeError", "a method of str wants a str as its first argument");
    }
    Arguments rest = arguments;
    rest.positional.erase(rest.positional.begin());
    return method_(arguments.positional[0], rest);
  }

 private:
  Method method_;
};

}  // namespace

Method method_of(const Value& value, string_view name) {
  if (is_text(value)) return look_up(kTextMethods, name);
  if (is_sequence(value)) return look_up(kListMethods, name);
  if (value.type() == Type::kDict) return look_up(kDictMethods, name);
  return nullptr;
}

bool find_method(const Value& value, string_view name, Value& result) {
  if (is_str(value)) {
    const Method of_text = look_up(kTextMethods, name);
    if (of_text != nullptr) result = Value(Type::kFunction, new TextMethod(of_text));
    return of_text != nullptr;
  }
  const Method method = method_of(value, name);
  if (method != nullptr) result = Value(Type::kFunction, new BoundMethod(value, method));
  return method != nullptr;
}

}  // namespace tornado::template_::detail
