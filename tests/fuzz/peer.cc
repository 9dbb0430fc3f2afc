#include "peer.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "../support/allocated.h"
#include "check.h"

namespace tornado::fuzz {

World::World() : allocated_(test::allocated()), loop_(options(clock_)) {
  loop_.make_current();
}

ioloop::IOLoopOptions World::options(ioloop::Clock& clock) {
  ioloop::IOLoopOptions options;
  options.clock = &clock;
  options.make_current = ioloop::MakeCurrent::kNo;
  return options;
}

// The clock moves only when nothing else is left to do: so all of it is done before the timer.
void World::turn(double seconds) {
  loop_.call_later(seconds + 1e-6, [this] { loop_.stop(); });
  loop_.start();
}

std::size_t World::growth() const {
  const std::size_t now = test::allocated();
  return now > allocated_ ? now - allocated_ : 0;
}

int open_descriptors() {
  constexpr int kMost = 256;
  int count = 0;
  for (int fd = 0; fd < kMost; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

void FreeSsl::operator()(SSL* tls) const {
  ::SSL_free(tls);
}

Peer::Peer(int fd, SSL_CTX* tls) : fd_(fd) {
  if (tls == nullptr) return;
  tls_.reset(::SSL_new(tls));
  FUZZ_CHECK(tls_ != nullptr);
  ::SSL_set_bio(tls_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
  ::SSL_set_connect_state(tls_.get());
  pump_tls({});
}

void Peer::send(std::string_view bytes) {
  if (tls_ == nullptr) {
    unsent_ += bytes;
    return;
  }
  plain_ += bytes;
  pump_tls({});
}

void Peer::end() {
  ending_ = true;
  if (tls_ != nullptr) {
    ::SSL_shutdown(tls_.get());
    pump_tls({});
  }
}

void Peer::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  over_ = true;
}

bool Peer::pump() {
  if (fd_ < 0) return false;
  const bool sent = flush();
  const bool came = !stalled_ && !over_ && receive();
  return sent || came;
}

bool Peer::flush() {
  bool moved = false;
  while (!unsent_.empty()) {
    const ssize_t count = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return moved;
    moved = true;
    if (count < 0) {  // the other end does not read any more
      unsent_.clear();
      break;
    }
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
  if (ending_ && !ended_) {
    ended_ = true;
    moved = true;
    ::shutdown(fd_, SHUT_WR);
  }
  return moved;
}

bool Peer::receive() {
  char buffer[65'536];
  const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
  if (count < 0 && errno == EAGAIN) return false;
  if (count <= 0) {
    over_ = true;
    return true;
  }
  const std::string_view arrived(buffer, static_cast<std::size_t>(count));
  if (tls_ != nullptr) {
    pump_tls(arrived);
  } else {
    received += arrived;
  }
  return true;
}

void Peer::pump_tls(std::string_view arrived) {
  if (!arrived.empty()) {
    ::BIO_write(::SSL_get_rbio(tls_.get()), arrived.data(), static_cast<int>(arrived.size()));
  }
  if (!SSL_is_init_finished(tls_.get())) ::SSL_do_handshake(tls_.get());
  if (SSL_is_init_finished(tls_.get())) {
    const int sent = plain_.empty()
                         ? 0
                         : ::SSL_write(tls_.get(), plain_.data(), static_cast<int>(plain_.size()));
    plain_.erase(0, sent > 0 ? static_cast<std::size_t>(sent) : 0);
    char buffer[16'384];
    for (int count = 0; (count = ::SSL_read(tls_.get(), buffer, sizeof buffer)) > 0;) {
      received.append(buffer, static_cast<std::size_t>(count));
    }
  }
  char buffer[16'384];
  for (int count = 0;
       (count = ::BIO_read(::SSL_get_wbio(tls_.get()), buffer, sizeof buffer)) > 0;) {
    unsent_.append(buffer, static_cast<std::size_t>(count));
  }
  ::ERR_clear_error();  // the queue is the thread's, so also the server's
}

}  // namespace tornado::fuzz
