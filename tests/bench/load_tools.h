// What the programs that hold a crowd of connections have in common.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace load {

using Clock = std::chrono::steady_clock;

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
  std::exit(1);
}

inline int check(int result, const char* what) {
  if (result < 0) fail(std::string(what) + ": " + std::strerror(errno));
  return result;
}

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The processor time that a process of this machine has used, all its threads together.
inline double process_cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
    fail("no process " + std::to_string(pid));
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Closes with a reset, which leaves no TIME_WAIT behind: ten thousand of them would use up the
// ports of the next measurement.
inline void reset(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

// What the field Content-Length of a response's head says. `head` ends before the blank line.
inline std::optional<std::size_t> content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t line = head.find("\r\n"); line != head.npos;
       line = head.find("\r\n", line + 2)) {
    std::string_view field = head.substr(line + 2);
    if (field.size() < kName.size() || strncasecmp(field.data(), kName.data(), kName.size()) != 0)
      continue;
    field.remove_prefix(kName.size());
    while (field.starts_with(' ')) field.remove_prefix(1);
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), length);
    if (error == std::errc()) return length;
  }
  return std::nullopt;
}

// Raises the limit of open files as far as this process may, and says what it got.
inline void allow_files(rlim_t needed) {
  rlimit limit{};
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  const rlimit raised{std::max(limit.rlim_max, needed), std::max(limit.rlim_max, needed)};
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
  }
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  std::fprintf(stderr, "%s: %llu open files allowed, %llu needed\n", program_invocation_short_name,
               static_cast<unsigned long long>(limit.rlim_cur),
               static_cast<unsigned long long>(needed));
  if (limit.rlim_cur < needed) fail("too few open files: raise the hard limit (ulimit -Hn)");
}

// One client address has one local port for each connection to the server: a larger crowd needs
// more addresses.
inline std::size_t ports_per_address() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  long low = 32768;
  long high = 60999;
  file >> low >> high;
  return static_cast<std::size_t>((high - low + 1) * 9 / 10);  // others need some too
}

inline sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

}  // namespace load
