// A server with a defect, to show that chapters.py notices it: planted_server DEFECT. When a read
// fails, the defect shows.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::string_view kHello =
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nHello, world";

int listen_on_loopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  auto* const address = reinterpret_cast<sockaddr*>(&name);
  if (::bind(fd, address, size) != 0 || ::listen(fd, 16) != 0) std::_Exit(3);
  ::getsockname(fd, address, &size);
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(name.sin_port));
  std::fflush(stdout);
  return fd;
}

void show(std::string_view defect) {
  if (defect == "crashes") std::abort();
  if (defect == "ends") std::_Exit(1);
  if (defect == "hangs") ::pause();
  if (defect == "stays") std::signal(SIGTERM, SIG_IGN);
}

// Serves one connection.
void serve(int client, std::string_view defect, bool& broken) {
  char buffer[4096];
  ssize_t count = 0;
  do {
    count = ::read(client, buffer, sizeof buffer);
  } while (count > 0 &&
           !std::string_view(buffer, static_cast<std::size_t>(count)).ends_with("\r\n\r\n"));
  if (count < 0) {
    broken = true;
    show(defect);
  }
  if (!broken || defect != "refuses") {
    static_cast<void>(::send(client, kHello.data(), kHello.size(), MSG_NOSIGNAL));
    ::shutdown(client, SHUT_WR);
    while (::read(client, buffer, sizeof buffer) > 0) continue;
  }
  ::close(client);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view defect = argc > 1 ? argv[1] : "";
  std::signal(SIGTERM, [](int) { std::_Exit(0); });
  const int listener = listen_on_loopback();
  bool broken = false;
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) serve(client, defect, broken);
  }
}
