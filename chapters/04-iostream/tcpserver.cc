#include "04-iostream/tcpserver.h"

#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "03-ioloop/nonblocking.h"

namespace mini {
namespace {

constexpr double kPause = 0.01;  // seconds

}  // namespace

void TCPServer::listen(std::uint16_t port, const std::string& address) {
  stop();
  listener_ = Socket::listen(port, address);
  set_nonblocking(listener_);
  loop_.add_handler(listener_.fd(), [this](int, std::uint32_t) { accept(); }, IOLoop::READ);
}

void TCPServer::stop() {
  loop_.remove_timeout(pause_);
  loop_.remove_handler(listener_.fd());
  listener_.close();
}

// [accept]
void TCPServer::accept() {
  std::optional<Socket> client;
  try {
    client = try_accept(listener_);
  } catch (const std::system_error& error) {
    // As in chapter 03: the client stays in the queue, and we stop listening for a moment.
    std::fprintf(stderr, "cannot accept, trying again in 10 ms: %s\n", error.what());
    loop_.update_handler(listener_.fd(), 0);
    pause_ =
        loop_.call_later(kPause, [this] { loop_.update_handler(listener_.fd(), IOLoop::READ); });
  }
  if (client) handle_stream(IOStream::create(loop_, std::move(*client)));
}
// [/accept]

}  // namespace mini
