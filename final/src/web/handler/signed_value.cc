// Signed values, byte for byte as Tornado makes them. Two forms:
//
//   1:  base64(value)|timestamp|hex(HMAC-SHA1(key, name base64 timestamp))
//   2:  2|L:key_version|L:timestamp|L:name|L:base64(value)|hex(HMAC-SHA256(key, all before it))
//
// L is the length of its field. A value that starts with a number and a pipe has that version;
// numbers above 999 are the base64 of a version 1 value.
#include <tornado/web.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <stdexcept>

#include "base/text/base64.h"
#include "base/text/hex.h"
#include "web/handler/crypto.h"

namespace tornado::web {
namespace {

constexpr double kSecondsPerDay = 86400;
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
