// A handler's view of its client's session: cookies, the user, the language, the token against
// forged requests, and the signed values that cookies may hold.
#include "web/handler/session.h"

#include <tornado/escape.h>
#include <tornado/locale.h>
#include <tornado/web.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <stdexcept>

#include "base/text/ascii.h"
#include "base/text/base64.h"
#include "base/text/hex.h"
#include "base/text/unicode.h"
#include "http/message/cookies.h"
#include "loop/error_text.h"
#include "web/application_state.h"
#include "web/handler/crypto.h"

namespace tornado::web {

// ---- cookies ------------------------------------------------------------------------------------

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
  if (session_state_ == nullptr) session_state_ = core::Owned(new detail::SessionState);
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

// ---- the user -----------------------------------------------------------------------------------

namespace {

// "https://..." (RFC 3986 3.1).
bool has_scheme(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  return scheme.size() < url.size() && !scheme.empty() && is_alpha(scheme.front()) &&
         std::all_of(
             scheme.begin(), scheme.end(),
             [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
}

}  // namespace

void detail::throw_other_user_type(const std::type_info& wanted, const std::type_info* stored) {
  throw std::logic_error(std::string("the current user is ") +
                         (stored == nullptr ? "nobody" : "a " + type_name(*stored)) + ", not a " +
                         type_name(wanted));
}

bool authenticated::admits(RequestHandler& handler) {
  handler.require_login();
  return true;
}

CurrentUser RequestHandler::get_current_user() {
  return {};
}

const CurrentUser& RequestHandler::current_user() {
  if (!session_state().user) {
    CurrentUser user = get_current_user();
    session_state().user = std::move(user);
  }
  return *session_state().user;
}

void RequestHandler::set_current_user(CurrentUser user) {
  session_state().user = std::move(user);
}

std::string RequestHandler::get_login_url() const {
  require_setting("login_url", "web::authenticated");
  return settings().login_url;
}

void RequestHandler::require_login() {
  if (current_user()) return;
  if (verb_ != detail::Verb::kGet && verb_ != detail::Verb::kHead) throw HTTPError(403);
  std::string url = get_login_url();
  if (url.find('?') == url.npos) {
    const std::string next = has_scheme(url) ? request.full_url() : request.uri;
    url += "?next=" + escape::url_escape(next);
  }
  redirect(url);
  throw Finish();
}

// ---- the language -------------------------------------------------------------------------------

namespace {

struct Wanted {
  std::string code;
  double weight = 1;
  std::size_t place = 0;  // in the field
};

// "es;q=0.5". An invalid or negative weight counts as 0.
Wanted parse_language(std::string_view language) {
  const std::size_t end = std::min(language.find(';'), language.size());
  Wanted wanted{std::string(escape::strip_unicode(language.substr(0, end)))};
  std::string_view parameter = language.substr(std::min(end + 1, language.size()));
  parameter = escape::strip_unicode(parameter.substr(0, parameter.find(';')));
  if (!parameter.starts_with("q=")) return wanted;
  parameter = escape::strip_unicode(parameter.substr(2));
  const char* const last = parameter.data() + parameter.size();
  const auto [after, problem] = std::from_chars(parameter.data(), last, wanted.weight);
  if (problem != std::errc() || after != last || !(wanted.weight > 0)) wanted.weight = 0;
  return wanted;
}

}  // namespace

const tornado::locale::Locale& RequestHandler::locale() {
  if (session_state().locale == nullptr) {
    const tornado::locale::Locale* const chosen = get_user_locale();
    session_state().locale = chosen != nullptr ? chosen : &get_browser_locale();
  }
  return *session_state().locale;
}

void RequestHandler::set_locale(const tornado::locale::Locale& locale) {
  session_state().locale = &locale;
}

const tornado::locale::Locale* RequestHandler::get_user_locale() {
  return nullptr;
}

const tornado::locale::Locale& RequestHandler::get_browser_locale(std::string_view fallback) const {
  std::vector<Wanted> languages;
  const std::string field = request.headers.get("Accept-Language");
  std::string_view rest = field;
  while (!rest.empty()) {
    const std::string_view language = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(language.size() + 1, rest.size()));
    Wanted wanted = parse_language(language);
    wanted.place = languages.size();
    if (wanted.weight > 0) languages.push_back(std::move(wanted));
  }
  // Among equals, the first in the field wins.
  std::sort(languages.begin(), languages.end(), [](const Wanted& left, const Wanted& right) {
    return left.weight != right.weight ? left.weight > right.weight : left.place < right.place;
  });
  std::vector<std::string> codes;
  for (Wanted& language : languages) codes.push_back(std::move(language.code));
  if (codes.empty()) codes.emplace_back(fallback);
  return tornado::locale::Locale::get_closest(codes);
}

// ---- XSRF ---------------------------------------------------------------------------------------

// The defence against cross-site request forgery: a random token in a cookie, which other sites
// cannot read, has to accompany every request that changes something.

namespace detail {
namespace {

std::string masked(std::string_view bytes, std::string_view mask) {
  std::string result(bytes);
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<char>(result[i] ^ mask[i % kXsrfMaskSize]);
  }
  return result;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<XsrfToken> decode_v2(std::string_view text) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto pipe = std::min(text.find('|'), text.size());
    const bool last = i + 1 == parts.size();
    if (last != (pipe == text.size())) return std::nullopt;
    parts[i] = text.substr(0, pipe);
    if (!last) text.remove_prefix(pipe + 1);
  }
  const auto mask = hex_decode(parts[1]);
  const auto bytes = hex_decode(parts[2]);
  if (!mask || mask->size() != kXsrfMaskSize || !bytes || !is_number(parts[3])) return std::nullopt;
  XsrfToken token{2, masked(*bytes, *mask), 0};
  const char* const end = parts[3].data() + parts[3].size();
  if (std::from_chars(parts[3].data(), end, token.timestamp).ec != std::errc()) return std::nullopt;
  return token;
}

}  // namespace

std::optional<XsrfToken> decode_xsrf_token(std::string_view text, std::int64_t now) {
  const std::string_view first = text.substr(0, text.find('|'));
  const bool has_version = first.size() < text.size() && is_number(first) && first.front() != '0';
  if (!has_version) return XsrfToken{1, hex_decode(text).value_or(std::string(text)), now};
  if (first != "2") return std::nullopt;
  return decode_v2(text);
}

std::string encode_xsrf_token_v1(const XsrfToken& token) {
  return hex_encode(token.bytes);
}

std::string encode_xsrf_token_v2(const XsrfToken& token, std::string_view mask) {
  return "2|" + hex_encode(mask) + "|" + hex_encode(masked(token.bytes, mask)) + "|" +
         std::to_string(token.timestamp);
}

}  // namespace detail

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

// ---- signed values ------------------------------------------------------------------------------

// Signed values, byte for byte as Tornado makes them. Two forms:
//
//   1:  base64(value)|timestamp|hex(HMAC-SHA1(key, name base64 timestamp))
//   2:  2|L:key_version|L:timestamp|L:name|L:base64(value)|hex(HMAC-SHA256(key, all before it))
//
// L is the length of its field. A value that starts with a number and a pipe has that version;
// numbers above 999 are the base64 of a version 1 value.

namespace {

constexpr double kLongestFutureDays = 31;  // for a version 1 timestamp

std::string signature_v1(const std::string& key, std::string_view name, std::string_view base64,
                         std::string_view timestamp) {
  std::string text(name);
  text.append(base64).append(timestamp);
  return hex_encode(hmac_sha1(key, text));
}

std::string signature_v2(const std::string& key, std::string_view text) {
  return hex_encode(hmac_sha256(key, text));
}

template <class N>
std::optional<N> parse_number(std::string_view text) {
  N number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

// Cuts `text` at the first `separator` and returns the part before it.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == text.npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return part;
}

int version_of(std::string_view value) {
  const auto number = take_until(value, '|');
  if (!number || number->size() > 3 || number->starts_with('0')) return 1;
  return static_cast<int>(parse_number<unsigned>(*number).value_or(1));
}

// ---- version 2 ----------------------------------------------------------------------------------

void append_field(std::string& text, std::string_view field) {
  text.append(std::to_string(field.size())).append(":").append(field).append("|");
}

std::optional<std::string_view> take_field(std::string_view& text) {
  const auto length = take_until(text, ':');
  if (!length) return std::nullopt;
  const auto size = parse_number<std::size_t>(*length);
  if (!size || *size >= text.size() || text[*size] != '|') return std::nullopt;
  const std::string_view field = text.substr(0, *size);
  text.remove_prefix(*size + 1);
  return field;
}

struct Fields {
  int key_version;
  std::string_view timestamp;
  std::string_view name;
  std::string_view base64;
  std::string_view signature;
  std::string_view to_sign;
};

std::optional<Fields> split_v2(std::string_view value) {
  std::string_view rest = value.substr(2);
  const auto key_version = take_field(rest);
  const auto timestamp = key_version ? take_field(rest) : std::nullopt;
  const auto name = timestamp ? take_field(rest) : std::nullopt;
  const auto base64 = name ? take_field(rest) : std::nullopt;
  if (!base64) return std::nullopt;
  const auto number = parse_number<int>(*key_version);
  if (!number) return std::nullopt;
  return Fields{*number, *timestamp, *name,
                *base64, rest,       value.substr(0, value.size() - rest.size())};
}

std::optional<std::string> decode_v2(const CookieSecret& secret, std::string_view name,
                                     std::string_view value, double oldest) {
  const auto fields = split_v2(value);
  if (!fields) return std::nullopt;
  const std::string* const key = secret.find(fields->key_version);
  if (key == nullptr) return std::nullopt;
  if (!equal_in_constant_time(fields->signature, signature_v2(*key, fields->to_sign))) {
    return std::nullopt;
  }
  if (fields->name != name) return std::nullopt;
  const auto timestamp = parse_number<std::int64_t>(fields->timestamp);
  if (!timestamp || static_cast<double>(*timestamp) < oldest) return std::nullopt;
  return base64_decode(fields->base64);
}

// ---- version 1 ----------------------------------------------------------------------------------

std::optional<std::string> decode_v1(const std::string& key, std::string_view name,
                                     std::string_view value, double oldest, double now) {
  std::string_view rest = value;
  const auto base64 = take_until(rest, '|');
  const auto timestamp_text = base64 ? take_until(rest, '|') : std::nullopt;
  if (!timestamp_text || rest.find('|') != rest.npos) return std::nullopt;
  if (!equal_in_constant_time(rest, signature_v1(key, name, *base64, *timestamp_text))) {
    return std::nullopt;
  }
  const auto timestamp = parse_number<std::int64_t>(*timestamp_text);
  if (!timestamp || static_cast<double>(*timestamp) < oldest) return std::nullopt;
  // The signature does not say where the value ends: moving digits from the end of the value to the
  // timestamp leaves it valid. They produce a time far ahead, or one with a leading zero.
  if (static_cast<double>(*timestamp) > now + kLongestFutureDays * kSecondsPerDay) {
    return std::nullopt;
  }
  if (timestamp_text->starts_with('0')) return std::nullopt;
  return base64_decode(*base64);
}

void require_key(const CookieSecret& secret) {
  if (secret.empty()) throw std::invalid_argument("signed values need a key that is not empty");
}

}  // namespace

CookieSecret::CookieSecret(const char* key) : key_(key) {}
CookieSecret::CookieSecret(std::string key) : key_(std::move(key)) {}
CookieSecret::CookieSecret(Keys keys) : keys_(std::make_shared<const Keys>(std::move(keys))) {}
CookieSecret::CookieSecret(std::initializer_list<std::pair<const int, std::string>> keys)
    : CookieSecret(Keys(keys)) {}

bool CookieSecret::empty() const noexcept {
  if (!versioned()) return key_.empty();
  return std::all_of(keys_->begin(), keys_->end(),
                     [](const auto& key) { return key.second.empty(); });
}

const std::string* CookieSecret::find(int version) const noexcept {
  if (!versioned()) return key_.empty() ? nullptr : &key_;
  const auto found = keys_->find(version);
  return found == keys_->end() || found->second.empty() ? nullptr : &found->second;
}

std::string create_signed_value(const CookieSecret& secret, std::string_view name,
                                std::string_view value, int version, std::optional<int> key_version,
                                std::optional<std::int64_t> now) {
  require_key(secret);
  const std::string timestamp = std::to_string(now.value_or(std::time(nullptr)));
  const std::string base64 = base64_encode(value);
  if (version != 1 && version != 2) {
    throw std::invalid_argument("unknown version " + std::to_string(version) + " of signed values");
  }
  if (secret.versioned() && (version == 1 || !key_version)) {
    throw std::invalid_argument("a secret with versions needs a key version, and version 2");
  }
  const std::string* const key = secret.find(key_version.value_or(0));
  if (key == nullptr) {
    throw std::invalid_argument("the secret has no key version " + std::to_string(*key_version));
  }
  if (version == 1) {
    return base64 + "|" + timestamp + "|" + signature_v1(*key, name, base64, timestamp);
  }
  std::string text = "2|";
  append_field(text, std::to_string(key_version.value_or(0)));
  append_field(text, timestamp);
  append_field(text, name);
  append_field(text, base64);
  return text + signature_v2(*key, text);
}

std::optional<std::string> decode_signed_value(const CookieSecret& secret, std::string_view name,
                                               std::string_view value, double max_age_days,
                                               int min_version, std::optional<std::int64_t> now) {
  require_key(secret);
  if (min_version > kMaxSupportedSignedValueVersion) {
    throw std::invalid_argument("unknown version " + std::to_string(min_version) +
                                " of signed values");
  }
  const int version = version_of(value);
  if (version < min_version) return std::nullopt;
  const auto present = static_cast<double>(now.value_or(std::time(nullptr)));
  const double oldest = present - max_age_days * kSecondsPerDay;
  if (version == 2) return decode_v2(secret, name, value, oldest);
  // Key versions were introduced after version 1.
  if (version != 1 || secret.versioned()) return std::nullopt;
  return decode_v1(*secret.find(0), name, value, oldest, present);
}

std::optional<int> get_signature_key_version(std::string_view value) {
  if (version_of(value) != 2) return std::nullopt;
  const auto fields = split_v2(value);
  return fields ? std::optional(fields->key_version) : std::nullopt;
}

}  // namespace tornado::web
