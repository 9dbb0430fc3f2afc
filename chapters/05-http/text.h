// What HTTP's grammar is made of (RFC 9110 5.6): small questions about bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace mini {

// One or more of the bytes that a method or a field name may have.
bool is_token(std::string_view text);
// No control character but the tab.
bool is_field_value(std::string_view text);
// Without blanks and tabs at both ends.
std::string_view strip_blanks(std::string_view text);

// The part before `separator`; `text` keeps what follows. Nothing if `text` does not have it, and
// then `text` stays as it is.
std::optional<std::string_view> take_before(std::string_view& text, std::string_view separator);

// A number of digits only: no sign, no blank, no "0x". Nothing if it is none or too large.
std::optional<std::size_t> to_size(std::string_view digits, int base);

}  // namespace mini
