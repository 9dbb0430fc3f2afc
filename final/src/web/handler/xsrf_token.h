// Internal header. The text of XSRF tokens, in Tornado's format. Pure: no clock, no random bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tornado::web::detail {

inline constexpr std::size_t kXsrfTokenSize = 16;  // bytes of a new one
inline constexpr std::size_t kXsrfMaskSize = 4;

struct XsrfToken {
  std::optional<int> version;  // of the text it was read from; none if it is new
  std::string bytes;
  std::int64_t timestamp;  // seconds since 1970
};

// Parses version 2, `2
// hex(mask)
// hex(bytes xor mask)
// timestamp`, and version 1: the bytes in hexadecimal or, if they are not, the text itself, with
// `now` as its time. Returns nothing for text that begins like another version, or for an invalid
// version 2.
std::optional<XsrfToken> decode_xsrf_token(std::string_view text, std::int64_t now);

std::string encode_xsrf_token_v1(const XsrfToken& token);
// `mask` has kXsrfMaskSize bytes. A different mask for each response makes the text differ, so that
// a compressed page does not reveal the token piece by piece (BREACH).
std::string encode_xsrf_token_v2(const XsrfToken& token, std::string_view mask);

}  // namespace tornado::web::detail
