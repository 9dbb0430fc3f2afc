#include <sys/socket.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/netutil.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "net/errors.h"

namespace tornado::netutil {
namespace {

constexpr int kMaxAccepts = 128;  // per wake-up
constexpr double kFirstPause = 0.1;
constexpr double kLongestPause = 1.0;
constexpr double kLogInterval = 1.0;

// The listening socket is fine, but this machine is full.
bool is_out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// The connection died in the backlog; the next one may be fine.
bool concerns_one_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Owned by its AcceptHandler. Frees itself at the end of the round in which the handler drops it,
// because its callback may be running.
class detail::Acceptor final : public ioloop::EventHandler, public core::OwnedRunnable {
 public:
  Acceptor(int fd, std::unique_ptr<AcceptCallback> callback)
      : fd_(fd), callback_(std::move(callback)) {
    auto& loop = ioloop::IOLoop::current();
    loop.add_handler(fd, *this, ioloop::IOLoop::READ);
    loop_ = &loop;
  }

  void remove() noexcept {
    if (auto* loop = std::exchange(loop_, nullptr)) {
      loop->remove_timeout(pause_);
      loop->remove_handler(fd_);
    }
    core::retire(*this);
  }

 private:
  // [accept]
  void handle_events(int /*fd*/, std::uint32_t /*events*/) override {
    for (int i = 0; i < kMaxAccepts && loop_ != nullptr; ++i) {
      sockaddr_storage storage;
      socklen_t length = sizeof storage;
      auto* name = reinterpret_cast<sockaddr*>(&storage);
      Socket connection(::accept4(fd_, name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!connection) {
        if (concerns_one_connection(errno)) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) failed(errno);
        return;
      }
      next_pause_ = kFirstPause;
      try {
        callback_->call(std::move(connection), Address(name, length));
      } catch (...) {
        core::report_callback_exception();
      }
    }
  }
  // [/accept]

  // [full]
  void failed(int error) {
    if (loop_->time() >= next_line_) {
      next_line_ = loop_->time() + kLogInterval;
      log::gen_log.error("accept failed on " + std::to_string(fd_) + ": " + error_text(error));
    }
    // The poller is level-triggered: it would report the waiting connection again and again.
    loop_->update_handler(fd_, ioloop::IOLoop::NONE);
    if (!is_out_of_resources(error)) return;
    pause_ = loop_->call_later(std::exchange(next_pause_, std::min(next_pause_ * 2, kLongestPause)),
                               [this] { loop_->update_handler(fd_, ioloop::IOLoop::READ); });
  }
  // [/full]

  void released() noexcept override { loop_ = nullptr; }

  const int fd_;
  const std::unique_ptr<AcceptCallback> callback_;
  ioloop::IOLoop* loop_ = nullptr;  // while registered
  ioloop::Timeout pause_;
  double next_pause_ = kFirstPause;
  double next_line_ = std::numeric_limits<double>::lowest();
};

AcceptHandler::AcceptHandler(const Socket& socket, std::unique_ptr<detail::AcceptCallback> callback)
    : acceptor_(new detail::Acceptor(socket.fileno(), std::move(callback))) {}

void AcceptHandler::remove() noexcept {
  if (acceptor_ != nullptr) std::exchange(acceptor_, nullptr)->remove();
}

}  // namespace tornado::netutil
