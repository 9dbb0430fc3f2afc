#include "http/websocket/handshake.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/text/base64.h"
#include "http/message/chars.h"

namespace tornado::http {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kKeyLength = 24;  // of 16 bytes in base64

constexpr std::string_view kDeflate = "permessage-deflate";
constexpr std::string_view kServerNoTakeover = "server_no_context_takeover";
constexpr std::string_view kClientNoTakeover = "client_no_context_takeover";
constexpr std::string_view kServerBits = "server_max_window_bits";
constexpr std::string_view kClientBits = "client_max_window_bits";

std::string_view view(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

bool is_base64_char(char c) {
  return is_alnum(c) || c == '+' || c == '/';
}

// ---- the grammar of the field

class ExtensionParser {
 public:
  explicit ExtensionParser(std::string_view text) : rest_(text) {}

  std::optional<std::vector<Extension>> parse() {
    std::vector<Extension> list;
    for (;;) {
      blanks();
      // Empty elements of a list are allowed (RFC 9110 5.6.1).
      if (rest_.empty()) return list;
      if (accept(',')) continue;
      Extension extension;
      if (!token(extension.name)) return std::nullopt;
      while (accept(';')) {
        if (!parameter(extension)) return std::nullopt;
      }
      list.push_back(std::move(extension));
      if (!rest_.empty() && !accept(',')) return std::nullopt;
    }
  }

 private:
  void blanks() { rest_ = trim_blanks(rest_); }
  bool accept(char c) {
    blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool token(std::string_view& out) {
    blanks();
    std::size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size])) ++size;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return size > 0;
  }
  bool parameter(Extension& extension) {
    ExtensionParameter made;
    if (!token(made.name)) return false;
    if (accept('=')) {
      blanks();
      if (rest_.starts_with('"')) {
        if (!quoted(made.value.emplace())) return false;
      } else {
        std::string_view text;
        if (!token(text)) return false;
        made.value = text;
      }
    }
    extension.parameters.push_back(std::move(made));
    return true;
  }
  // The text inside the quotes must be a token too (RFC 6455 9.1).
  bool quoted(std::string& out) {
    std::size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (rest_[at] == '\\' && ++at == rest_.size()) return false;
      out += rest_[at];
    }
    if (at >= rest_.size()) return false;
    rest_.remove_prefix(at + 1);
    return is_token(out);
  }

  std::string_view rest_;
};

// ---- the parameters of permessage-deflate

struct DeflateParameters {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  std::optional<std::uint8_t> server_bits;
  std::optional<std::uint8_t> client_bits;
  bool client_bits_named = false;
};

// 8 to 15, without a leading zero (RFC 7692 7.1.2.1).
std::optional<std::uint8_t> window_bits(const std::optional<std::string>& value) {
  if (!value) return std::nullopt;
  for (std::uint8_t bits = 8; bits <= 15; ++bits) {
    if (*value == std::to_string(bits)) return bits;
  }
  return std::nullopt;
}

// Returns false for an invalid parameter.
bool read_parameter(const ExtensionParameter& given, DeflateParameters& parameters) {
  const auto flag = [&given](bool& seen) { return !given.value && !std::exchange(seen, true); };
  if (given.name == kServerNoTakeover) return flag(parameters.server_no_takeover);
  if (given.name == kClientNoTakeover) return flag(parameters.client_no_takeover);
  if (given.name == kServerBits) {
    if (parameters.server_bits) return false;
    parameters.server_bits = window_bits(given.value);
    return parameters.server_bits.has_value();
  }
  if (given.name == kClientBits) {
    if (std::exchange(parameters.client_bits_named, true)) return false;
    parameters.client_bits = window_bits(given.value);
    return parameters.client_bits.has_value() || !given.value;
  }
  return false;
}

std::optional<DeflateParameters> read_deflate(const Extension& extension) {
  DeflateParameters parameters;
  for (const ExtensionParameter& given : extension.parameters) {
    if (!read_parameter(given, parameters)) return std::nullopt;
  }
  return parameters;
}

DeflateAgreement agree(const DeflateParameters& offer, const DeflateWish& wish) {
  DeflateAgreement agreement;
  agreement.server_takeover = wish.takeover && !offer.server_no_takeover;
  agreement.client_takeover = wish.takeover && !offer.client_no_takeover;
  agreement.server_window_bits = std::min(offer.server_bits.value_or(15), wish.window_bits);
  // An offered limit is accepted by repeating it, even if it changes nothing (RFC 7692 7.1.2.1). If
  // a client does not say that it can use a smaller window, it does not have to.
  agreement.names_server_bits = offer.server_bits || agreement.server_window_bits != 15;
  agreement.client_window_bits = offer.client_bits_named
                                     ? std::min(offer.client_bits.value_or(15), wish.window_bits)
                                     : std::uint8_t{15};
  agreement.names_client_bits = offer.client_bits || agreement.client_window_bits != 15;
  return agreement;
}

void add_bits(std::string& out, std::string_view name, std::uint8_t bits) {
  out.append("; ").append(name).append("=").append(std::to_string(bits));
}

}  // namespace

// ---- keys ---------------------------------------------------------------------------------------

std::string make_websocket_key() {
  std::array<unsigned char, kKeyBytes> bytes;
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("no random bytes");
  }
  return base64_encode(view(bytes.data(), bytes.size()));
}

bool is_websocket_key(std::string_view key) {
  if (key.size() != kKeyLength || !key.ends_with("==")) return false;
  return std::all_of(key.begin(), key.end() - 2, is_base64_char);
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += kGuid;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode(view(digest.data(), digest.size()));
}

// ---- extensions ---------------------------------------------------------------------------------

std::optional<std::vector<Extension>> parse_extensions(std::string_view value) {
  return ExtensionParser(value).parse();
}

std::optional<DeflateAgreement> choose_deflate(std::string_view value, const DeflateWish& wish) {
  const auto offers = parse_extensions(value);
  if (!offers) return std::nullopt;
  for (const Extension& offer : *offers) {
    if (offer.name != kDeflate) continue;
    if (const auto parameters = read_deflate(offer)) return agree(*parameters, wish);
  }
  return std::nullopt;
}

std::string deflate_answer(const DeflateAgreement& agreement) {
  std::string answer(kDeflate);
  if (!agreement.server_takeover) answer.append("; ").append(kServerNoTakeover);
  if (!agreement.client_takeover) answer.append("; ").append(kClientNoTakeover);
  if (agreement.names_server_bits) add_bits(answer, kServerBits, agreement.server_window_bits);
  if (agreement.names_client_bits) add_bits(answer, kClientBits, agreement.client_window_bits);
  return answer;
}

std::string deflate_offer(const DeflateWish& wish) {
  std::string offer(kDeflate);
  if (!wish.takeover) {
    offer.append("; ").append(kServerNoTakeover).append("; ").append(kClientNoTakeover);
  }
  if (wish.window_bits == 15) return offer.append("; ").append(kClientBits);
  add_bits(offer, kServerBits, wish.window_bits);
  add_bits(offer, kClientBits, wish.window_bits);
  return offer;
}

AnswerStatus read_deflate_answer(std::string_view value, const DeflateWish& wish,
                                 DeflateAgreement& agreement) {
  if (value.empty()) return AnswerStatus::kNone;
  const auto answers = parse_extensions(value);
  if (!answers || answers->size() != 1 || answers->front().name != kDeflate) {
    return AnswerStatus::kBad;
  }
  const auto parameters = read_deflate(answers->front());
  if (!parameters || (parameters->client_bits_named && !parameters->client_bits)) {
    return AnswerStatus::kBad;
  }
  if (!wish.takeover && !parameters->server_no_takeover) return AnswerStatus::kBad;
  agreement.server_takeover = !parameters->server_no_takeover;
  agreement.client_takeover = wish.takeover && !parameters->client_no_takeover;
  agreement.server_window_bits = parameters->server_bits.value_or(15);
  agreement.client_window_bits = std::min(parameters->client_bits.value_or(15), wish.window_bits);
  if (agreement.server_window_bits > wish.window_bits) return AnswerStatus::kBad;
  return AnswerStatus::kAgreed;
}

}  // namespace tornado::http
