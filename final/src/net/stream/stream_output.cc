// Output: connecting, writing at the end of the round, and closing after the last byte.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <tornado/log.h>

#include <algorithm>
#include <array>

#include "loop/loop_state.h"
#include "loop/settled.h"
#include "net/errors.h"
#include "net/stream/stream_parts.h"

namespace tornado::iostream::detail {

using ioloop::IOLoop;
using ioloop::detail::Poller;

namespace {

// One stream's share of a round, in bytes, so that a fast reader does not hold up everybody else.
constexpr std::size_t kFlushBytes = 1'048'576;

// A part of a file up to this size is read into the output, so that one system call sends it
// together with what precedes it.
constexpr std::size_t kReadAtOnce = 16'384;

}  // namespace

// ---- connect ------------------------------------------------------------------------------------

Future<IOStream> Stream::connect(const netutil::Address& address) {
  if (connecting() != nullptr) throw std::logic_error("Already connecting");
  const core::Ref pin(this);
  stages().connecting = std::make_unique<Connecting>();
  Future<IOStream> future = connecting()->future;
  future.on_cancel([stream = core::Ref(this)] { stream->close(); });
  connecting()->claimed = true;
  if (closed()) {
    core::fail_quietly(future, connect_failure(error()));
    stages_->connecting.reset();
    return future;
  }
  sockaddr_storage storage;
  const unsigned length = address.to_sockaddr(storage);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&storage), length) < 0 &&
      errno != EINPROGRESS && errno != EINTR) {
    close_with_errno(errno);
  } else {
    watch(IOLoop::WRITE);
  }
  return future;
}

void Stream::begin_handshake() {
  const core::Ref pin(this);
  stages().connecting = std::make_unique<Connecting>();
  watch(IOLoop::READ);
  if (!closed()) advance_connect(IOLoop::WRITE);
}

Future<IOStream> Stream::established() {
  if (connecting() != nullptr) {
    if (std::exchange(connecting()->claimed, true)) throw std::runtime_error("Already waiting");
    return connecting()->future;
  }
  Future<IOStream> future;
  if (closed()) {
    future.set_exception(connect_failure(error()));
  } else {
    future.set_result(IOStream(core::Ref(this)));
  }
  return future;
}

void Stream::advance_connect(std::uint32_t events) {
  if (!connecting()->connected) {
    if ((events & (IOLoop::WRITE | IOLoop::ERROR)) == 0) return;
    if (const int error = get_fd_error()) return close_with_errno(error);
    connecting()->connected = true;
    if (const double limit = handshake_timeout(); limit > 0) {
      connecting()->timer = loop().call_later(limit, [stream = core::Ref(this)] {
        stream->close(std::make_exception_ptr(ioloop::TimeoutError("Timeout in TLS handshake")));
      });
    }
  }
  try {
    if (const std::uint32_t waits_for = handshake()) return set_events(waits_for);
  } catch (...) {
    return close(std::current_exception());
  }
  finish_connect();
}

void Stream::finish_connect() {
  const std::unique_ptr<Connecting> connecting = std::move(stages_->connecting);
  if (linger() == nullptr) stages_.reset();
  loop().remove_timeout(connecting->timer);
  if (!connecting->future.done()) {
    connecting->future.set_result(IOStream(core::Ref(this)));
  }
  const std::uint32_t input = observer_ != nullptr ? IOLoop::READ | Poller::kHangup : IOLoop::READ;
  set_events(wants_input() ? input : IOLoop::NONE);
  if (hidden_input_) queue();
  flush();
}

// ---- write --------------------------------------------------------------------------------------

Output& Stream::make_output() {
  if (output_ == nullptr) output_ = take_output();
  return *output_;
}

Future<void> Stream::write(std::string data) {
  if (!takes_output()) return core::failed_quietly(StreamClosedError(error()));
  Future<void> future;
  if (max_write_buffer_size_ > 0 && pending_output() + data.size() > max_write_buffer_size_) {
    future.set_exception(StreamBufferFullError("Reached maximum write buffer size"));
    return future;
  }
  if (data.empty() && pending_output() == 0) return core::completed();
  Output& output = make_output();
  output.append(std::move(data));
  output.add_future(future);
  queue();
  return future;
}

void Stream::send(std::string_view data) {
  if (!takes_output() || data.empty()) return;
  make_output().append(data);
  queue();
}

void Stream::send(std::string&& data) {
  if (!takes_output() || data.empty()) return;
  make_output().append(std::move(data));
  queue();
}

void Stream::send_file(core::FileRange range) {
  if (!takes_output() || range.length == 0) return;
  if (range.length > kReadAtOnce) {
    make_output().append(std::move(range));
    return queue();
  }
  const auto size = static_cast<std::size_t>(range.length);
  std::string& out = output();
  const std::size_t before = out.size();
  out.resize(before + size);
  const auto count = range.file->read_at(out.data() + before, size, range.offset);
  if (count == static_cast<std::ptrdiff_t>(size)) return;
  const int error = count < 0 ? errno : kFileEnded;
  out.resize(before);
  write_failed(error);
}

std::string& Stream::output() {
  if (!takes_output()) {
    thread_local std::string nowhere;
    nowhere.clear();
    return nowhere;
  }
  queue();
  return make_output().tail();
}

Future<void> Stream::flushed() {
  if (!takes_output()) return core::failed_quietly(StreamClosedError(error()));
  if (pending_output() == 0) return core::completed();
  Future<void> future;
  output_->add_future(future);
  return future;
}

// [write_next]
// Makes one system call, for the strings or the file that come next. Returns its result.
ssize_t Stream::write_next(std::size_t limit) {
  if (output_ == nullptr) return write_to_fd(nullptr, 0);
  if (const core::FileRange* file = output_->next_file()) {
    return write_file_to_fd(*file, std::min<std::uint64_t>(limit, file->length));
  }
  // No MSG_MORE before a file: a head that waits for its body saves a packet, but then the system
  // sends a big file a third slower.
  std::array<iovec, Output::kMaxParts> parts;
  const int count = output_->fill(parts.data());
  return write_to_fd(parts.data(), count);
}
// [/write_next]

// Writes until everything has left, the kernel takes no more, or the share is used up. Returns an
// errno, or 0 if there was no error.
int Stream::write_out() {
  for (std::size_t total = 0; (pending_output() > 0 || hidden_output_) && total < kFlushBytes;) {
    const ssize_t sent = write_next(kFlushBytes - total);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno;
    }
    if (sent == 0) continue;
    total += static_cast<std::size_t>(sent);
    output_->advance(static_cast<std::size_t>(sent));
  }
  return 0;
}

// [flush]
void Stream::flush() {
  if (connecting() != nullptr) return;
  if (const int error = write_out()) return write_failed(error);
  if (pending_output() == 0 && !hidden_output_) return output_gone();
  const bool was_blocked = blocked_;
  blocked_ = true;
  watch(IOLoop::WRITE);
  if (!was_blocked && observer_ != nullptr && !closed()) observer_->on_blocked();
}
// [/flush]

Stream::Progress Stream::progress() const noexcept {
  Progress now;
  if (output_ != nullptr) now.sent = output_->sent();
  // Stays 0 for anything but a socket.
  static_cast<void>(::ioctl(fd_, SIOCOUTQ, &now.in_kernel));
  return now;
}

// The poller reports room only when a third of the kernel's buffer is free, and a slow reader of
// megabytes may take minutes to get there. So its acknowledgements count as well.
bool Stream::progressed_since(const Progress& earlier) const noexcept {
  const Progress now = progress();
  return now.sent != earlier.sent || now.in_kernel < earlier.in_kernel;
}

void Stream::write_failed(int error) {
  if (error == kFileEnded) {
    log::gen_log.warning("A file became shorter while it was sent on " + std::to_string(fd_));
  } else if (!is_everyday(error)) {
    log::gen_log.warning("Write error on " + std::to_string(fd_) + ": " + error_text(error));
  }
  close_with_errno(error);
}

void Stream::output_gone() {
  output_.reset();
  if (blocked_) {
    blocked_ = false;
    set_events(events_ & ~IOLoop::WRITE);
    if (observer_ != nullptr && linger() == nullptr) observer_->on_drained();
    if (closed() || pending_output() > 0) return;
  }
  switch (sending_) {
    case Sending::kOpen:
      return watch_for_close();
    case Sending::kThenShutdown:
      sending_ = Sending::kOpen;
      return shutdown_write();
    case Sending::kThenClose:
      return eof_ ? close() : begin_linger();
    case Sending::kLingering:
      return;
  }
}

// ---- the end of our side ------------------------------------------------------------------------

void Stream::shutdown_after_flush() {
  if (!takes_output()) return;
  sending_ = Sending::kThenShutdown;
  queue();
}

void Stream::close_after_flush() {
  if (!takes_output()) return;
  sending_ = Sending::kThenClose;
  stages().linger = std::make_unique<Linger>();
  unread_.reset();
  if (!eof_) watch(IOLoop::READ);
  queue();
}

void Stream::begin_linger() {
  sending_ = Sending::kLingering;
  shutdown_write();
  linger()->timer =
      loop().call_later(kLingerSeconds, [stream = core::Ref(this)] { stream->close(); });
}

}  // namespace tornado::iostream::detail
