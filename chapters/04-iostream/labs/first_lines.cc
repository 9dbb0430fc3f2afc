// A line server the way everyone first writes it, on the loop alone: as if each read were a line,
// and each write sent everything. first_lines [PORT]
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "03-ioloop/nonblocking.h"

namespace {

std::string in_capitals(std::string line) {
  for (char& letter : line) letter = static_cast<char>(std::toupper(letter));
  return line;
}

// [fault]
// Answers a line in capitals. Returns false if the client has left.
bool answer_line(const mini::Socket& client) {
  try {
    std::array<char, 65536> line;
    const auto size = mini::try_read(client, line.data(), line.size());
    if (size == 0u) return false;
    const std::string text(line.data(), size.value_or(0));
    mini::try_write(client, "You said: " + in_capitals(text));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}
// [/fault]

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  std::map<int, mini::Socket> clients;
  mini::IOLoop loop;
  mini::Socket listener = mini::Socket::listen(static_cast<std::uint16_t>(port));
  mini::set_nonblocking(listener);
  const auto serve = [&](int fd, std::uint32_t) {
    if (answer_line(clients.at(fd))) return;
    loop.remove_handler(fd);
    clients.erase(fd);
  };
  loop.add_handler(
      listener.fd(),
      [&](int, std::uint32_t) {
        std::optional<mini::Socket> client = mini::try_accept(listener);
        if (!client) return;
        const int fd = client->fd();
        clients[fd] = std::move(*client);
        loop.add_handler(fd, serve, mini::IOLoop::READ);
      },
      mini::IOLoop::READ);
  loop.start();
}
