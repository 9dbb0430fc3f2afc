// The defence against cross-site request forgery: a random token in a cookie, which other sites
// cannot read, has to accompany every request that changes something.
#include <tornado/escape.h>
#include <tornado/web.h>

#include <ctime>
#include <stdexcept>

#include "web/handler/crypto.h"
#include "web/handler/session_state.h"

namespace tornado::web {
namespace {

constexpr double kDaysForUsers = 30;  // life of the cookie of a logged-in user

std::string encode(const detail::XsrfToken& token, int version) {
  if (version == 1) return encode_xsrf_token_v1(token);
  if (version == 2) return encode_xsrf_token_v2(token, random_bytes(detail::kXsrfMaskSize));
  throw std::invalid_argument("xsrf_cookie_version must be 1 or 2");
}

}  // namespace

// Returns the cookie's token, or a new one if the request had no valid token.
const detail::XsrfToken& RequestHandler::raw_xsrf_token() {
  auto& token = session_state().xsrf;
  if (!token) {
    const auto cookie = get_cookie(settings().xsrf_cookie_name);
    if (cookie && !cookie->empty()) {
      token = detail::decode_xsrf_token(*cookie, std::time(nullptr));
    }
    if (!token) {
      token = detail::XsrfToken{{}, random_bytes(detail::kXsrfTokenSize), std::time(nullptr)};
    }
  }
  return *token;
}

const std::string& RequestHandler::xsrf_token() {
  std::string& text = session_state().xsrf_token;
  if (text.empty()) {
    const detail::XsrfToken& token = raw_xsrf_token();
    std::string encoded = encode(token, settings().xsrf_cookie_version);
    if (!token.version) {
      CookieOptions options = settings().xsrf_cookie_kwargs;
      if (!options.expires_days_ && current_user()) options.expires_days(kDaysForUsers);
      set_cookie(settings().xsrf_cookie_name, encoded, options);
    }
    text = std::move(encoded);
  }
  return text;
}

void RequestHandler::check_xsrf_cookie() {
  std::string sent = get_argument("_xsrf", "");
  if (sent.empty()) sent = request.headers.get("X-Xsrftoken");
  if (sent.empty()) sent = request.headers.get("X-Csrftoken");
  if (sent.empty()) throw HTTPError(403, "'_xsrf' argument missing from POST");
  const auto token = detail::decode_xsrf_token(sent, 0);
  if (!token || token->bytes.empty()) {
    throw HTTPError(403, "'_xsrf' argument has invalid format");
  }
  if (!equal_in_constant_time(token->bytes, raw_xsrf_token().bytes)) {
    throw HTTPError(403, "XSRF cookie does not match POST argument");
  }
}

std::string RequestHandler::xsrf_form_html() {
  return "<input type=\"hidden\" name=\"_xsrf\" value=\"" + escape::xhtml_escape(xsrf_token()) +
         "\"/>";
}

}  // namespace tornado::web
