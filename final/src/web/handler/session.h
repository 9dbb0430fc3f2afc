// Internal header. A handler's knowledge of its client's session, and the text of XSRF tokens.
#pragma once

#include <tornado/web.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado::web::detail {

// ---- XSRF tokens, in Tornado's format: no clock, no random bytes ------------------------------

inline constexpr std::size_t kXsrfTokenSize = 16;  // bytes of a new one
inline constexpr std::size_t kXsrfMaskSize = 4;

struct XsrfToken {
  std::optional<int> version;  // of the text it was read from; none if it is new
  std::string bytes;
  std::int64_t timestamp;  // seconds since 1970
};

// Parses version 2, `2|hex(mask)|hex(bytes xor mask)|timestamp`, and version 1: the bytes in
// hexadecimal or, if they are not, the text itself, with `now` as its time. Returns nothing for
// text that begins like another version, or for an invalid version 2.
std::optional<XsrfToken> decode_xsrf_token(std::string_view text, std::int64_t now);

std::string encode_xsrf_token_v1(const XsrfToken& token);
// `mask` has kXsrfMaskSize bytes. A different mask for each response makes the text differ, so that
// a compressed page does not reveal the token piece by piece (BREACH).
std::string encode_xsrf_token_v2(const XsrfToken& token, std::string_view mask);

// ---- the session --------------------------------------------------------------------------------

// Created when a handler first asks for a part of it; many never do.
struct SessionState {
  std::vector<std::pair<std::string, std::string>> new_cookies;  // name, value of Set-Cookie
  std::optional<CurrentUser> user;                               // empty until requested
  const locale::Locale* locale = nullptr;                        // null until requested
  std::optional<XsrfToken> xsrf;                                 // the cookie's, or a new one
  std::string xsrf_token;  // in the form that this response shows
};

}  // namespace tornado::web::detail
