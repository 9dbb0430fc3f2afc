// Internal header, part of <tornado/web.h>: attributes of cookies, and signed values.
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

// The attributes of a new cookie, under Tornado's names:
//
//   set_cookie("theme", "dark", web::CookieOptions().max_age(3600).httponly());
class CookieOptions {
 public:
  CookieOptions() {}

  // The host that the cookie is for, with its subdomains. Unset: only the host that set it.
  CookieOptions& domain(std::string value);
  // The cookie is for pages below this path; "/" unless set. Empty: the page's folder.
  CookieOptions& path(std::string value);
  // When the browser drops the cookie, in seconds since 1970. Without this and the next two: when
  // the browser is closed.
  CookieOptions& expires(double value);
  // The same, counted from now; expires() takes precedence.
  CookieOptions& expires_days(double value);
  // The same in seconds from now. Browsers prefer this one if they receive both.
  CookieOptions& max_age(std::int64_t value);
  // Hides it from scripts. Signed cookies have this unless it is set to false.
  CookieOptions& httponly(bool value = true);
  // Sends it over HTTPS only.
  CookieOptions& secure(bool value = true);
  // "Strict", "Lax" or "None": whether requests from other sites include it; empty: not stated.
  // Signed cookies have "Lax" unless this is set.
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

// The key that signs values, or several keys by version, so that a new one can be introduced while
// cookies signed with the old one remain valid.
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

  // Returns true if there is no key, or only empty ones.
  bool empty() const noexcept;
  // Returns true if there are keys by version rather than one key.
  bool versioned() const noexcept { return keys_ != nullptr; }
  // Returns the key of that version, or null. As in Tornado, a single key has version 0 for signing
  // and matches every version for checking. Valid as long as this object.
  const std::string* find(int version) const noexcept;

 private:
  std::string key_;
  std::shared_ptr<const Keys> keys_;  // null: one key
};

// The formats of a signed value. Version 1 is that of Tornado 1 and 2: it contains no name, version
// or length, and its digest is HMAC-SHA1. It is accepted unless min_version excludes it.
inline constexpr int kMinSupportedSignedValueVersion = 1;
inline constexpr int kMaxSupportedSignedValueVersion = 2;
inline constexpr int kDefaultSignedValueVersion = 2;
inline constexpr int kDefaultSignedValueMinVersion = 1;

// Returns `value` with `name`, the time and a signature, as text for a cookie: the client can read
// it but not change it. `key_version` chooses a key if the secret has versions. `now` is in seconds
// since 1970; unset: the current time. Throws std::invalid_argument if there is no key, or no such
// version. Tornado: create_signed_value.
std::string create_signed_value(const CookieSecret& secret, std::string_view name,
                                std::string_view value, int version = kDefaultSignedValueVersion,
                                std::optional<int> key_version = {},
                                std::optional<std::int64_t> now = {});

// Returns the value that was passed to create_signed_value() with the same name, here or in
// Python's Tornado. Returns nullopt if the text was changed, has another name or key, is older than
// `max_age_days`, or has a version below `min_version`. The comparison takes constant time. Throws
// std::invalid_argument if there is no key, or for a min_version above 2; never because of the
// text. Tornado: decode_signed_value.
std::optional<std::string> decode_signed_value(const CookieSecret& secret, std::string_view name,
                                               std::string_view value, double max_age_days = 31,
                                               int min_version = kDefaultSignedValueMinVersion,
                                               std::optional<std::int64_t> now = {});

// Returns the key version that `value` names; nullopt for version 1, which does not contain one,
// and for text that is not a signed value. Does not check the signature. Tornado:
// get_signature_key_version.
std::optional<int> get_signature_key_version(std::string_view value);

}  // namespace tornado::web
