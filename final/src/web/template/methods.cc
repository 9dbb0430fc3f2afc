#include "web/template/methods.h"

#include <algorithm>
#include <array>

#include "base/text/unicode.h"
#include "web/template/builtins.h"
#include "web/template/format.h"
#include "web/template/operations.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

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

// Strips the characters for which `gone` is true from the ends.
std::string stripped(const Value& self, const Arguments& arguments, bool left, bool right) {
  const Parameters given(arguments, "strip", 1);
  const Value* said = given.find(0);
  const bool spaces = said == nullptr || said->is_none();
  const string_view characters = given.text_or(0, "");
  string_view text = text_of(self);
  const auto starts = character_starts(text);
  const auto is_gone = [&](std::size_t index) {
    const string_view bytes = text.substr(starts[index], starts[index + 1] - starts[index]);
    if (spaces) return escape::is_unicode_space(escape::decode_utf8(bytes).value);
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
      parts.emplace_back(text.substr(starts[at]));
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

// The same from the end; the parts are in reverse order.
std::vector<Value> split_spaces_backwards(string_view text, std::int64_t most) {
  std::vector<Value> parts;
  const auto starts = character_starts(text);
  const auto is_space = [&](std::size_t index) {
    return escape::is_unicode_space(escape::decode_utf8(text.substr(starts[index])).value);
  };
  std::size_t at = starts.size() - 1;
  for (;;) {
    while (at > 0 && is_space(at - 1)) --at;
    if (at == 0) return parts;
    if (parts.size() == static_cast<std::size_t>(most)) {
      parts.emplace_back(text.substr(0, starts[at]));
      return parts;
    }
    const std::size_t end = at;
    while (at > 0 && !is_space(at - 1)) --at;
    parts.emplace_back(text.substr(starts[at], starts[end] - starts[at]));
  }
}

Value rsplit(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "rsplit", 2);
  const std::int64_t most = given.integer_or(1, -1, "maxsplit");
  const Value* separator = given.find(0, "sep");
  if (most < 0) return split(self, arguments);
  string_view text = text_of(self);
  std::vector<Value> parts;
  if (separator == nullptr || separator->is_none()) {
    parts = split_spaces_backwards(text, most);
    std::reverse(parts.begin(), parts.end());
    return Value::list(std::move(parts));
  }
  const string_view between = given.text(0, "sep");
  if (between.empty()) fail("ValueError", "empty separator");
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

bool ends_line(std::uint32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

Value splitlines(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "splitlines", 1);
  const Value* keep = given.find(0, "keepends");
  const bool whole = keep != nullptr && keep->truth();
  string_view text = text_of(self);
  std::vector<Value> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const escape::CodePoint point = escape::decode_utf8(text.substr(at));
    std::size_t next = at + std::max<std::size_t>(point.length, 1);
    if (point.length == 0 || !ends_line(point.value)) {
      at = next;
      continue;
    }
    if (text.substr(at, 2) == "\r\n") ++next;
    lines.emplace_back(text.substr(0, whole ? next : at));
    text.remove_prefix(next);
    at = 0;
  }
  if (!text.empty()) lines.emplace_back(text);
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

// The part of a text that the arguments after the first delimit, as in a slice.
struct Part {
  string_view text;
  std::int64_t before;  // characters before it; -1: there is no such part
};

Part part_of(const Value& self, const Parameters& given) {
  const string_view text = text_of(self);
  if (given.find(1) == nullptr) return {text, 0};
  const auto starts = character_starts(text);
  const auto size = static_cast<std::int64_t>(starts.size()) - 1;
  const auto bound = [&](std::size_t index, std::int64_t fallback) {
    const Value* value = given.find(index);
    if (value == nullptr || value->is_none()) return fallback;
    const std::int64_t at = given.integer_or(index, 0);
    return at < 0 ? std::max<std::int64_t>(at + size, 0) : at;
  };
  const std::int64_t first = bound(1, 0);
  const std::int64_t last = std::min(bound(2, size), size);
  if (first > last) return {{}, -1};
  const std::size_t begin = starts[static_cast<std::size_t>(first)];
  return {text.substr(begin, starts[static_cast<std::size_t>(last)] - begin), first};
}

// Whether the text has one of the given affixes: a str, or a tuple of them.
template <class Test>
bool any_affix(const Value& self, const Arguments& arguments, const Test& test) {
  const Parameters given(arguments, "startswith", 3);
  const Part part = part_of(self, given);
  if (part.before < 0) return false;
  const Value& affix = given.at(0);
  if (affix.type() != Type::kTuple) return test(part.text, given.text(0));
  return std::any_of(items_of(affix).begin(), items_of(affix).end(),
                     [&](const Value& one) { return test(part.text, one.get<string_view>()); });
}

Value startswith(const Value& self, const Arguments& arguments) {
  return any_affix(self, arguments,
                   [](string_view text, string_view with) { return text.starts_with(with); });
}

Value endswith(const Value& self, const Arguments& arguments) {
  return any_affix(self, arguments,
                   [](string_view text, string_view with) { return text.ends_with(with); });
}

// find() and the like count characters.
std::int64_t found_at(const Value& self, const Arguments& arguments, bool from_the_end) {
  const Parameters given(arguments, "find", 3);
  const Part part = part_of(self, given);
  if (part.before < 0) return -1;
  const auto at = from_the_end ? part.text.rfind(given.text(0)) : part.text.find(given.text(0));
  if (at == part.text.npos) return -1;
  return part.before + static_cast<std::int64_t>(count_characters(part.text.substr(0, at)));
}

template <bool FromTheEnd>
Value find(const Value& self, const Arguments& arguments) {
  return found_at(self, arguments, FromTheEnd);
}

template <bool FromTheEnd>
Value index(const Value& self, const Arguments& arguments) {
  const std::int64_t at = found_at(self, arguments, FromTheEnd);
  if (at < 0) fail("ValueError", "substring not found");
  return at;
}

Value count(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "count", 3);
  const string_view wanted = given.text(0);
  const Part part = part_of(self, given);
  if (part.before < 0) return 0;
  const string_view text = part.text;
  if (wanted.empty()) return count_characters(text) + 1;
  std::int64_t times = 0;
  for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + wanted.size())) {
    ++times;
  }
  return times;
}

Value expandtabs(const Value& self, const Arguments& arguments) {
  const Parameters given(arguments, "expandtabs", 1);
  const std::int64_t size = std::max<std::int64_t>(given.integer_or(0, 8, "tabsize"), 0);
  std::string out;
  std::int64_t column = 0;
  for (const char c : text_of(self)) {
    if (c == '\t') {
      const std::int64_t blanks = size == 0 ? 0 : size - column % size;
      check_length(static_cast<std::uint64_t>(blanks));
      out.append(static_cast<std::size_t>(blanks), ' ');
      check_length(out.size());
      column += blanks;
      continue;
    }
    out += c;
    const bool inside = (static_cast<unsigned char>(c) & 0xC0) == 0x80;  // a continuation byte
    column = c == '\n' || c == '\r' ? 0 : inside ? column : column + 1;
  }
  return out;
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

// For ljust() and the like: `before` and `after` are the shares of the missing characters.
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
  // In Python's center() the side of the odd blank depends on the width.
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

Value format_map(const Value& self, const Arguments& arguments) {
  const Value& names = Parameters(arguments, "format_map", 1).at(0);
  if (names.type() != Type::kDict) fail("TypeError", "format_map() wants a dict");
  Arguments named;
  for (const Value::Pair& item : dict_of(names).items()) {
    if (is_text(item.first)) named.keywords.emplace_back(text_of(item.first), item.second);
  }
  return brace_format(text_of(self), named);
}

Value isascii(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  return is_ascii(text_of(self));
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

// Nothing changes, so nothing has to be copied.
Value copy(const Value& self, const Arguments& arguments) {
  check_arity(arguments, 0, 0);
  return self;
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
    {"casefold", mapped<casefold>},
    {"center", justify<'^'>},
    {"count", count},
    {"decode", same_text},
    {"encode", same_text},
    {"endswith", endswith},
    {"expandtabs", expandtabs},
    {"find", find<false>},
    {"format", format},
    {"format_map", format_map},
    {"index", index<false>},
    {"isalnum", is_kind<CharacterKind::kAlnum>},
    {"isalpha", is_kind<CharacterKind::kAlpha>},
    {"isascii", isascii},
    {"isdecimal", is_kind<CharacterKind::kDigit>},
    {"isdigit", is_kind<CharacterKind::kDigit>},
    {"islower", is_kind<CharacterKind::kLower>},
    {"isnumeric", is_kind<CharacterKind::kDigit>},
    {"isspace", is_kind<CharacterKind::kSpace>},
    {"istitle", is_kind<CharacterKind::kTitle>},
    {"isupper", is_kind<CharacterKind::kUpper>},
    {"join", join},
    {"ljust", justify<'<'>},
    {"lower", mapped<lower>},
    {"lstrip", strip<true, false>},
    {"partition", parted<false>},
    {"removeprefix", removeprefix},
    {"removesuffix", removesuffix},
    {"replace", replace},
    {"rfind", find<true>},
    {"rindex", index<true>},
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
constexpr Entry kListMethods[] = {{"copy", copy}, {"count", list_count}, {"index", list_index}};
constexpr Entry kDictMethods[] = {{"copy", copy},
                                  {"get", dict_get},
                                  {"items", dict_items},
                                  {"keys", dict_keys},
                                  {"values", dict_values}};

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

// For str.lower and the like: the text is the first argument.
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
