// The cookies of a request and of its response, including signed ones.
#include "http/message/cookies.h"

#include <tornado/web.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>

#include "web/application_state.h"
#include "web/handler/session_state.h"

namespace tornado::web {
namespace {

constexpr double kSecondsPerDay = 86400;

// Far beyond any date, and small enough for the integer type.
constexpr double kTooFar = 1e15;

std::int64_t whole_seconds(double seconds) {
  if (!(std::abs(seconds) < kTooFar)) {
    throw std::invalid_argument("a cookie's time is out of range");
  }
  return static_cast<std::int64_t>(std::floor(seconds));
}

}  // namespace

CookieOptions& CookieOptions::domain(std::string value) {
  domain_ = std::move(value);
  return *this;
}
CookieOptions& CookieOptions::path(std::string value) {
  path_ = std::move(value);
  return *this;
}
CookieOptions& CookieOptions::expires(double value) {
  expires_ = value;
  return *this;
}
CookieOptions& CookieOptions::expires_days(double value) {
  expires_days_ = value;
  return *this;
}
CookieOptions& CookieOptions::max_age(std::int64_t value) {
  max_age_ = value;
  return *this;
}
CookieOptions& CookieOptions::httponly(bool value) {
  httponly_ = value;
  return *this;
}
CookieOptions& CookieOptions::secure(bool value) {
  secure_ = value;
  return *this;
}
CookieOptions& CookieOptions::samesite(std::string value) {
  samesite_ = std::move(value);
  return *this;
}

detail::SessionState& RequestHandler::session_state() {
  if (session_state_ == nullptr) session_state_ = core::make_owned<detail::SessionState>();
  return *session_state_;
}

std::optional<std::string> RequestHandler::get_cookie(std::string_view name) const {
  const auto found = request.cookies().find(name);
  return found == request.cookies().end() ? std::nullopt : std::optional(found->second);
}

std::string RequestHandler::get_cookie(std::string_view name, std::string_view fallback) const {
  const auto found = request.cookies().find(name);
  return found == request.cookies().end() ? std::string(fallback) : found->second;
}

void RequestHandler::set_cookie(std::string_view name, std::string_view value,
                                const CookieOptions& options) {
  http::CookieAttributes attributes;
  attributes.domain = options.domain_;
  attributes.httponly = options.httponly_.value_or(false);
  attributes.max_age = options.max_age_;
  attributes.path = options.path_;
  if (options.samesite_) attributes.samesite = *options.samesite_;
  attributes.secure = options.secure_;
  if (options.expires_) {
    attributes.expires = whole_seconds(*options.expires_);
  } else if (options.expires_days_) {
    attributes.expires = whole_seconds(static_cast<double>(std::time(nullptr)) +
                                       *options.expires_days_ * kSecondsPerDay);
  }
  if (const char* const fault = http::cookie_fault(name, value, attributes)) {
    throw std::invalid_argument("a cookie cannot be set: " + std::string(fault));
  }
  std::string text = http::format_set_cookie(name, value, attributes);
  auto& cookies = session_state().new_cookies;
  std::erase_if(cookies, [name](const auto& cookie) { return cookie.first == name; });
  cookies.emplace_back(name, std::move(text));
}

void RequestHandler::clear_cookie(std::string_view name, const CookieOptions& options) {
  if (options.expires_ || options.expires_days_ || options.max_age_) {
    throw std::invalid_argument("clear_cookie() decides itself when the cookie expires");
  }
  constexpr double kOneYear = 365;
  CookieOptions all = options;
  all.expires_days_ = -kOneYear;
  if (http::needs_secure(name)) all.secure_ = true;
  if (http::needs_host_only(name)) all.domain("").path("/");
  set_cookie(name, "", all);
}

void RequestHandler::clear_all_cookies(const CookieOptions& options) {
  for (const auto& [name, value] : request.cookies()) clear_cookie(name, options);
}

void RequestHandler::add_new_cookies() {
  if (session_state_ == nullptr) return;
  for (const auto& [name, text] : session_state_->new_cookies) add_header("Set-Cookie", text);
}

// ---- signed cookies -----------------------------------------------------------------------------

const CookieSecret& RequestHandler::cookie_secret() const {
  require_setting("cookie_secret", "signed cookies");
  return settings().cookie_secret;
}

std::string RequestHandler::create_signed_value(std::string_view name, std::string_view value,
                                                int version) const {
  return web::create_signed_value(cookie_secret(), name, value, version, settings().key_version);
}

void RequestHandler::set_signed_cookie(std::string_view name, std::string_view value,
                                       std::optional<double> expires_days,
                                       const CookieOptions& options, int version) {
  CookieOptions all = options;
  all.expires_days_ = expires_days;
  if (!all.httponly_) all.httponly_ = true;
  if (!all.samesite_) all.samesite_ = "Lax";
  set_cookie(name, create_signed_value(name, value, version), all);
}

std::optional<std::string> RequestHandler::get_signed_cookie(std::string_view name,
                                                             double max_age_days,
                                                             int min_version) const {
  const CookieSecret& secret = cookie_secret();
  const auto found = request.cookies().find(name);
  if (found == request.cookies().end()) return std::nullopt;
  return decode_signed_value(secret, name, found->second, max_age_days, min_version);
}

std::optional<int> RequestHandler::get_signed_cookie_key_version(std::string_view name) const {
  static_cast<void>(cookie_secret());
  const auto found = request.cookies().find(name);
  if (found == request.cookies().end()) return std::nullopt;
  return get_signature_key_version(found->second);
}

}  // namespace tornado::web
