// Internal header, part of <tornado/web.h>: what cookies are set with, and signed values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tornado::web {

class RequestHandler;

// The attributes of a cookie to be set, by Tornado's names:
//
//   set_cookie("theme", "dark", web::CookieOptions().max_age(3600).httponly());
class CookieOptions {
 public:
  CookieOptions() {}

  // The host and its subdomains that the cookie is for; without it, the host that set it only.
  CookieOptions& domain(std::string value);
  // The pages beneath this path; "/" unless set. Empty: the page's folder.
  CookieOptions& path(std::string value);
  // When the browser drops it, in seconds since 1970. Without this and the next two: when the
  // browser is closed.
  CookieOptions& expires(double value);
  // The same, counted from now; expires() goes first.
  CookieOptions& expires_days(double value);
  // The same in seconds from now. Browsers heed this one if they got both.
  CookieOptions& max_age(std::int64_t value);
  // Scripts cannot read it. Signed cookies have it unless this says false.
  CookieOptions& httponly(bool value = true);
  // Sent over HTTPS only.
  CookieOptions& secure(bool value = true);
  // "Strict", "Lax" or "None": whether requests from other sites have it; empty: not said. Signed
  // cookies have "Lax" unless this says something else.
  CookieOptions& samesite(std::string value);

 private:
  friend class RequestHandler;
  std::string domain_;
  std::string path_ = "/";
  std::optional<std::string> samesite_;
  std::optional<double> expires_;
  std::optional<double> expires_days_;
  std::optional<std::int64_t> max_age_;
  std::optional<bool> httponly_;
  bool secure_ = false;
};

// What values are signed with: one key, or several by version, so that a new one can be brought in
// while cookies of the old one are still good.
//
//   settings.cookie_secret = "a long random text";
//   settings.cookie_secret = {{1, "the old one"}, {2, "the new one"}};
class CookieSecret {
 public:
  using Keys = std::map<int, std::string>;

  CookieSecret() = default;  // none
  CookieSecret(const char* key);
  CookieSecret(std::string key);
  CookieSecret(Keys keys);
  CookieSecret(std::initializer_list<std::pair<const int, std::string>> keys);

  // No key, or nothing but empty ones.
  bool empty() const noexcept;
  // Whether it has versions, and not one key.
  bool versioned() const noexcept { return keys_ != nullptr; }
  // The key of that version, or null. A single key is version 0 when it signs and good for every
  // version when it checks, as in Tornado. Valid as long as this object.
  const std::string* find(int version) const noexcept;

 private:
  std::string key_;
  std::shared_ptr<const Keys> keys_;  // null: one key
};

// The forms of a signed value. Version 1 is that of Tornado 1 and 2: no name, version or length is
// in it, and its digest is HMAC-SHA1. It is read unless min_version forbids it.
inline constexpr int kMinSupportedSignedValueVersion = 1;
inline constexpr int kMaxSupportedSignedValueVersion = 2;
inline constexpr int kDefaultSignedValueVersion = 2;
inline constexpr int kDefaultSignedValueMinVersion = 1;

// `value` with `name`, the time and a signature, in text that is good for a cookie: whoever has it
// can read it, but not change it. `key_version` chooses among the keys of a secret that has
// versions. `now` is in seconds since 1970; unset: the clock's. Throws std::invalid_argument if
// there is no key, or no such version. Tornado: create_signed_value.
std::string create_signed_value(const CookieSecret& secret, std::string_view name,
                                std::string_view value, int version = kDefaultSignedValueVersion,
                                std::optional<int> key_version = {},
                                std::optional<std::int64_t> now = {});

// The value of what create_signed_value() gave for the same name, here or in Python's Tornado.
// Nothing if it was changed, is of another name or key, older than `max_age_days`, or of a version
// below `min_version`. Comparing takes the same time wherever the first difference is. Throws
// std::invalid_argument if there is no key, or for a min_version above 2; no text makes it throw.
// Tornado: decode_signed_value.
std::optional<std::string> decode_signed_value(const CookieSecret& secret, std::string_view name,
                                               std::string_view value, double max_age_days = 31,
                                               int min_version = kDefaultSignedValueMinVersion,
                                               std::optional<std::int64_t> now = {});

// The version of the key that `value` says it was signed with; nothing for version 1, which does
// not say, and for what is no signed value. The signature is not checked. Tornado:
// get_signature_key_version.
std::optional<int> get_signature_key_version(std::string_view value);

}  // namespace tornado::web
