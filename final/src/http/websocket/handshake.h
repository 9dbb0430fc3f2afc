// Internal header. The texts of WebSocket's opening handshake (RFC 6455 4) and of the negotiation
// of permessage-deflate (RFC 7692 7.1). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::http {

// Returns a new key: 16 random bytes in base64.
std::string make_websocket_key();
// Returns whether the text is 16 bytes in base64.
[[nodiscard]] bool is_websocket_key(std::string_view key);
// Returns the server's response to `key`.
std::string websocket_accept(std::string_view key);

// ---- extensions ---------------------------------------------------------------------------------

struct ExtensionParameter {
  std::string_view name;
  std::optional<std::string> value;  // without quotes and escapes
};

struct Extension {
  std::string_view name;
  std::vector<ExtensionParameter> parameters;
};

// Returns the elements of a Sec-WebSocket-Extensions field (RFC 6455 9.1), in order; nothing if it
// is malformed. The views point into `value`.
std::optional<std::vector<Extension>> parse_extensions(std::string_view value);

// The parameters that both sides agreed on. "Client" and "server" name the sender of the messages.
struct DeflateAgreement {
  std::uint8_t server_window_bits = 15;
  std::uint8_t client_window_bits = 15;
  bool server_takeover = true;
  bool client_takeover = true;
  bool names_server_bits = false;  // the response has the parameter
  bool names_client_bits = false;
  bool operator==(const DeflateAgreement&) const = default;
};

// This side's limits, for both directions: the largest window, and whether takeover is allowed.
struct DeflateWish {
  std::uint8_t window_bits = 15;
  bool takeover = true;
};

// Chooses among the offers in `value`, for a server: the first permessage-deflate that can be
// accepted. Skips one with an unknown or repeated parameter or an impossible value, and other
// extensions. Returns nothing for no compression (RFC 7692 5, 7.1).
std::optional<DeflateAgreement> choose_deflate(std::string_view value, const DeflateWish& wish);
// Returns the response that accepts it.
std::string deflate_answer(const DeflateAgreement& agreement);

// Returns a client's offer.
std::string deflate_offer(const DeflateWish& wish);

enum class AnswerStatus : std::uint8_t { kNone, kAgreed, kBad };

// Reads a server's response to that offer; an empty `value` accepts nothing. kBad: fail the
// connection.
AnswerStatus read_deflate_answer(std::string_view value, const DeflateWish& wish,
                                 DeflateAgreement& agreement);

}  // namespace tornado::http
