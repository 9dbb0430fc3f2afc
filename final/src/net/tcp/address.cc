#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <tornado/netutil.h>

#include <cstddef>
#include <cstring>

#include "base/text/number_text.h"

namespace tornado::netutil {
namespace {

// Returns the number of the interface after a '%', given as its name or as the number. 0 if there
// is none.
std::uint32_t scope_number(std::string_view name) {
  const std::uint32_t index = ::if_nametoindex(std::string(name).c_str());
  return index != 0 ? index : parse_number<std::uint32_t>(name).value_or(0);
}

}  // namespace

Address::Address(const sockaddr* address, std::size_t length) {
  if (length < sizeof(sa_family_t)) return;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    family_ = Family::kInet;
    port_ = ntohs(in.sin_port);
    std::memcpy(bytes_, &in.sin_addr, 4);
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in6;
    std::memcpy(&in6, address, sizeof in6);
    family_ = Family::kInet6;
    port_ = ntohs(in6.sin6_port);
    scope_ = in6.sin6_scope_id;
    std::memcpy(bytes_, &in6.sin6_addr, 16);
  } else if (address->sa_family == AF_UNIX) {
    family_ = Family::kUnix;
    const char* path = reinterpret_cast<const char*>(address) + offsetof(sockaddr_un, sun_path);
    if (length <= offsetof(sockaddr_un, sun_path)) return;
    path_.assign(path, length - offsetof(sockaddr_un, sun_path));
    // A file's name ends at a NUL; an abstract name begins with one.
    if (path_.front() != '\0') path_.resize(std::strlen(path_.c_str()));
  }
}

std::optional<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  if (ip.find('\0') != std::string_view::npos) return std::nullopt;
  const std::size_t percent = ip.find('%');
  const bool scoped = percent != std::string_view::npos;
  const std::string host(ip.substr(0, percent));
  Address address;
  address.port_ = port;
  if (!scoped && ::inet_pton(AF_INET, host.c_str(), address.bytes_) == 1) {
    address.family_ = Family::kInet;
  } else if (::inet_pton(AF_INET6, host.c_str(), address.bytes_) == 1) {
    address.family_ = Family::kInet6;
    if (scoped) address.scope_ = scope_number(ip.substr(percent + 1));
    if (scoped && address.scope_ == 0) return std::nullopt;
  } else {
    return std::nullopt;
  }
  return address;
}

Address::Address(std::string_view ip, std::uint16_t port) {
  std::optional<Address> parsed = parse(ip, port);
  if (!parsed) throw std::invalid_argument("not a numeric IP address: '" + std::string(ip) + "'");
  *this = std::move(*parsed);
}

bool is_valid_ip(std::string_view text) {
  return Address::parse(text).has_value();
}

Address Address::unix_path(std::string path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    throw std::invalid_argument("the path of a Unix socket needs 1 to 107 bytes: '" + path + "'");
  }
  Address address;
  address.family_ = Family::kUnix;
  address.path_ = std::move(path);
  return address;
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family_ == Family::kInet) ::inet_ntop(AF_INET, bytes_, text, sizeof text);
  if (family_ == Family::kInet6) ::inet_ntop(AF_INET6, bytes_, text, sizeof text);
  std::string result = text;
  if (scope_ != 0) {
    char name[IF_NAMESIZE];
    result += '%';
    result += ::if_indextoname(scope_, name) != nullptr ? name : std::to_string(scope_);
  }
  return result;
}

std::string Address::str() const {
  switch (family_) {
    case Family::kInet:
      return ip() + ":" + std::to_string(port_);
    case Family::kInet6:
      return "[" + ip() + "]:" + std::to_string(port_);
    case Family::kUnix:
    case Family::kUnspecified:
      break;
  }
  return path_;
}

unsigned Address::to_sockaddr(sockaddr_storage& out) const noexcept {
  std::memset(&out, 0, sizeof out);
  if (family_ == Family::kInet) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, bytes_, 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  if (family_ == Family::kInet6) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port_);
    in6.sin6_scope_id = scope_;
    std::memcpy(&in6.sin6_addr, bytes_, 16);
    std::memcpy(&out, &in6, sizeof in6);
    return sizeof in6;
  }
  if (family_ == Family::kUnix) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, path_.data(), path_.size());
    std::memcpy(&out, &local, sizeof local);
    // An abstract name has exactly the given length; a file's name is followed by a NUL.
    const bool named_file = !path_.empty() && path_.front() != '\0';
    return static_cast<unsigned>(offsetof(sockaddr_un, sun_path) + path_.size() + named_file);
  }
  return 0;
}

}  // namespace tornado::netutil
