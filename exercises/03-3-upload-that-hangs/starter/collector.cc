#include "03-3-upload-that-hangs/collector.h"

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "03-ioloop/nonblocking.h"

Collector::Collector(mini::IOLoop& loop, mini::Socket socket, Finished finished,
                     std::function<void()> progress)
    : loop_(loop),
      socket_(std::move(socket)),
      finished_(std::move(finished)),
      progress_(std::move(progress)) {
  mini::set_nonblocking(socket_);
  loop_.add_handler(
      socket_.fd(), [this](int, std::uint32_t) { read(); }, mini::IOLoop::READ | EPOLLET);
}

Collector::~Collector() {
  loop_.remove_handler(socket_.fd());
}

void Collector::read() {
  try {
    std::array<char, 4096> piece;
    const auto size = mini::try_read(socket_, piece.data(), piece.size());
    if (!size) return;
    if (*size == 0) return finish();
    all_.append(piece.data(), *size);
    progress_();
  } catch (const std::system_error&) {
    finish();
  }
}

void Collector::finish() {
  loop_.remove_handler(socket_.fd());
  finished_(all_);
}
