#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <tornado/systemd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tornado::systemd {
namespace {

struct Passed {
  std::string name;
  netutil::Socket socket;
};

// Asks systemd's library once: the variables are then gone, so that no child finds them.
std::vector<Passed>& passed() {
  static auto& sockets = *new std::vector<Passed>([] {
    char** names = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &names);
    if (count < 0) throw std::system_error(-count, std::generic_category(), "sd_listen_fds");
    std::vector<Passed> found;
    for (int i = 0; i < count; ++i) {
      found.push_back({names[i], netutil::Socket(SD_LISTEN_FDS_START + i)});
      std::free(names[i]);
    }
    std::free(names);
    return found;
  }());
  return sockets;
}

void check(const Passed& passed) {
  const int fd = passed.socket.fileno();
  if (::sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
    throw std::runtime_error("systemd passed descriptor " + std::to_string(fd) + " (" +
                             passed.name +
                             "), which is not a listening stream socket: the socket unit needs "
                             "ListenStream= and Accept=no");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    throw std::system_error(errno, std::generic_category(), "fcntl");
  }
}

}  // namespace

std::vector<netutil::Socket> listen_fds(std::string_view name) {
  std::vector<netutil::Socket> sockets;
  std::vector<Passed> others;
  for (Passed& one : passed()) {
    if (!name.empty() && one.name != name) {
      others.push_back(std::move(one));
      continue;
    }
    check(one);
    sockets.push_back(std::move(one.socket));
  }
  passed() = std::move(others);
  return sockets;
}

bool notify(const std::string& state) {
  return ::sd_notify(0, state.c_str()) > 0;
}

std::optional<double> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return static_cast<double>(microseconds) / 1e6;
}

}  // namespace tornado::systemd
