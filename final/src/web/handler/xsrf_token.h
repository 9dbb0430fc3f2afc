// Internal header. The text of XSRF tokens, as Tornado writes it. Pure: no clock, no random bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tornado::web::detail {

inline constexpr std::size_t kXsrfTokenSize = 16;  // bytes of a new one
inline constexpr std::size_t kXsrfMaskSize = 4;

struct XsrfToken {
  std::optional<int> version;  // of the text it was read from; none: new
  std::string bytes;
  std::int64_t timestamp;  // seconds since 1970
};

// Reads version 2, `2|hex(mask)|hex(bytes xor mask)|timestamp`, and version 1: the bytes in
// hexadecimal, or, if they are not, the text itself, with `now` as its time. Nothing for text that
// begins as another version does, or is no good version 2.
std::optional<XsrfToken> decode_xsrf_token(std::string_view text, std::int64_t now);

std::string encode_xsrf_token_v1(const XsrfToken& token);
// `mask` has kXsrfMaskSize bytes. With another mask for each response its text differs, so that a
// compressed page does not give the token away piece by piece (BREACH).
std::string encode_xsrf_token_v2(const XsrfToken& token, std::string_view mask);

}  // namespace tornado::web::detail
