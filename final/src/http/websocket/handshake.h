// Internal header. The texts of WebSocket's opening handshake (RFC 6455 4) and of the negotiation
// of permessage-deflate (RFC 7692 7.1). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::http {

// 16 random bytes in base64.
std::string make_websocket_key();
// Whether it is 16 bytes in base64.
[[nodiscard]] bool is_websocket_key(std::string_view key);
// What a server answers to `key`.
std::string websocket_accept(std::string_view key);

// ---- extensions ---------------------------------------------------------------------------------

struct ExtensionParameter {
  std::string_view name;
  std::optional<std::string> value;  // quotes undone
};

struct Extension {
  std::string_view name;
  std::vector<ExtensionParameter> parameters;
};

// The elements of a Sec-WebSocket-Extensions field (RFC 6455 9.1), in order; nothing if it is
// malformed. Views into `value`.
std::optional<std::vector<Extension>> parse_extensions(std::string_view value);

// What both sides have agreed on. "Client" and "server" say whose messages are meant.
struct DeflateAgreement {
  std::uint8_t server_window_bits = 15;
  std::uint8_t client_window_bits = 15;
  bool server_takeover = true;
  bool client_takeover = true;
  bool names_server_bits = false;  // the answer has the parameter
  bool names_client_bits = false;
  bool operator==(const DeflateAgreement&) const = default;
};

// What this side wants: no larger window, no takeover in either direction.
struct DeflateWish {
  std::uint8_t window_bits = 15;
  bool takeover = true;
};

// A server's choice among the offers in `value`: the first permessage-deflate that can be accepted.
// One with a parameter that is unknown, repeated or has an impossible value is passed over, as are
// other extensions. Nothing: no compression. (RFC 7692 5, 7.1)
std::optional<DeflateAgreement> choose_deflate(std::string_view value, const DeflateWish& wish);
// The answer that says so.
std::string deflate_answer(const DeflateAgreement& agreement);

// A client's offer.
std::string deflate_offer(const DeflateWish& wish);

enum class AnswerStatus : std::uint8_t { kNone, kAgreed, kBad };

// What a server answered to that offer; an empty `value`: nothing. kBad: fail the connection.
AnswerStatus read_deflate_answer(std::string_view value, const DeflateWish& wish,
                                 DeflateAgreement& agreement);

}  // namespace tornado::http
