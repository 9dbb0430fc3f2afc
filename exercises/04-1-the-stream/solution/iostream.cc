#include "04-iostream/iostream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "03-ioloop/nonblocking.h"

namespace mini {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;      // bytes per read
constexpr std::size_t kMaxDropped = 1024 * 1024;  // bytes a client may send after our FIN
constexpr double kLinger = 1.0;                   // seconds

}  // namespace

std::shared_ptr<IOStream> IOStream::create(IOLoop& loop, Socket socket,
                                           std::size_t max_buffer_size) {
  return std::shared_ptr<IOStream>(new IOStream(loop, std::move(socket), max_buffer_size));
}

IOStream::IOStream(IOLoop& loop, Socket socket, std::size_t max_buffer_size)
    : loop_(loop), socket_(std::move(socket)), max_buffer_size_(max_buffer_size) {
  set_nonblocking(socket_);
  // Send small writes at once, without waiting for the acknowledgement of the last one. Fails on a
  // socket that is not TCP, which does not need it.
  const int on = 1;
  ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
// Every callback is called from the loop. Our caller is in the middle of something: it may hold a
// lock, or be a callback itself, or free this stream in its next line.
void IOStream::call_soon(Callback callback) {
  loop_.add_callback([self = shared_from_this(), callback = std::move(callback)] {
    if (self->closed()) return;
    try {
      callback();
    } catch (...) {
      self->close();  // nobody would read on, and the client would wait for ever
      throw;
    }
    self->update();
  });
}
void IOStream::read_until(std::string delimiter, DataCallback callback, std::size_t max_bytes) {
  if (delimiter.empty()) throw std::invalid_argument("read_until an empty delimiter");
  start_read({std::move(callback), std::move(delimiter), std::min(max_bytes, max_buffer_size_)});
}

void IOStream::read_bytes(std::size_t count, DataCallback callback, bool partial) {
  if (count > max_buffer_size_ && !partial) throw std::length_error("read_bytes of too many bytes");
  start_read({std::move(callback), "", count, partial});
}

void IOStream::start_read(Read read) {
  if (closed() || ending_) return;
  if (reading()) throw std::logic_error("already reading");
  read_ = std::move(read);
  finish_read();  // bytes that came with the last message may be enough
  update();
}
void IOStream::finish_read() {
  const std::optional<std::size_t> end = find_end();
  if (end && *end <= read_->max_bytes) {
    delivering_ = true;
    call_soon([this, callback = std::move(read_->callback), data = received_.take(*end)]() mutable {
      delivering_ = false;
      callback(std::move(data));
    });
    read_.reset();
  } else if (end || received_.size() >= read_->max_bytes) {
    error_ = std::make_error_code(std::errc::message_size);
    end_in_order();
  }
}
// Returns how many bytes satisfy the read, or nothing if they are not here yet.
std::optional<std::size_t> IOStream::find_end() {
  const std::string_view bytes = received_.view();
  if (read_->delimiter.empty()) {
    if (bytes.size() >= read_->max_bytes) return read_->max_bytes;
    return read_->partial && !bytes.empty() ? std::optional(bytes.size()) : std::nullopt;
  }
  const std::size_t found = bytes.find(read_->delimiter, read_->searched);
  if (found != bytes.npos) return found + read_->delimiter.size();
  // Next time, continue from here; but the last bytes may be the beginning of a delimiter.
  const std::size_t overlap = read_->delimiter.size() - 1;
  read_->searched = bytes.size() > overlap ? bytes.size() - overlap : 0;
  return std::nullopt;
}
void IOStream::write(std::string data, Callback callback) {
  if (closed() || ending_) return;
  if (data.size() > max_buffer_size_ - to_send_.size()) {
    return close(std::make_error_code(std::errc::no_buffer_space));
  }
  const bool was_empty = to_send_.empty();
  to_send_.append(std::move(data));
  if (callback) writes_.push_back({sent_ + to_send_.size(), std::move(callback)});
  try {
    if (was_empty && !connecting_) send();  // most responses fit into the kernel's buffer
    update();
  } catch (const std::system_error& error) {
    close(error.code());
  }
}
void IOStream::send() {
  if (!to_send_.empty()) {
    const std::size_t count = try_write(socket_, to_send_.view()).value_or(0);
    to_send_.drop(count);
    sent_ += count;
  }
  while (!writes_.empty() && writes_.front().end <= sent_) {
    call_soon(std::move(writes_.front().callback));
    writes_.pop_front();
  }
}
// The loop owns the stream while it watches it. The stream owns its callbacks, and most of them own
// the stream: a reference cycle, which nothing would break if the loop went away.
struct IOStream::Watch {
  explicit Watch(std::shared_ptr<IOStream> watched) : stream(std::move(watched)) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    if (stream->events_ != 0) stream->take_callbacks();  // dropped by the loop, not by the stream
  }
  const std::shared_ptr<IOStream> stream;
};

IOStream::Callbacks IOStream::take_callbacks() {
  return {std::exchange(read_, {}), std::exchange(writes_, {}),
          std::exchange(connect_callback_, nullptr), std::exchange(close_callback_, nullptr)};
}
bool IOStream::is_listening() const {
  if (connecting_ || ended_ || delivering_) return false;
  if (ending_) return linger_.number != 0;
  return read_ || (close_callback_ && received_.empty());
}

std::uint32_t IOStream::wanted_events() const {
  std::uint32_t events = 0;
  if (is_listening()) events |= IOLoop::READ;
  // While a callback is queued, READ stays as it is: most callbacks start the next read.
  if (delivering_) events |= events_ & IOLoop::READ;
  if (connecting_ || !to_send_.empty()) events |= IOLoop::WRITE;
  if (close_callback_) events |= IOLoop::ERROR;
  return events;
}
// Makes the loop watch what the state needs. Closes when the other side has ended and all is sent.
void IOStream::update() {
  if (closed()) return;
  if (ended_ && to_send_.empty()) return close();
  const std::uint32_t wanted = wanted_events();
  const std::uint32_t before = std::exchange(events_, wanted);
  if (wanted == before) return;
  if (before == 0) {
    const auto watch = std::make_shared<Watch>(shared_from_this());
    loop_.add_handler(
        socket_.fd(),
        [watch](int, std::uint32_t happened) { watch->stream->handle_events(happened); }, wanted);
  } else if (wanted != 0) {
    loop_.update_handler(socket_.fd(), wanted);
  } else {
    loop_.remove_handler(socket_.fd());
  }
}
void IOStream::handle_events(std::uint32_t events) {
  try {
    const bool idle = !connecting_ && !is_listening() && !delivering_ && !writing();
    if (idle && (events & IOLoop::ERROR) != 0) return close(socket_error());  // no call reports it
    if (connecting_) finish_connect();
    if ((events & (IOLoop::READ | IOLoop::ERROR)) != 0 && is_listening()) receive();
    if ((events & (IOLoop::WRITE | IOLoop::ERROR)) != 0 && !closed()) send();
    update();
  } catch (const std::system_error& error) {
    close(error.code());
  }
}
// Reads once, not until EAGAIN: the loop calls again, and other clients get their turn in between.
void IOStream::receive() {
  std::array<char, kReadSize> piece;
  const std::optional<std::size_t> size = try_read(socket_, piece.data(), piece.size());
  if (!size) return;
  if (*size == 0) {
    ended_ = true;  // update() closes when everything is sent
  } else if (ending_) {
    dropped_ += *size;
    if (dropped_ > kMaxDropped) close();
  } else {
    received_.append(std::string(piece.data(), *size));
    if (read_) finish_read();
  }
}
std::error_code IOStream::socket_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return {error, std::generic_category()};
}

void IOStream::connect(std::uint16_t port, const std::string& address, Callback callback) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) {
    throw std::invalid_argument("not an IPv4 address: " + address);
  }
  if (closed()) return;
  // A connect interrupted by a signal (EINTR) goes on all the same.
  if (::connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 &&
      errno != EINPROGRESS && errno != EINTR) {
    return close({errno, std::generic_category()});
  }
  connecting_ = true;
  connect_callback_ = std::move(callback);
  update();
}

// The socket has become writable: the connection is made, or has failed.
void IOStream::finish_connect() {
  if (const std::error_code error = socket_error()) return close(error);
  connecting_ = false;
  if (connect_callback_) call_soon(std::exchange(connect_callback_, nullptr));
}
void IOStream::close(std::error_code error) {
  if (closed()) return;
  const auto self = shared_from_this();  // the loop's handler may be our last owner
  if (error) error_ = error;
  events_ = 0;
  loop_.remove_timeout(linger_);
  loop_.remove_handler(socket_.fd());  // before close() frees the number for reuse
  socket_.close();
  received_ = {};
  to_send_ = {};
  // The callbacks may own our caller: the loop frees them once the caller has returned.
  loop_.add_callback([self, callbacks = take_callbacks()] {
    if (callbacks.close) callbacks.close();
  });
}
void IOStream::set_close_callback(Callback callback) {
  if (closed() && callback) return loop_.add_callback(std::move(callback));
  free_later(std::exchange(close_callback_, std::move(callback)));
  update();
}

// Lets the loop free `held`, which may own our caller, after the caller has returned.
template <class Held>
void IOStream::free_later(Held held) {
  loop_.add_callback([held = std::move(held)] {});
}
// end_in_order() of chapter 01: receive() replaces its loop, and a timer its deadline.
void IOStream::end_in_order() {
  if (closed() || ending_) return;
  write("", [this] { half_close(); });
  ending_ = true;
  received_ = {};
  free_later(std::exchange(read_, {}));
}

void IOStream::half_close() {
  socket_.shutdown_write();
  linger_ = loop_.call_later(kLinger, [self = shared_from_this()] { self->close(); });
}

}  // namespace mini
