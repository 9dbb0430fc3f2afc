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
  // Milestone 2: not on a closed stream; and what if the callback throws? Until then:
  loop_.add_callback([self = shared_from_this(), callback = std::move(callback)] { callback(); });
}
void IOStream::read_until(std::string delimiter, DataCallback callback, std::size_t max_bytes) {
  // Milestone 1: refuse an empty delimiter; no message is longer than the buffer.
}

void IOStream::read_bytes(std::size_t count, DataCallback callback, bool partial) {
  // Milestone 1: refuse more than the buffer holds.
}

void IOStream::start_read(Read read) {
  // Milestone 1: one read at a time, none on a stream that is closed or ending. What came with the
  // last message may be enough.
}
void IOStream::finish_read() {
  // Milestone 1: if the read can end, its callback gets the bytes. If it cannot within its limit,
  // the stream ends.
}
// Returns how many bytes satisfy the read, or nothing if they are not here yet.
std::optional<std::size_t> IOStream::find_end() {
  // Milestone 1: a delimiter, max_bytes bytes, or with `partial` any bytes?
  return std::nullopt;
}
void IOStream::write(std::string data, Callback callback) {
  // Milestone 3: send what the kernel takes now; the rest waits in to_send_.
}
void IOStream::send() {
  // Milestone 3: send, and call those whose bytes have left.
}
// The loop owns the stream while it watches it. The stream owns its callbacks, and most of them own
// the stream: a reference cycle, which nothing would break if the loop went away.
struct IOStream::Watch {
  explicit Watch(std::shared_ptr<IOStream> watched) : stream(std::move(watched)) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    // Milestone 4: has the loop dropped us, or has the stream?
  }
  const std::shared_ptr<IOStream> stream;
};

IOStream::Callbacks IOStream::take_callbacks() {
  // Milestone 4: empty the members; the caller frees the callbacks.
  return {};
}
bool IOStream::is_listening() const {
  // Milestone 5: not after the end, and not for nothing. Until then:
  return read_.has_value();
}

std::uint32_t IOStream::wanted_events() const {
  // Milestone 3: READ, WRITE or ERROR, each only while it is of use. Until then:
  return is_listening() ? IOLoop::READ : 0;
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
  // Milestone 5: the end of what the other side sends is not the end of the stream. Until then:
  std::array<char, kReadSize> piece;
  const std::optional<std::size_t> size = try_read(socket_, piece.data(), piece.size());
  if (!size) return;
  if (*size == 0) return close();
  received_.append(std::string(piece.data(), *size));
  if (read_) finish_read();
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
  // Milestone 4: our caller may be one of our callbacks, and own us. Until then:
  if (closed()) return;
  if (error) error_ = error;
  events_ = 0;
  loop_.remove_handler(socket_.fd());
  socket_.close();
}
void IOStream::set_close_callback(Callback callback) {
  // Milestone 4: the last one may own our caller; and the stream may be closed already.
}

// Lets the loop free `held`, which may own our caller, after the caller has returned.
template <class Held>
void IOStream::free_later(Held held) {
  // Milestone 4: the loop frees it, once our caller has returned.
}
// end_in_order() of chapter 01: receive() replaces its loop, and a timer its deadline.
void IOStream::end_in_order() {
  // Milestone 5: send everything, then FIN; keep nothing that was received.
}

void IOStream::half_close() {
  // Milestone 5: FIN, and a limit for the other side's.
}

}  // namespace mini
