// Public header: IOStream, a non-blocking socket with buffers, SSLIOStream and PipeIOStream.
// Mirrors tornado.iostream.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/ioloop.h>
#include <tornado/netutil.h>
#include <tornado/ssl.h>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace tornado::iostream {

// The stream was closed before the operation was complete. Pending operations fail with it, and so
// does every later one.
class StreamClosedError : public std::runtime_error {
 public:
  explicit StreamClosedError(std::exception_ptr why = nullptr)
      : std::runtime_error("Stream is closed"), real_error(std::move(why)) {}

  // The reason: a std::system_error of the connection, an UnsatisfiableReadError or a
  // StreamBufferFullError. Null if one side simply closed the connection.
  std::exception_ptr real_error;
};

// A read cannot be satisfied within its max_bytes. Found in real_error of a StreamClosedError.
class UnsatisfiableReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A buffer would have exceeded its limit.
class StreamBufferFullError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct IOStreamOptions {
  IOStreamOptions() {}

  // The limit of unread bytes. Exceeding it closes the stream with StreamBufferFullError.
  std::size_t max_buffer_size = 104'857'600;
  // Bytes requested from the kernel at a time, at most 65536 and half of max_buffer_size.
  std::size_t read_chunk_size = 65'536;
  // The limit of bytes written but not yet sent; 0: no limit.
  std::size_t max_write_buffer_size = 67'108'864;
};

namespace detail {
class Stream;
class TlsStream;
}  // namespace detail

// A connection. An IOStream is a handle: copies mean the same stream. The stream lives as long as a
// handle exists or an operation is pending, whichever is longer, and is then closed.
//
// It belongs to one thread, and to the loop that is current at its first operation. Closing that
// loop closes the stream; futures still pending then never complete.
//
// Reads: one at a time (otherwise std::logic_error "Already reading"). A read that buffered bytes
// satisfy is done when the call returns. After the peer has closed, bytes that came before can
// still be read.
//
// Writes are queued and sent together, in one system call, at the end of the loop's iteration. The
// future of a write is done when the kernel has accepted its last byte. Awaiting it gives
// back-pressure: a producer that does holds at most one piece in memory. It may also be ignored; an
// error then shows in the next operation.
//
// On a closed stream, operations fail with StreamClosedError; the calls themselves do not throw it.
class IOStream {
 public:
  // Makes an empty handle, on which every operation throws std::logic_error.
  IOStream() noexcept;
  // Takes ownership of a socket, connected or not yet, and makes it non-blocking.
  explicit IOStream(netutil::Socket socket, const IOStreamOptions& options = {});
  IOStream(const IOStream& other) noexcept;
  IOStream(IOStream&& other) noexcept;
  // Makes this a handle to the other's stream.
  IOStream& operator=(IOStream other) noexcept;
  ~IOStream();

  // Returns false for an empty handle.
  explicit operator bool() const noexcept { return static_cast<bool>(stream_); }
  friend bool operator==(const IOStream&, const IOStream&) = default;

  // Connects, and returns this stream. Fails with StreamClosedError, whose real_error is the
  // reason. Reads and writes may be started before it is done. (connect)
  Future<IOStream> connect(const netutil::Address& address) const;

  // Reads up to and including `delimiter`. If that does not end within `max_bytes` (0: no limit),
  // closes the stream with UnsatisfiableReadError. Throws std::invalid_argument for an empty
  // delimiter. (read_until)
  Future<std::string> read_until(std::string delimiter, std::size_t max_bytes = 0) const;
  // Reads up to the end of the first match of `regex`, in RE2 syntax, on bytes. Matching starts
  // over whenever bytes arrive, so set `max_bytes` for untrusted peers. Throws
  // std::invalid_argument if the expression does not compile. (read_until_regex)
  Future<std::string> read_until_regex(std::string_view regex, std::size_t max_bytes = 0) const;
  // Reads `count` bytes; with `partial`, 1 to `count` bytes, as soon as any are there. (read_bytes)
  Future<std::string> read_bytes(std::size_t count, bool partial = false) const;
  // Reads into the memory of `buffer` as many bytes as it is long (with `partial`, at least one)
  // and returns it, cut to the bytes read: `buffer = co_await stream.read_into(std::move(buffer))`.
  // The buffer is a value, not a view, so that a read that outlives its caller never writes into
  // freed memory. (read_into)
  Future<std::string> read_into(std::string buffer, bool partial = false) const;
  // Reads everything until the peer closes; returns "" if it has closed already and nothing is
  // left. A broken connection is an error, not an end. (read_until_close)
  Future<std::string> read_until_close() const;

  // Queues `data`. If more than max_write_buffer_size bytes would wait, fails with
  // StreamBufferFullError and queues nothing. (write)
  concurrent::Sent write(std::string data) const;

  // The callback forms of Tornado 4. They call `callback` with the result, on the loop, or not at
  // all if the stream closes first: see set_close_callback. With a `streaming_callback`, that
  // receives the bytes in pieces as they arrive, and `callback` an empty string at the end. Both
  // may be coroutines; their captures stay alive, and the next piece waits until the last one was
  // processed.
  template <class F>
    requires std::is_invocable_v<F&, std::string>
  void read_until(std::string delimiter, F callback, std::size_t max_bytes = 0) const {
    when_done(read_until(std::move(delimiter), max_bytes), std::move(callback));
  }
  template <class F>
    requires std::is_invocable_v<F&, std::string>
  void read_until_regex(std::string_view regex, F callback, std::size_t max_bytes = 0) const {
    when_done(read_until_regex(regex, max_bytes), std::move(callback));
  }
  template <class F>
    requires std::is_invocable_v<F&, std::string>
  void read_bytes(std::size_t count, F callback, bool partial = false) const {
    when_done(read_bytes(count, partial), std::move(callback));
  }
  template <class F, class S>
    requires std::is_invocable_v<F&, std::string> && std::is_invocable_v<S&, std::string>
  void read_bytes(std::size_t count, F callback, S streaming_callback) const {
    when_done(stream_bytes(*this, count, std::move(streaming_callback)), std::move(callback));
  }
  template <class F>
    requires std::is_invocable_v<F&, std::string>
  void read_until_close(F callback) const {
    when_done(read_until_close(), std::move(callback));
  }
  template <class F, class S>
    requires std::is_invocable_v<F&, std::string> && std::is_invocable_v<S&, std::string>
  void read_until_close(F callback, S streaming_callback) const {
    when_done(stream_until_close(*this, std::move(streaming_callback)), std::move(callback));
  }
  template <class F>
    requires std::is_invocable_v<F&>
  void write(std::string data, F callback) const {
    when_done(write(std::move(data)), std::move(callback));
  }
  template <class F>
    requires std::is_invocable_v<F&>
  void connect(const netutil::Address& address, F callback) const {
    connect(address).add_done_callback([callback = std::move(callback)](auto done) mutable {
      return done.exception() == nullptr ? callback() : decltype(callback())();
    });
  }

  // Switches the connection to TLS, as after SMTP's STARTTLS. Returns the new stream when the
  // handshake is done. This stream is closed at once, and its close callback passes to the new one.
  // For a client, `server_hostname` is the host that the certificate must be valid for. Fails with
  // ssl::SSLError, ioloop::TimeoutError or StreamClosedError.
  //
  // Throws std::invalid_argument, and leaves the stream unchanged, if the options do not work, an
  // operation is pending, or bytes are unread: those arrived without TLS and must not be mistaken
  // for protected ones. (start_tls)
  Future<IOStream> start_tls(bool server_side, const ssl::SSLContext& ssl_options = {},
                             const std::string& server_hostname = {}) const;

  // Closes the stream. Sends as much queued data as the kernel takes at once. Pending operations
  // fail, except that read_until_close returns the bytes that have arrived. error() returns `error`
  // from then on. Does nothing if already closed. (close)
  void close(std::exception_ptr error = nullptr) const;
  // Calls `callback` once, on the loop, when either side has closed the stream, or soon if it is
  // closed already. An idle stream watches for the peer's close only if it has a close callback and
  // no unread bytes. A callback that holds a handle keeps the stream alive until then. Pass nullptr
  // to remove the callback. (set_close_callback)
  template <class F>
    requires std::is_invocable_v<F&>
  void set_close_callback(F callback) const {
    set_close_runnable(&core::make_callback(std::move(callback)));
  }
  void set_close_callback(std::nullptr_t) const { set_close_runnable(nullptr); }

  // Returns true once the stream is closed. A stream that nothing reads from, and that has no close
  // callback, does not notice that the peer has closed. (closed)
  bool closed() const;
  // Return true if a read, or a write, is pending. (reading, writing)
  bool reading() const;
  bool writing() const;
  // Returns why the stream was closed; null if one side simply closed it. (error)
  std::exception_ptr error() const;

  // Sends small writes at once instead of waiting for the acknowledgement of earlier ones. Affects
  // only TCP. (set_nodelay)
  void set_nodelay(bool value) const;

  // Returns the descriptor, which the stream still owns; -1 when closed. (fileno)
  int fileno() const;

  // Internal: for this library's own use. Defined in net/stream/stream.h.
  detail::Stream& impl() const;
  explicit IOStream(core::Ref<detail::Stream> stream) noexcept;

 private:
  static constexpr std::size_t kStreamingChunk = 65'536;

  // Calls `callback` with the result, unless the operation failed.
  template <class T, class F>
  static void when_done(const Future<T>& future, F callback) {
    future.add_done_callback([callback = std::move(callback)](Future<T> done) mutable {
      if constexpr (std::is_void_v<T>) {
        return done.exception() == nullptr ? callback() : decltype(callback())();
      } else {
        return done.exception() == nullptr ? callback(std::move(done).result())
                                           : decltype(callback(std::string()))();
      }
    });
  }

  // Calls `callback` and returns an awaitable for its end, so that the next piece waits for a
  // coroutine.
  template <class S>
  static auto hand_to(S& callback, std::string piece) {
    if constexpr (core::is_future<std::invoke_result_t<S&, std::string>>) {
      return callback(std::move(piece));
    } else {
      callback(std::move(piece));
      return std::suspend_never();
    }
  }
  // Pass the bytes that arrive to `callback`, piece by piece. Their result is empty.
  template <class S>
  static Future<std::string> stream_bytes(IOStream stream, std::size_t count, S callback) {
    while (count > 0) {
      std::string piece = co_await stream.read_bytes(count, true);
      count -= piece.size();
      const auto taken = hand_to(callback, std::move(piece));
      co_await taken;
    }
    co_return std::string();
  }
  template <class S>
  static Future<std::string> stream_until_close(IOStream stream, S callback) {
    for (;;) {
      std::string piece;
      try {
        piece = co_await stream.read_bytes(kStreamingChunk, true);
      } catch (const StreamClosedError& end) {
        if (end.real_error != nullptr) throw;
        co_return std::string();
      }
      const auto taken = hand_to(callback, std::move(piece));
      co_await taken;
    }
  }

  void set_close_runnable(core::Runnable* callback) const;

  core::Ref<detail::Stream> stream_;
};

// A stream over TLS. The handshake runs on the loop; operations started before its end wait for it.
// Until then, the functions that describe the TLS connection return empty values. (SSLIOStream)
class SSLIOStream : public IOStream {
 public:
  // Wraps a socket. If it is connected, the handshake begins at once; otherwise after connect().
  // For the arguments and errors see start_tls().
  explicit SSLIOStream(netutil::Socket socket, const ssl::SSLContext& ssl_options = {},
                       bool server_side = false, const std::string& server_hostname = {},
                       const IOStreamOptions& options = {});
  // Returns another handle to `stream`, which comes from start_tls() or from a TCPServer with
  // ssl_options. Throws std::invalid_argument if it does not use TLS.
  explicit SSLIOStream(const IOStream& stream);
  // Returns true if the stream uses TLS.
  static bool is_tls(const IOStream& stream) noexcept;

  // Completes when the handshake does. Fails like start_tls(). Throws std::runtime_error "Already
  // waiting" if called a second time during the handshake. (wait_for_handshake)
  Future<IOStream> wait_for_handshake() const;

  // Returns the protocol negotiated with ALPN, or "" for none. (selected_alpn_protocol)
  std::string selected_alpn_protocol() const;
  // Return the TLS version, such as "TLSv1.3", and the name of the cipher. (version, cipher)
  std::string version() const;
  std::string cipher() const;
  // Returns true if the handshake was abbreviated and resumed an earlier session. (session_reused)
  bool session_reused() const;
  // Returns the host name that the client asked for. (SNI, RFC 6066 3)
  std::string server_hostname() const;
  // Returns the peer's certificate, if it sent one. It has been verified, unless cert_reqs turned
  // that off. (getpeercert)
  std::optional<ssl::Certificate> peer_certificate() const;

 private:
  detail::TlsStream& tls() const;
};

// The same over one end of a pipe, which the stream then owns. (PipeIOStream)
class PipeIOStream : public IOStream {
 public:
  explicit PipeIOStream(int fd, const IOStreamOptions& options = {});
};

}  // namespace tornado::iostream
