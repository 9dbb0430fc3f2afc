// Input: from the poller's event to the observer or the pending read.
#include <tornado/log.h>

#include <cerrno>

#include "loop/loop_state.h"
#include "net/errors.h"
#include "net/stream/stream_parts.h"

namespace tornado::iostream::detail {

using ioloop::IOLoop;
using ioloop::detail::Poller;

namespace {

// How many bytes the stream of a paused observer takes in to find the peer's end.
constexpr std::size_t kPausedLimit = 65'536;

}  // namespace

bool Stream::wants_input() const noexcept {
  return !eof_ && (observer_ != nullptr ? !paused() : reading());
}

void Stream::handle_input(std::uint32_t events) {
  if (linger() != nullptr) {
    discard_input();
  } else if (wants_input()) {
    receive();
  } else {
    handle_unwanted(events);
  }
}

// Only now is the poller told to be quiet. Most of the time the next read begins before anything
// comes, and it need not be told at all.
void Stream::handle_unwanted(std::uint32_t events) {
  const bool hangup = (events & (Poller::kHangup | IOLoop::ERROR)) != 0;
  if (observer_ != nullptr) {
    if ((events & IOLoop::ERROR) != 0) return close_with_errno(get_fd_error());
    if (hangup && !eof_) return drain(kPausedLimit);
    return set_events((events_ & ~IOLoop::READ) | (eof_ ? 0 : Poller::kHangup));
  }
  const bool watch_end = close_callback_ != nullptr && !eof_ && !has_unread();
  if (hangup && watch_end) return drain(max_buffer_size_);
  if ((events & IOLoop::ERROR) != 0) {
    // Errors cannot be masked. Pending output finds out which one it is; otherwise the next
    // operation does.
    if (pending_output() == 0) unregister();
    return;
  }
  const std::uint32_t others = events_ & ~(IOLoop::READ | Poller::kHangup);
  set_events(others | (watch_end ? Poller::kHangup : 0));
}

// [receive]
void Stream::receive() {
  char* scratch = loop_->internals().scratch();
  const ssize_t count = read_from_fd(scratch, read_chunk_size_);
  if (count > 0) {
    take_input({scratch, static_cast<std::size_t>(count)});
    if (hidden_input_ && !closed()) queue();
  } else if (count == 0) {
    end_of_input();
  } else {
    read_failed(errno);
  }
}
// [/receive]

void Stream::read_failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR) return;
  if (!is_everyday(error)) {
    log::gen_log.warning("Read error on " + std::to_string(fd_) + ": " + error_text(error));
  }
  close_with_errno(error);
}

void Stream::take_input(std::string_view fresh) {
  if (observer_ != nullptr) {
    show(fresh);
  } else {
    feed(fresh);
  }
}

// ---- the observer -------------------------------------------------------------------------------

void Stream::show(std::string_view fresh) {
  // [show]
  // The observer may close the stream or start reads on it, so what it looks at is kept apart.
  std::unique_ptr<Unread> held = std::move(unread_);
  std::string_view all = fresh;
  if (held != nullptr) {
    held->bytes.append(fresh);
    all = held->view();
  }
  showing_ = Showing::kArriving;
  std::size_t used = 0;
  try {
    used = observer_->on_data(all);
  } catch (...) {
    core::report_callback_exception();
    return close(std::current_exception());
  }
  const std::size_t left = all.size() - std::min(used, all.size());
  // [/show]
  if (left == 0 || closed() || linger() != nullptr) return;
  if (held == nullptr) {
    append_unread(all.substr(all.size() - left));
  } else {
    unread_ = std::move(held);
    drop_front(all.size() - left);
  }
  if (over_limit(left)) return;
  if (observer_ == nullptr) {
    if (reading()) feed({});
  } else if (showing_ == Showing::kUnread) {
    queue();
  }
}

void Stream::observe(StreamObserver* observer) {
  const core::Ref pin(this);
  observer_ = observer;
  if (observer == nullptr) {
    pause_reading();
    return watch_for_close();
  }
  if (closed()) return queue();
  pause_reading();
  resume_reading();
}

void Stream::resume_reading() {
  if (!paused()) return;
  showing_ = Showing::kUnread;  // on_data() may be running: what it leaves counts
  if (closed() || observer_ == nullptr || linger() != nullptr) return;
  if (has_unread() || hidden_input_) queue();
  if (!eof_) watch(IOLoop::READ | Poller::kHangup);
}

// ---- single reads -------------------------------------------------------------------------------

void Stream::start_read(std::unique_ptr<PendingRead> read) {
  if (reading()) throw std::logic_error("Already reading");
  if (observer_ != nullptr) throw std::logic_error("the stream has an observer, which reads");
  const core::Ref pin(this);
  read_ = std::move(read);
  read_->begin(*this, cancel_read);
  feed({});
  if (read_ == nullptr) return;
  if (!closed() && !eof_) {
    if (hidden_input_) queue();
    return watch(IOLoop::READ);
  }
  if (why_ended() == nullptr && read_->take_end()) {
    finish_read();
  } else {
    fail_read();
  }
}

void Stream::feed(std::string_view fresh) {
  const bool had_none = !has_unread();
  if (!had_none) append_unread(fresh);
  std::string_view all = had_none ? fresh : unread();
  const std::size_t before = all.size();
  bool complete = false;
  try {
    complete = read_->take(all);
  } catch (const UnsatisfiableReadError& error) {
    log::gen_log.info(std::string("Unsatisfiable read, closing connection: ") + error.what());
    close(std::current_exception());
    return fail_read();
  }
  if (had_none) {
    if (!all.empty()) append_unread(all);
  } else {
    drop_front(before - all.size());
  }
  if (complete) {
    finish_read();
  } else {
    over_limit(unread().size() + read_->held());
  }
}

std::string_view Stream::unread() const noexcept {
  return unread_ != nullptr ? unread_->view() : std::string_view();
}

void Stream::append_unread(std::string_view fresh) {
  if (unread_ == nullptr) unread_ = std::make_unique<Unread>();
  unread_->bytes.append(fresh);
}

void Stream::drop_front(std::size_t count) {
  constexpr std::size_t kWorthMoving = 4096;
  auto& [bytes, begin] = *unread_;
  begin += count;
  if (begin == bytes.size()) {
    unread_.reset();
  } else if (begin >= kWorthMoving && begin > bytes.size() / 2) {
    bytes.erase(0, begin);
    begin = 0;
  }
}

bool Stream::over_limit(std::size_t size) {
  if (size <= max_buffer_size_ || closed()) return false;
  log::gen_log.error("Reached maximum read buffer size");
  close(std::make_exception_ptr(StreamBufferFullError("Reached maximum read buffer size")));
  return true;
}

void Stream::finish_read() {
  const std::unique_ptr<PendingRead> read = std::move(read_);
  read->finish();
  watch_for_close();
}

void Stream::fail_read() {
  if (read_ == nullptr) return;
  const std::unique_ptr<PendingRead> read = std::move(read_);
  // A read after the end gets the bytes that were there.
  if (!has_unread()) {
    if (std::string bytes = read->give_back(); !bytes.empty()) {
      unread_ = std::make_unique<Unread>();
      unread_->bytes = std::move(bytes);
    }
  }
  read->fail(std::make_exception_ptr(StreamClosedError(why_ended())));
}

// The bytes that the read has taken wait for the next one. If the stream has no handle, nothing
// keeps it any more.
void Stream::cancel_read(Stream& stream, core::FutureStateBase& future) {
  const core::Ref pin(&stream);
  future.fail_cancelled();
  stream.fail_read();
  stream.watch_for_close();
}

// ---- the peer's end -----------------------------------------------------------------------------

void Stream::end_of_input() {
  eof_ = true;
  if (observer_ != nullptr) {
    observer_->on_eof();
    if (!closed() && linger() == nullptr) {
      set_events(events_ & ~(IOLoop::READ | Poller::kHangup));
    }
    return;
  }
  if (pending_output() > 0) flush();
  if (closed()) return;
  if (pending_output() == 0) return close();
  // The peer may still read the output that it has not received.
  sending_ = Sending::kThenClose;
  if (read_ != nullptr && why_ended() == nullptr && read_->take_end()) finish_read();
  fail_read();
  set_events(events_ & ~(IOLoop::READ | Poller::kHangup));
}

// Called when nobody reads, but the peer has ended its side. Takes in what came before the end, to
// see whether the peer has left.
void Stream::drain(std::size_t limit) {
  char* scratch = loop_->internals().scratch();
  for (std::size_t total = 0; total < limit;) {
    const ssize_t count = read_from_fd(scratch, read_chunk_size_);
    if (count == 0) return end_of_input();
    if (count < 0) return read_failed(errno);
    total += static_cast<std::size_t>(count);
    append_unread({scratch, static_cast<std::size_t>(count)});
    if (over_limit(unread().size())) return;
  }
  set_events(events_ & ~(IOLoop::READ | Poller::kHangup));
}

void Stream::discard_input() {
  char* scratch = loop_->internals().scratch();
  const ssize_t count = read_from_fd(scratch, ioloop::detail::LoopState::kScratchSize);
  if (count < 0) return read_failed(errno);
  linger()->budget -= std::min(linger()->budget, static_cast<std::size_t>(count));
  if (count > 0 && linger()->budget > 0) return;
  eof_ = true;
  if (pending_output() == 0) return close();
  set_events(events_ & ~(IOLoop::READ | Poller::kHangup));
}

}  // namespace tornado::iostream::detail
