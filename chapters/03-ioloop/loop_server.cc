#include "03-ioloop/loop_server.h"

#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "03-ioloop/nonblocking.h"

namespace mini {
namespace {

constexpr double kPause = 0.01;  // seconds

}  // namespace

LoopServer::LoopServer(IOLoop& loop, Socket listener, LoopHandler handler)
    : loop_(loop),
      listener_(std::move(listener)),
      handler_(std::make_shared<const LoopHandler>(std::move(handler))) {
  set_nonblocking(listener_);
  loop_.add_handler(listener_.fd(), [this](int, std::uint32_t) { accept(); }, IOLoop::READ);
}

LoopServer::~LoopServer() {
  loop_.remove_timeout(pause_);
  loop_.remove_handler(listener_.fd());
}

// [accept]
void LoopServer::accept() {
  try {
    // One at a time: if more clients are waiting, the loop calls again.
    if (std::optional<Socket> client = try_accept(listener_)) {
      std::make_shared<LoopConnection>(loop_, std::move(*client), handler_)->start();
    }
  } catch (const std::system_error& error) {
    // Probably out of descriptors. The client stays in the queue, so the listener stays readable
    // and the loop would call again at once, in vain. Stop listening for a moment.
    std::fprintf(stderr, "cannot accept, trying again in 10 ms: %s\n", error.what());
    loop_.update_handler(listener_.fd(), 0);
    pause_ =
        loop_.call_later(kPause, [this] { loop_.update_handler(listener_.fd(), IOLoop::READ); });
  }
}
// [/accept]

}  // namespace mini
