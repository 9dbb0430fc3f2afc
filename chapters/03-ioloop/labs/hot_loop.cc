// A server with one fault, for section 7 of the lesson. It echoes lines correctly. Watch your
// processor.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "03-ioloop/nonblocking.h"

namespace {

struct Client {
  mini::Socket socket;
  std::string to_send;
};

// [fault]
// Reads what has arrived and sends what it can. Returns false if the client has left.
bool exchange(Client& client) {
  try {
    std::array<char, 4096> piece;
    const auto size = mini::try_read(client.socket, piece.data(), piece.size());
    if (size == 0u) return false;
    client.to_send.append(piece.data(), size.value_or(0));
    client.to_send.erase(0, mini::try_write(client.socket, client.to_send).value_or(0));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void take(mini::IOLoop& loop, std::map<int, Client>& clients, mini::Socket socket) {
  const int fd = socket.fd();
  clients[fd] = {std::move(socket), ""};
  const auto echo = [&loop, &clients](int number, std::uint32_t) {
    if (exchange(clients.at(number))) return;
    loop.remove_handler(number);
    clients.erase(number);
  };
  loop.add_handler(fd, echo, mini::IOLoop::READ | mini::IOLoop::WRITE);
}
// [/fault]

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  std::map<int, Client> clients;
  mini::IOLoop loop;
  mini::Socket listener = mini::Socket::listen(static_cast<std::uint16_t>(port));
  mini::set_nonblocking(listener);
  loop.add_handler(
      listener.fd(),
      [&](int, std::uint32_t) {
        if (auto socket = mini::try_accept(listener)) take(loop, clients, std::move(*socket));
      },
      mini::IOLoop::READ);
  loop.start();
}
