// Where libsystemd is missing.
#include <tornado/systemd.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace tornado::systemd {

std::vector<netutil::Socket> listen_fds(std::string_view /*name*/) {
  const char* const pid = std::getenv("LISTEN_PID");
  if (pid == nullptr || std::to_string(::getpid()) != pid) return {};
  throw std::runtime_error(
      "systemd passed sockets, but this library was built without libsystemd: install "
      "libsystemd-dev and build it again");
}

bool notify(const std::string& /*state*/) {
  return false;
}

std::optional<double> watchdog_interval() {
  return std::nullopt;
}

}  // namespace tornado::systemd
