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

// The stream was closed before the operation was complete. A pending operation's future gets it,
// and so does each new one.
class StreamClosedError : public std::runtime_error {
 public:
  explicit StreamClosedError(std::exception_ptr why = nullptr)
      : std::runtime_error("Stream is closed"), real_error(std::move(why)) {}

  // Why: a std::system_error of the connection, an UnsatisfiableReadError, a StreamBufferFullError;
  // null if one side just closed.
  std::exception_ptr real_error;
};

// A read cannot be satisfied within its max_bytes. Comes as real_error of a StreamClosedError.
class UnsatisfiableReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A buffer would have grown over its limit.
class StreamBufferFullError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct IOStreamOptions {
  IOStreamOptions() {}

  // Unread bytes kept at most; more close the stream with StreamBufferFullError.
  std::size_t max_buffer_size = 104'857'600;
  // Bytes asked of the kernel at a time: at most 65536 and half of max_buffer_size.
  std::size_t read_chunk_size = 65'536;
  // Bytes written that have not left yet, at most; 0: no limit.
  std::size_t max_write_buffer_size = 67'108'864;
};

namespace detail {
class Stream;
class TlsStream;
}  // namespace detail

// A connection. An IOStream is a handle: copies mean the same stream. The stream lives as long as a
// handle does or an operation is pending, whichever is longer, and is then closed.
//
// It belongs to one thread; the loop that is current at its first operation serves it. When that
// loop is closed, so is the stream; futures still pending then never complete.
//
// Reads: one at a time (std::logic_error "Already reading" otherwise). A read that the bytes at
// hand satisfy is done when the call returns. When the peer has closed, what came before can still
// be read.
//
// Writes are queued and leave together at the end of the loop's iteration, in one system call; the
// future of each is done when its last byte was given to the kernel. Awaiting it is the
// back-pressure: who does, holds at most one piece in memory. Nobody has to look at it; an error
// shows in the next operation.
//
// A closed stream fails operations with StreamClosedError; they do not throw it.
class IOStream {
 public:
  // No stream: every operation throws std::logic_error.
  IOStream() = default;
  // Takes over a socket, connected or to be connected, and makes it non-blocking.
  explicit IOStream(netutil::Socket socket, const IOStreamOptions& options = {});
  IOStream(const IOStream& other) noexcept;
  IOStream(IOStream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  IOStream& operator=(IOStream other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  ~IOStream();

  explicit operator bool() const noexcept { return stream_ != nullptr; }
  friend bool operator==(const IOStream&, const IOStream&) = default;

  // Connects, and gives this stream. Fails with StreamClosedError, whose real_error says why. Reads
  // and writes may be started before it is done. (connect)
  Future<IOStream> connect(const netutil::Address& address) const;

  // Bytes up to and including `delimiter`. If it does not end within `max_bytes` (0: any), the
  // stream is closed with UnsatisfiableReadError. Throws std::invalid_argument for an empty
  // delimiter. (read_until)
  Future<std::string> read_until(std::string delimiter, std::size_t max_bytes = 0) const;
  // Bytes up to the end of the first match of `regex`: RE2 syntax, on bytes. It is tried from the
  // start whenever bytes come, so give `max_bytes` for peers that are not trusted. Throws
  // std::invalid_argument if it does not compile. (read_until_regex)
  Future<std::string> read_until_regex(std::string_view regex, std::size_t max_bytes = 0) const;
  // `count` bytes; with `partial`, any number from 1 to `count`, as soon as there are some.
  // (read_bytes)
  Future<std::string> read_bytes(std::size_t count, bool partial = false) const;
  // Reads as many bytes as `buffer` is long, with `partial` at least one, into its memory, and
  // gives it back, cut to what was read: `buffer = co_await stream.read_into(std::move(buffer))`.
  // It is a value, not a view, so that a read which outlives its caller writes into nobody's
  // memory. (read_into)
  Future<std::string> read_into(std::string buffer, bool partial = false) const;
  // Everything up to the peer's close; nothing if that has come already. A connection that breaks
  // is an error, not an end. (read_until_close)
  Future<std::string> read_until_close() const;

  // Queues `data`. Fails with StreamBufferFullError, and queues nothing, if more than
  // max_write_buffer_size bytes would wait. (write)
  Future<void> write(std::string data) const;

  // The callback forms of Tornado 4. `callback` gets the result, on the loop; if the stream closes
  // first it is not called: see set_close_callback. `streaming_callback` gets the bytes in pieces
  // as they come, and then `callback` gets an empty string. Both may be coroutines, whose captures
  // stay alive; the next piece waits until the last was dealt with.
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

  // Goes on with TLS over the same connection, as after SMTP's STARTTLS. Gives the new stream when
  // the handshake is done; this one is closed, and its close callback goes over to the new one. A
  // client names the host it wants in `server_hostname`: the certificate must be for it. Fails with
  // ssl::SSLError, ioloop::TimeoutError or StreamClosedError. Throws std::invalid_argument, and
  // leaves the stream as it was, if the options do not work, or if something is under way or
  // unread: bytes that came before TLS did must not be taken for bytes that came with it.
  // (start_tls)
  Future<IOStream> start_tls(bool server_side, const ssl::SSLContext& ssl_options = {},
                             const std::string& server_hostname = {}) const;

  // Closes the stream: sends what the kernel takes at once, fails what is pending, except that
  // read_until_close ends with what has come. `error` is what `error()` answers from then on.
  // Silent if closed. (close)
  void close(std::exception_ptr error = nullptr) const;
  // Calls `callback` once on the loop when the stream has been closed, by whichever side; at once
  // if it is closed already. An idle stream watches for the peer's close only while it has one and
  // has no unread bytes. A callback that holds a handle keeps the stream alive until then. nullptr
  // takes it away. (set_close_callback)
  template <class F>
    requires std::is_invocable_v<F&>
  void set_close_callback(F callback) const {
    set_close_runnable(&ioloop::detail::make_callback(std::move(callback)));
  }
  void set_close_callback(std::nullptr_t) const { set_close_runnable(nullptr); }

  bool closed() const;
  // A read, or a write, is pending. (reading, writing)
  bool reading() const;
  bool writing() const;
  // Why the stream was closed; null if one side just closed it. (error)
  std::exception_ptr error() const;

  // Small writes go out at once instead of waiting for the acknowledgement of earlier ones. No
  // effect on what is not TCP. (set_nodelay)
  void set_nodelay(bool value) const;

  // The descriptor, which stays the stream's; -1 when closed. (fileno)
  int fileno() const;

  // Internal: for the rooms of this library. Defined in net/stream/stream.h.
  detail::Stream& impl() const;
  explicit IOStream(detail::Stream* adopted) noexcept : stream_(adopted) {}

 private:
  static constexpr std::size_t kStreamingChunk = 65'536;

  // Calls `callback` with the result, unless there is none.
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

  // Calls `callback`, and gives what to await before the next piece: a coroutine's end.
  template <class S>
  static auto hand_to(S& callback, std::string piece) {
    if constexpr (core::is_future<std::invoke_result_t<S&, std::string>>) {
      return callback(std::move(piece));
    } else {
      callback(std::move(piece));
      return std::suspend_never();
    }
  }
  // Give what comes to `callback`, piece by piece; their result is empty.
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

  detail::Stream* stream_ = nullptr;
};

// A stream that speaks TLS: its handshake runs on the loop, and operations started before its end
// wait for it. What has no TLS of its own to tell is empty until then. (SSLIOStream)
class SSLIOStream : public IOStream {
 public:
  // Over a socket that is connected, whose handshake begins at once, or that connect() will
  // connect. For the arguments and errors see start_tls().
  explicit SSLIOStream(netutil::Socket socket, const ssl::SSLContext& ssl_options = {},
                       bool server_side = false, const std::string& server_hostname = {},
                       const IOStreamOptions& options = {});
  // The same stream as `stream`, such as start_tls() or a TCPServer with ssl_options gives. Throws
  // std::invalid_argument if that does not speak TLS.
  explicit SSLIOStream(const IOStream& stream);
  // Whether it does.
  static bool is_tls(const IOStream& stream) noexcept;

  // Done when the handshake is; a stream has one such future, and the second call during the
  // handshake throws std::runtime_error "Already waiting". Fails as start_tls() does.
  // (wait_for_handshake)
  Future<IOStream> wait_for_handshake() const;

  // The protocol agreed on with ALPN; empty: none. (selected_alpn_protocol)
  std::string selected_alpn_protocol() const;
  // "TLSv1.3", and the cipher's name. (version, cipher)
  std::string version() const;
  std::string cipher() const;
  // The handshake was a short one, which went on with an earlier session. (session_reused)
  bool session_reused() const;
  // The host name that the client has asked for. (SNI, RFC 6066 3)
  std::string server_hostname() const;
  // The peer's certificate, if it sent one. It has been checked, unless cert_reqs said not to.
  // (getpeercert)
  std::optional<ssl::Certificate> peer_certificate() const;

 private:
  detail::TlsStream& tls() const;
};

// The same over one end of a pipe, which the stream takes over. (PipeIOStream)
class PipeIOStream : public IOStream {
 public:
  explicit PipeIOStream(int fd, const IOStreamOptions& options = {});
};

}  // namespace tornado::iostream
