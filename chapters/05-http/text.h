// The smallest parts of HTTP's grammar (RFC 9110 5.6): tokens, field values, numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace mini {

// Returns whether `text` is a token: one or more of the bytes that a method or a field name may
// have.
bool is_token(std::string_view text);
// Returns whether `text` has no control character other than the tab.
bool is_field_value(std::string_view text);
// Returns `text` without the spaces and tabs at its ends.
std::string_view strip_blanks(std::string_view text);

// Returns the part before the first `separator`, and leaves in `text` what follows it. If there is
// no separator, returns nothing and leaves `text` as it is.
std::optional<std::string_view> take_before(std::string_view& text, std::string_view separator);

// Parses a number made of digits only: no sign, no space, no "0x". Returns nothing if `digits` is
// anything else, or too large for a std::size_t.
std::optional<std::size_t> to_size(std::string_view digits, int base);

}  // namespace mini
