// Listening sockets.
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <tornado/netutil.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/resolve/lookup.h"

namespace tornado::netutil {
namespace {

void check(int result, const std::string& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

void set_flag(const Socket& socket, int level, int option, const char* what) {
  const int on = 1;
  check(::setsockopt(socket.fileno(), level, option, &on, sizeof on), what);
}

Socket listen_at(const Address& address, const BindOptions& options) {
  Socket socket(address.family());
  set_flag(socket, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
  if (options.reuse_port) set_flag(socket, SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT");
  if (address.family() == Family::kInet6) {
    // The IPv4 socket beside this one accepts IPv4.
    set_flag(socket, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY");
  }
  sockaddr_storage storage;
  const unsigned length = address.to_sockaddr(storage);
  check(::bind(socket.fileno(), reinterpret_cast<sockaddr*>(&storage), length),
        "bind to " + address.str());
  check(::listen(socket.fileno(), options.backlog), "listen at " + address.str());
  return socket;
}

// Returns whether this machine lacks IPv6, or this address.
bool is_family_missing(const std::error_code& error) {
  return error.value() == EAFNOSUPPORT || error.value() == EADDRNOTAVAIL;
}

// Makes one attempt. With port 0 the first socket chooses the port, and the others follow.
std::vector<Socket> listen_at_all(const std::vector<Address>& addresses, std::uint16_t port,
                                  const BindOptions& options) {
  std::vector<Socket> sockets;
  for (const Address& address : addresses) {
    try {
      sockets.push_back(listen_at(address.with_port(port), options));
    } catch (const std::system_error& error) {
      const bool last_chance = sockets.empty() && &address == &addresses.back();
      if (last_chance || address.family() != Family::kInet6 || !is_family_missing(error.code())) {
        throw;
      }
      continue;
    }
    if (port == 0) port = sockets.back().getsockname().port();
  }
  return sockets;
}

}  // namespace

std::vector<Socket> bind_sockets(int wanted_port, const std::string& address,
                                 const BindOptions& options) {
  const std::uint16_t port = checked_port(wanted_port);
  std::vector<Address> addresses;
  std::vector<Address> others;
  for (Address& found : lookup(address, port, options.family, AI_PASSIVE)) {
    (found.family() == Family::kInet ? addresses : others).push_back(std::move(found));
  }
  addresses.insert(addresses.end(), others.begin(), others.end());
  constexpr int kTries = 16;
  for (int tries = 1;; ++tries) {
    try {
      return listen_at_all(addresses, port, options);
    } catch (const std::system_error& error) {
      // The port that was free for IPv4 may be taken for IPv6, so try another one.
      if (port != 0 || error.code().value() != EADDRINUSE || tries == kTries) throw;
    }
  }
}

Socket bind_unix_socket(const std::string& file, unsigned mode, int backlog) {
  const Address address = Address::unix_path(file);
  const bool abstract = file.front() == '\0';
  struct stat found{};
  if (!abstract && ::lstat(file.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) {
      throw std::invalid_argument("File " + file + " exists and is not a socket");
    }
    check(::unlink(file.c_str()), "unlink " + file);
  }
  Socket socket(Family::kUnix);
  // Linux creates the file with this mode, less the umask, so nobody gets in before chmod.
  if (!abstract) check(::fchmod(socket.fileno(), mode), "fchmod");
  sockaddr_storage storage;
  const unsigned length = address.to_sockaddr(storage);
  check(::bind(socket.fileno(), reinterpret_cast<sockaddr*>(&storage), length), "bind to " + file);
  if (!abstract) check(::chmod(file.c_str(), mode), "chmod " + file);
  check(::listen(socket.fileno(), backlog), "listen at " + file);
  return socket;
}

}  // namespace tornado::netutil
