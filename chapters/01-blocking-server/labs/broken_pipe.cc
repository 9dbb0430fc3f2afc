// A server with one fault, for the lab of the lesson. It sends a line every tenth of a second,
// until one day it vanishes.
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "01-blocking-server/socket.h"

namespace {

// [fault]
void tick(mini::Socket& client) {
  for (int i = 0; i < 20; ++i) {
    const std::string line = (i == 0 ? "HTTP/1.1 200 OK\r\n\r\n" : "") + std::string("tick\n");
    if (::write(client.fd(), line.data(), line.size()) < 0) {
      std::perror("write");  // this client has left; on to the next
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}
// [/fault]

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  mini::Socket listener = mini::Socket::listen(static_cast<std::uint16_t>(port));
  while (std::optional<mini::Socket> client = listener.accept()) {
    std::array<char, 4096> request;
    if (client->read(request.data(), request.size()) > 0) tick(*client);
  }
}
