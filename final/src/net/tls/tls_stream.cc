#include "net/tls/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <tornado/log.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "loop/error_text.h"
#include "net/errors.h"

namespace tornado::iostream::detail {

using ioloop::IOLoop;

namespace {

constexpr std::size_t kRecord = 16'384;  // RFC 8446 5.1
// How many encrypted bytes to read at a time: with a record begun before, they fit into the loop's
// scratch buffer when decrypted.
constexpr std::size_t kReadBytes = 49'152;
constexpr std::size_t kEncryptBytes = 4 * kRecord;  // encrypted at a time
constexpr int kMaxReads = 16;                       // without a decrypted byte, in one call
constexpr std::size_t kKeptCapacity = 2 * kEncryptBytes;

// Buffers that a thread's TLS streams share, one after the other.
struct Workspace {
  std::array<char, kReadBytes> input;
  std::array<char, kRecord> record;
  std::string encrypted;  // kept for its memory
};

// At the end of a thread, a stream may be closed by a destructor that runs after this one's.
constinit thread_local bool workspace_gone = false;

Workspace& workspace() {
  struct Owner {
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner() { workspace_gone = true; }
    std::unique_ptr<Workspace> space = std::make_unique<Workspace>();
  };
  thread_local Owner owner;
  return *owner.space;
}

// The bytes to encrypt, cut into records.
class Parts {
 public:
  Parts(const iovec* parts, int count) : next_(parts), end_(parts + count) { advance(0); }

  bool empty() const { return next_ == end_; }

  // Returns the next record's bytes: in place if they fill the record or are the last ones,
  // otherwise small parts gathered in `space`.
  std::string_view take(std::array<char, kRecord>& space) {
    if (front().size() >= kRecord || next_ + 1 == end_) {
      const std::string_view whole = front().substr(0, kRecord);
      advance(whole.size());
      return whole;
    }
    std::size_t size = 0;
    while (!empty() && size < kRecord) {
      const std::string_view piece = front().substr(0, kRecord - size);
      std::memcpy(space.data() + size, piece.data(), piece.size());
      size += piece.size();
      advance(piece.size());
    }
    return {space.data(), size};
  }

 private:
  std::string_view front() const {
    return {static_cast<const char*>(next_->iov_base) + used_, next_->iov_len - used_};
  }
  void advance(std::size_t count) {
    used_ += count;
    while (next_ != end_ && used_ == next_->iov_len) {
      ++next_;
      used_ = 0;
    }
  }

  const iovec* next_;
  const iovec* const end_;
  std::size_t used_ = 0;  // of the next part
};

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

// ---- what OpenSSL reads from and writes to ------------------------------------------------------

struct TlsBio {
  static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(::BIO_get_data(bio)); }

  static int read(BIO* bio, char* buffer, int size) {
    std::string_view& input = stream(bio).input_;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(buffer, input.data(), count);
    input.remove_prefix(count);
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    try {
      stream(bio).encrypted_.append(data, static_cast<std::size_t>(size));
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return size;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static int create(BIO* bio) {
    ::BIO_set_init(bio, 1);
    return 1;
  }

  static BIO* make(TlsStream& stream) {
    static BIO_METHOD* const method = make_method();
    BIO* const bio = ::BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    ::BIO_set_data(bio, &stream);
    return bio;
  }

 private:
  static BIO_METHOD* make_method() {
    BIO_METHOD* const method =
        ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tornado stream");
    ::BIO_meth_set_read(method, &read);
    ::BIO_meth_set_write(method, &write);
    ::BIO_meth_set_ctrl(method, &control);
    ::BIO_meth_set_create(method, &create);
    return method;
  }
};

// ---- life ---------------------------------------------------------------------------------------

TlsStream::TlsStream(netutil::Socket socket, const IOStreamOptions& options,
                     ssl::detail::ConnectionPtr ssl, double handshake_timeout)
    : Stream(std::move(socket), options),
      ssl_(std::move(ssl)),
      handshake_timeout_(handshake_timeout) {
  BIO* const bio = TlsBio::make(*this);
  ::SSL_set_bio(ssl_.get(), bio, bio);
}

IOStream TlsStream::open(netutil::Socket socket, const IOStreamOptions& options,
                         const ssl::SSLContext& context, bool server_side,
                         const std::string& server_hostname) {
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const bool connected =
      ::getpeername(socket.fileno(), reinterpret_cast<sockaddr*>(&peer), &length) == 0;
  auto ssl = context.impl().connection(server_side, server_hostname);
  const core::Ref stream(new TlsStream(std::move(socket), options, std::move(ssl),
                                       context.options().handshake_timeout));
  if (connected) stream->begin_handshake();
  return IOStream(stream);
}

IOStream TlsStream::upgrade(Stream& plain, const ssl::SSLContext& context, bool server_side,
                            const std::string& server_hostname) {
  auto ssl = context.impl().connection(server_side, server_hostname);
  IOStreamOptions options;
  options.max_buffer_size = plain.max_buffer_size_;
  options.read_chunk_size = plain.read_chunk_size_;
  options.max_write_buffer_size = plain.max_write_buffer_size_;
  const core::Ref stream(
      new TlsStream(plain.detach(), options, std::move(ssl), context.options().handshake_timeout));
  stream->close_callback_ = std::move(plain.close_callback_);
  stream->begin_handshake();
  return IOStream(stream);
}

void TlsStream::close_fd() noexcept {
  // close_notify tells the peer that nothing is missing, so that must be true.
  if (error() == nullptr && pending_output() == 0 && encrypted_.empty() && !workspace_gone &&
      protocol_error_ == nullptr && ::SSL_is_init_finished(ssl_.get())) {
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    send_encrypted();
    // Closing with unread input, such as a server's tickets, resets the connection, and what was
    // sent may not arrive.
    fetch(kReadBytes);
    input_ = {};
  }
  Stream::close_fd();
}

// ---- errors -------------------------------------------------------------------------------------

// OpenSSL has given up. Its alert to the peer is sent if the kernel takes it.
void TlsStream::fail() {
  protocol_error_ = ssl::detail::take_failure(ssl_.get());
  if (::SSL_is_server(ssl_.get())) {
    log::gen_log.info("SSL Error on " + std::to_string(fileno()) + ": " +
                      describe(protocol_error_));
  }
  send_encrypted();
}

std::exception_ptr TlsStream::failure(int error) const {
  if (error == EPROTO && protocol_error_ != nullptr) return protocol_error_;
  if (error == 0 && truncated_) return std::make_exception_ptr(ssl::SSLEOFError());
  return Stream::failure(error);
}

// Errors of TLS itself are passed on unchanged; those of the connection below as for any stream.
std::exception_ptr TlsStream::connect_failure(const std::exception_ptr& error) const {
  if (error == nullptr) return Stream::connect_failure(error);
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error&) {
    return Stream::connect_failure(error);
  } catch (...) {
    return error;
  }
}

// ---- the handshake ------------------------------------------------------------------------------

std::uint32_t TlsStream::handshake() {
  for (int reads = 0; reads < kMaxReads; ++reads) {
    ::ERR_clear_error();
    const int result = ::SSL_do_handshake(ssl_.get());
    if (result != 1 && ::SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      refuse_handshake();
    }
    const bool sent = send_encrypted();
    if (!sent && !would_block(errno)) std::rethrow_exception(failure(errno));
    if (result == 1) {
      owes_ticket_ = ::SSL_is_server(ssl_.get()) && ::SSL_version(ssl_.get()) == TLS1_3_VERSION;
      held_ = std::exchange(input_, {});
      hidden_input_ = !held_.empty();
      hidden_output_ = !sent;
      return IOLoop::NONE;
    }
    const ssize_t count = fetch(kReadBytes);
    if (count == 0) throw ssl::SSLEOFError();
    if (count < 0) {
      if (!would_block(errno)) std::rethrow_exception(failure(errno));
      return sent ? IOLoop::READ : IOLoop::READ | IOLoop::WRITE;
    }
  }
  return IOLoop::READ;
}

void TlsStream::refuse_handshake() {
  fail();
  // The kernel would answer unread bytes with a reset, which overtakes the alert.
  fetch(kReadBytes);
  input_ = {};
  std::rethrow_exception(protocol_error_);
}

// ---- reading ------------------------------------------------------------------------------------

// Gives OpenSSL what has arrived, up to `size` bytes. Returns what recv() does.
ssize_t TlsStream::fetch(std::size_t size) {
  auto& space = workspace().input;
  const ssize_t count = ::recv(fileno(), space.data(), std::min(size, space.size()), 0);
  if (count > 0) input_ = {space.data(), static_cast<std::size_t>(count)};
  return count;
}

ssize_t TlsStream::read_from_fd(char* buffer, std::size_t size) {
  if (protocol_error_ != nullptr) {
    errno = EPROTO;
    return -1;
  }
  for (int reads = 0; reads < kMaxReads; ++reads) {
    const std::string held = std::exchange(held_, {});
    if (hidden_input_) {
      hidden_input_ = false;
      input_ = held;
    } else if (const ssize_t count = fetch(size); count <= 0) {
      truncated_ = count == 0;
      return count;
    }
    const ssize_t count = decrypt(buffer, size);
    // For example the reply to a change of keys that the peer asked for.
    if (!encrypted_.empty() && withheld_ == 0) {
      hidden_output_ = true;
      queue();
    }
    if (count >= 0 || errno != EAGAIN) return count;
  }
  errno = EAGAIN;
  return -1;
}

// Returns what read() would have returned, had the kernel decrypted input_.
ssize_t TlsStream::decrypt(char* buffer, std::size_t size) {
  std::size_t total = 0;
  int why = SSL_ERROR_NONE;
  ::ERR_clear_error();
  while (total < size && why == SSL_ERROR_NONE) {
    std::size_t count = 0;
    const int result = ::SSL_read_ex(ssl_.get(), buffer + total, size - total, &count);
    if (result == 1) {
      total += count;
    } else {
      why = ::SSL_get_error(ssl_.get(), result);
    }
  }
  if (why != SSL_ERROR_WANT_READ) {  // otherwise OpenSSL has taken all
    held_ = std::exchange(input_, {});
    hidden_input_ = total > 0;
  }
  if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_ZERO_RETURN) fail();
  if (total > 0) return static_cast<ssize_t>(total);
  if (why == SSL_ERROR_ZERO_RETURN) return 0;
  errno = why == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
  return -1;
}

// ---- writing ------------------------------------------------------------------------------------

// Output counts as written when its records have left. Until then its bytes are withheld.
ssize_t TlsStream::write_to_fd(const iovec* parts, int count) {
  if (!send_encrypted()) return -1;
  if (std::exchange(end_when_sent_, false)) Stream::shutdown_write();
  hidden_output_ = false;
  if (withheld_ > 0) return static_cast<ssize_t>(std::exchange(withheld_, 0));
  if (count == 0) return 0;
  withheld_ = encrypt(parts, count);
  if (withheld_ == 0) {
    fail();
    errno = EPROTO;
    return -1;
  }
  if (!send_encrypted()) return -1;
  return static_cast<ssize_t>(std::exchange(withheld_, 0));
}

// The bytes of a file have to be encrypted here. None are read while earlier ones wait.
ssize_t TlsStream::write_file_to_fd(const core::FileRange& range, std::size_t size) {
  if (!encrypted_.empty()) return write_to_fd(nullptr, 0);
  return copy_file_to_fd(range, size);
}

// Returns how many bytes it took, or 0 if OpenSSL failed.
std::size_t TlsStream::encrypt(const iovec* parts, int count) {
  encrypted_ = std::exchange(workspace().encrypted, {});
  Parts rest(parts, count);
  std::size_t total = 0;
  ::ERR_clear_error();
  // Sent right after the handshake, where TLS 1.3 has them, the tickets would make a client that
  // only writes and closes reset the connection. So the first response takes them along.
  if (std::exchange(owes_ticket_, false)) ::SSL_new_session_ticket(ssl_.get());
  while (!rest.empty() && total < kEncryptBytes) {
    const std::string_view next = rest.take(workspace().record);
    std::size_t written = 0;
    if (::SSL_write_ex(ssl_.get(), next.data(), next.size(), &written) != 1) return 0;
    total += next.size();
  }
  return total;
}

// Returns true if everything has left; otherwise errno says why not.
bool TlsStream::send_encrypted() {
  while (sent_ < encrypted_.size()) {
    const ssize_t count =
        ::send(fileno(), encrypted_.data() + sent_, encrypted_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) return false;
    sent_ += static_cast<std::size_t>(count);
  }
  if (encrypted_.empty()) return true;
  sent_ = 0;
  encrypted_.clear();
  if (!workspace_gone && encrypted_.capacity() <= kKeptCapacity) {
    workspace().encrypted.swap(encrypted_);
  }
  std::string().swap(encrypted_);  // an assignment would keep its memory
  return true;
}

// ---- the end of our side ------------------------------------------------------------------------

void TlsStream::shutdown_write() {
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
  if (send_encrypted()) return Stream::shutdown_write();
  end_when_sent_ = hidden_output_ = true;
  watch(IOLoop::WRITE);
}

}  // namespace tornado::iostream::detail
