#include "03-3-busy-for-nothing/collector.h"

#include <fcntl.h>

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "03-ioloop/nonblocking.h"

namespace {

// Lets a loop watch a descriptor for as long as this object exists.
class Watch {
 public:
  Watch(mini::IOLoop& loop, int fd, mini::Callback on_readable) : loop_(loop), fd_(fd) {
    const auto handler = [on_readable = std::move(on_readable)](int, std::uint32_t) {
      on_readable();
    };
    loop_.add_handler(fd_, handler, mini::IOLoop::READ);
  }
  ~Watch() { loop_.remove_handler(fd_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  mini::IOLoop& loop_;
  const int fd_;
};

}  // namespace

struct Collector::Upload {
  Upload(mini::IOLoop& loop, mini::Socket connection, mini::Callback on_readable)
      : watch(loop, connection.fd(), std::move(on_readable)), socket(std::move(connection)) {}

  Watch watch;
  mini::Socket socket;
  std::string all;
};

Collector::Collector(mini::IOLoop& loop, mini::Socket socket, Finished finished,
                     std::function<void()> progress)
    : finished_(std::move(finished)), progress_(std::move(progress)) {
  mini::set_nonblocking(socket);
  upload_ = std::make_unique<Upload>(loop, std::move(socket), [this] { read(); });
}

Collector::~Collector() = default;

void Collector::read() {
  try {
    std::array<char, 4096> piece;
    const auto size = mini::try_read(upload_->socket, piece.data(), piece.size());
    if (!size) return;
    if (*size == 0) return finish();
    upload_->all.append(piece.data(), *size);
    progress_();
  } catch (const std::system_error&) {
    finish();
  }
}

void Collector::finish() {
  // The receiver gets a descriptor of its own, which nobody here can close or read.
  mini::Socket connection(::fcntl(upload_->socket.fd(), F_DUPFD_CLOEXEC, 0));
  const std::string all = std::move(upload_->all);
  upload_.reset();
  finished_(all, std::move(connection));
}
