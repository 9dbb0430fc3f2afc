// The server everybody writes first. It works on the first day. The lesson shows what happens on
// the second.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "01-blocking-server/socket.h"

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  mini::Socket listener = mini::Socket::listen(static_cast<std::uint16_t>(port));
  // [first]
  while (std::optional<mini::Socket> client = listener.accept()) {
    std::array<char, 1024> request;
    if (::read(client->fd(), request.data(), request.size()) < 0) continue;
    const std::string_view answer = "HTTP/1.1 200 OK\r\n\r\nHello, world\n";
    if (::write(client->fd(), answer.data(), answer.size()) < 0) std::perror("write");
  }
  // [/first]
}
