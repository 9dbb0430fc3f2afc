#include "http/message/proxy_header.h"

#include <arpa/inet.h>

#include <array>
#include <utility>

#include "base/text/ascii.h"
#include "base/text/number_text.h"

namespace tornado::http {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kFirst = "PROXY "sv;
constexpr std::string_view kSecond = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kMaxLine = 107;   // of version 1, with its CRLF
constexpr std::size_t kFixedPart = 16;  // of version 2
constexpr std::size_t kPorts = 4;       // two ports follow two addresses

ProxyHeader bad(const char* reason) {
  return {.status = ProxyHeaderStatus::kBad, .reason = reason};
}

ProxyHeader done(std::size_t size, std::string client) {
  return {.status = ProxyHeaderStatus::kDone, .size = size, .client = std::move(client)};
}

// Returns the address in its usual form, or "" if `text` is not an address of that family.
std::string address(int family, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return {};  // C would see the part before it
  unsigned char bytes[16];
  char shown[INET6_ADDRSTRLEN];
  if (::inet_pton(family, std::string(text).c_str(), bytes) != 1) return {};
  return ::inet_ntop(family, bytes, shown, sizeof shown);
}

bool is_port(std::string_view text) {
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  return parse_number<std::uint16_t>(text).has_value() && !leading_zero;
}

// "TCP4 192.0.2.7 192.0.2.1 56324 443"
ProxyHeader parse_line(std::string_view line, std::size_t size) {
  const std::string_view protocol = take_until(line, ' ');
  if (protocol == "UNKNOWN") return done(size, {});  // the rest is to be ignored
  if (protocol != "TCP4" && protocol != "TCP6") return bad("not TCP4, TCP6 or UNKNOWN");
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  std::string client = address(family, take_until(line, ' '));
  const std::string server = address(family, take_until(line, ' '));
  if (client.empty() || server.empty()) return bad("not an address");
  const std::string_view client_port = take_until(line, ' ');
  if (!is_port(client_port) || !is_port(line)) return bad("not a port");
  return done(size, std::move(client));
}

ProxyHeader parse_text(std::string_view data) {
  const std::size_t end = data.substr(0, kMaxLine).find("\r\n");
  if (end != std::string_view::npos) {
    return parse_line(data.substr(kFirst.size(), end - kFirst.size()), end + 2);
  }
  if (data.size() >= kMaxLine) return bad("a line of more than 107 bytes");
  return {};
}

ProxyHeader parse_binary(std::string_view data) {
  if (data.size() < kFixedPart) return {};
  const auto byte = [data](std::size_t at) { return static_cast<unsigned char>(data[at]); };
  const unsigned version = byte(12) >> 4;
  const unsigned command = byte(12) & 15;
  if (version != 2 || command > 1) return bad("an unknown version or command");
  const std::size_t length = std::size_t{byte(14)} << 8 | byte(15);
  const std::size_t size = kFixedPart + length;
  if (size > kMaxProxyHeader) return bad("a header that is too long");
  if (data.size() < size) return {};
  const unsigned family = byte(13) >> 4;
  if (command == 0 || (family != 1 && family != 2)) return done(size, {});
  const std::size_t bytes = family == 1 ? 4 : 16;
  if (length < 2 * bytes + kPorts) return bad("a header too short for its addresses");
  std::array<char, 16> client{};
  data.substr(kFixedPart, bytes).copy(client.data(), bytes);
  char shown[INET6_ADDRSTRLEN];
  return done(size,
              ::inet_ntop(family == 1 ? AF_INET : AF_INET6, client.data(), shown, sizeof shown));
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view data) {
  for (const std::string_view start : {kFirst, kSecond}) {
    const std::string_view common = data.substr(0, start.size());
    if (!start.starts_with(common)) continue;
    if (common.size() < start.size()) return {};
    return start == kFirst ? parse_text(data) : parse_binary(data);
  }
  return bad("no PROXY header");
}

}  // namespace tornado::http
