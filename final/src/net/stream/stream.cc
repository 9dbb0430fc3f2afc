// A stream's life: what the poller watches for it, its place in the loop's queue, and its end.
// stream_input.cc has the reading, stream_output.cc the writing.
#include "net/stream/stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loop/loop_state.h"
#include "loop/settled.h"
#include "net/errors.h"
#include "net/stream/stream_parts.h"

namespace tornado::iostream::detail {

using ioloop::IOLoop;
using ioloop::detail::Poller;

namespace {

// How many bytes of a file to copy at a time: four TLS records.
constexpr std::size_t kCopyBytes = 65'536;

}  // namespace

Stream::Stream(netutil::Socket socket, const IOStreamOptions& options, bool non_blocking)
    : fd_(socket.release()),
      read_chunk_size_(static_cast<std::uint32_t>(
          std::clamp<std::size_t>(std::min(options.read_chunk_size, options.max_buffer_size / 2), 1,
                                  ioloop::detail::LoopState::kScratchSize))),
      max_buffer_size_(options.max_buffer_size),
      max_write_buffer_size_(options.max_write_buffer_size) {
  if (fd_ < 0 || non_blocking) return;
  const int flags = ::fcntl(fd_, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
}

Stream::~Stream() = default;

IOLoop& Stream::loop() {
  return registered_ || queued_ ? *loop_ : IOLoop::current();
}

bool Stream::busy() const noexcept {
  return !closed() &&
         (reading() || pending_output() > 0 || connecting() != nullptr || linger() != nullptr);
}

void Stream::unreferenced() noexcept {
  if (busy()) return;
  if (closed()) {
    delete this;
    return;
  }
  const core::Ref pin(this);  // its end comes here again
  close();
}

Stream::Stages& Stream::stages() {
  if (stages_ == nullptr) stages_ = std::make_unique<Stages>();
  return *stages_;
}

const std::exception_ptr& Stream::error() const noexcept {
  static const std::exception_ptr none;
  return stages_ != nullptr ? stages_->error : none;
}

// ---- the loop calls -----------------------------------------------------------------------------

void Stream::handle_events(int /*fd*/, std::uint32_t events) {
  const core::Ref pin(this);
  serve_events(events);
  // Now, and not at the end of the next round, so that the observer learns of it before the waiters
  // of the futures that have just failed go on.
  if (closed() && observer_ != nullptr) std::exchange(observer_, nullptr)->on_closed();
}

void Stream::serve_events(std::uint32_t events) {
  if (connecting() != nullptr) return advance_connect(events);
  if ((events & (IOLoop::READ | Poller::kHangup | IOLoop::ERROR)) != 0) handle_input(events);
  if (closed() || (events & (IOLoop::WRITE | IOLoop::ERROR)) == 0) return;
  if (pending_output() > 0 || hidden_output_) {
    flush();
  } else {
    set_events(events_ & ~IOLoop::WRITE);
  }
}

void Stream::run() {
  const auto pin = core::Ref<Stream>::adopt(this);  // the queue's reference
  queued_ = false;
  if (closed()) {
    if (observer_ != nullptr) std::exchange(observer_, nullptr)->on_closed();
    return;
  }
  if (showing_ == Showing::kUnread && observer_ != nullptr && has_unread()) {
    show({});
    // The observer may have responded to what it was shown, and there may be more to show: one
    // write serves all.
    if (queued_ || closed()) return;
  }
  if (hidden_input_ && wants_input()) {
    receive();
    if (queued_ || closed()) return;
  }
  flush();
}

void Stream::discard() noexcept {
  const auto pin = core::Ref<Stream>::adopt(this);  // the queue's reference
  queued_ = false;
  loop_gone();
}

void Stream::released() noexcept {
  if (!registered_) return;  // removed by ourselves
  const core::Ref pin(this);
  registered_ = false;
  loop_gone();
}

void Stream::queue_on(IOLoop& home) {
  if (queued_) return;
  if (home.internals().closed) return loop_gone();
  loop_ = &home;
  queued_ = true;
  home.internals().at_end_of_round(*core::Ref(this).detach());
}

// ---- what the poller watches --------------------------------------------------------------------

void Stream::watch(std::uint32_t events) {
  if (closed()) return;
  if (registered_) return set_events(events_ | events);
  IOLoop& home = loop();
  if (home.internals().closed) return loop_gone();
  try {
    home.add_handler(fd_, *this, events);
  } catch (...) {
    return close(std::current_exception());
  }
  loop_ = &home;
  registered_ = true;
  events_ = events;
}

void Stream::set_events(std::uint32_t events) {
  if (!registered_ || events == events_) return;
  events_ = events;
  loop_->update_handler(fd_, events);
}

void Stream::unregister() noexcept {
  if (!registered_) return;
  registered_ = false;
  events_ = 0;
  loop_->remove_handler(fd_);
}

void Stream::watch_for_close() {
  if (close_callback_ == nullptr || closed() || eof_ || observer_ != nullptr || reading() ||
      has_unread() || connecting() != nullptr) {
    return;
  }
  if ((events_ & (IOLoop::READ | Poller::kHangup)) == 0) watch(Poller::kHangup);
}

// ---- the end ------------------------------------------------------------------------------------

void Stream::close(std::exception_ptr error) {
  if (closed()) return;
  const core::Ref pin(this);
  if (error == nullptr && connecting() == nullptr) {
    write_out();
    if (read_ != nullptr && failure(0) == nullptr && read_->take_end()) finish_read();
  }
  if (error == nullptr) error = failure(0);
  if (error != nullptr) stages().error = std::move(error);
  end();
}

void Stream::close_with_errno(int error) {
  close(failure(error));
}

void Stream::end() {
  IOLoop* const home = registered_ || queued_ ? loop_ : nullptr;
  unregister();
  close_fd();
  fd_ = -1;
  fail_read();
  if (linger() != nullptr) {
    if (home != nullptr) home->remove_timeout(linger()->timer);
    stages_->linger.reset();
  }
  if (connecting() != nullptr) {
    if (home != nullptr) home->remove_timeout(connecting()->timer);
    core::fail_quietly(connecting()->future, connect_failure(error()));
    stages_->connecting.reset();
  }
  if (output_ != nullptr) output_->fail(std::make_exception_ptr(StreamClosedError(error())));
  output_.reset();
  // Queued after the futures, so that waiters get their bytes before they learn of the end.
  if (close_callback_ == nullptr && observer_ == nullptr) return;
  IOLoop& told = home != nullptr ? *home : IOLoop::current();
  if (close_callback_ != nullptr) {
    core::schedule(told, *close_callback_.release());
  }
  if (observer_ != nullptr) queue_on(told);
}

// Nothing will be served any more. Nothing is completed either, because no waiter would run.
void Stream::loop_gone() noexcept {
  unregister();
  if (!closed()) {
    close_fd();
    fd_ = -1;
  }
  read_.reset();
  if (stages_ != nullptr) {
    stages_->connecting.reset();
    stages_->linger.reset();
  }
  output_.reset();
  close_callback_.reset();
  if (observer_ != nullptr) std::exchange(observer_, nullptr)->on_closed();
}

void Stream::set_close_callback(core::Runnable* callback) {
  close_callback_.reset();
  if (callback == nullptr) return;
  if (closed()) return core::schedule(loop(), *callback);
  close_callback_.reset(callback);
  watch_for_close();
}

netutil::Socket Stream::detach() {
  if (!closed() && connecting() == nullptr) flush();
  if (closed() || busy() || eof_ || observer_ != nullptr || has_unread()) {
    throw std::invalid_argument("IOStream is not idle; cannot convert to SSL");
  }
  unregister();
  return netutil::Socket(std::exchange(fd_, -1));
}

// ---- the descriptor -----------------------------------------------------------------------------

void Stream::set_nodelay(bool value) const noexcept {
  const int flag = value ? 1 : 0;
  // Fails on anything but TCP, where the option means nothing.
  static_cast<void>(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &flag, sizeof flag));
}

ssize_t Stream::read_from_fd(char* buffer, std::size_t size) {
  return ::recv(fd_, buffer, size, 0);
}

ssize_t Stream::write_to_fd(const iovec* parts, int count) {
  if (count == 1) return ::send(fd_, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return ::sendmsg(fd_, &message, MSG_NOSIGNAL);
}

ssize_t Stream::write_file_to_fd(const core::FileRange& range, std::size_t size) {
  auto offset = static_cast<off_t>(range.offset);
  const ssize_t sent = ::sendfile(fd_, range.file->fileno(), &offset, size);
  if (sent > 0) return sent;
  // Some file systems do not support this.
  if (sent < 0 && (errno == EINVAL || errno == ENOSYS)) return copy_file_to_fd(range, size);
  if (sent == 0) errno = kFileEnded;
  return -1;
}

ssize_t Stream::copy_file_to_fd(const core::FileRange& range, std::size_t size) {
  std::array<char, kCopyBytes> space;
  const auto count = range.file->read_at(space.data(), std::min(size, space.size()), range.offset);
  if (count == 0) errno = kFileEnded;
  if (count <= 0) return -1;
  const iovec part{space.data(), static_cast<std::size_t>(count)};
  return write_to_fd(&part, 1);
}

void Stream::shutdown_write() {
  ::shutdown(fd_, SHUT_WR);
}

void Stream::close_fd() noexcept {
  ::close(fd_);
}

std::exception_ptr Stream::failure(int error) const {
  if (error == 0) return nullptr;
  return std::make_exception_ptr(std::system_error(error, std::generic_category()));
}

std::exception_ptr Stream::connect_failure(const std::exception_ptr& error) const {
  return std::make_exception_ptr(StreamClosedError(error));
}

int Stream::get_fd_error() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

ssize_t PipeStream::read_from_fd(char* buffer, std::size_t size) {
  const ssize_t count = ::read(fileno(), buffer, size);
  // The write end of a pipe cannot be read. It is only tried when the reader has gone.
  if (count < 0 && errno == EBADF) errno = EPIPE;
  return count;
}

ssize_t PipeStream::write_to_fd(const iovec* parts, int count) {
  return ::writev(fileno(), parts, count);
}

int PipeStream::get_fd_error() const noexcept {
  return EPIPE;
}

}  // namespace tornado::iostream::detail
