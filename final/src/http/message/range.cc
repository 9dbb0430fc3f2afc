#include "http/message/range.h"

#include <algorithm>
#include <optional>

#include "base/text/number_text.h"
#include "http/message/chars.h"

namespace tornado::http {
namespace {

// A number too large for its type counts as the largest one. Returns nothing for anything else.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  return parse_number<std::uint64_t>(text).value_or(UINT64_MAX);
}

RangeStatus last_bytes(std::uint64_t count, std::uint64_t size, ByteRange& range) {
  if (count == 0) return RangeStatus::kUnsatisfiable;
  if (count >= size) return RangeStatus::kAll;
  range = {size - count, size};
  return RangeStatus::kPart;
}

}  // namespace

RangeStatus parse_range(std::string_view field, std::uint64_t size, ByteRange& range) {
  const auto equals = field.find('=');
  if (equals == std::string_view::npos ||
      !equals_ignoring_case(trim_blanks(field.substr(0, equals)), "bytes")) {
    return RangeStatus::kAll;
  }
  const std::string_view spec = trim_blanks(field.substr(equals + 1));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return RangeStatus::kAll;
  const std::string_view first = trim_blanks(spec.substr(0, dash));
  const std::string_view last = trim_blanks(spec.substr(dash + 1));
  const auto begin = parse_position(first);
  const auto end = parse_position(last);
  if (first.empty() && end) return last_bytes(*end, size, range);
  if (!begin || (!end && !last.empty())) return RangeStatus::kAll;
  if (*begin >= size || (end && *end < *begin)) return RangeStatus::kUnsatisfiable;
  range = {*begin, end && *end < size ? *end + 1 : size};
  return range.end - range.begin == size ? RangeStatus::kAll : RangeStatus::kPart;
}

bool has_strong_tag(std::string_view list, std::string_view tag) {
  if (trim_blanks(list) == "*") return true;
  for (auto open = list.find('"'); open != std::string_view::npos; open = list.find('"')) {
    const auto close = list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    const bool weak = open >= 2 && list.substr(open - 2, 2) == "W/";
    if (!weak && list.substr(open, close - open + 1) == tag) return true;
    list.remove_prefix(close + 1);
  }
  return false;
}

}  // namespace tornado::http
