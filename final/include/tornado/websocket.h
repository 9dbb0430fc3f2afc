// Public header: WebSockets (RFC 6455, with compression: RFC 7692), server and client. Mirrors
// tornado.websocket.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/function.h>
#include <tornado/core/pointers.h>
#include <tornado/core/websocket_hooks.h>
#include <tornado/web.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::httpclient {
struct HTTPRequest;
}
namespace tornado::netutil {
class Resolver;
}
namespace tornado::http {
class Exchange;
}

namespace tornado::websocket {

// The peer does not speak the protocol. (WebSocketError)
class WebSocketError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// There is no connection to write to any more. (WebSocketClosedError)
class WebSocketClosedError : public WebSocketError {
 public:
  WebSocketClosedError() : WebSocketError("the WebSocket is closed") {}
};

// How a side compresses what it sends, and what it asks of the other.
struct CompressionOptions {
  CompressionOptions() {}

  int compression_level = 6;  // 0 to 9: zlib's
  int mem_level = 8;          // 1 to 9: zlib's. Memory of a compressor: 2^(mem_level + 9) bytes
  // 8 to 15: text of 2^max_window_bits bytes is remembered, in both directions if the peer can.
  int max_window_bits = 15;
  // Messages may refer to earlier ones. Off: they are longer, and a connection that sends nothing
  // holds no compressor (up to 256 KiB) and no window (up to 40 KiB).
  bool context_takeover = true;
};

// A message for many: its frame is made once for all who get it, and compressed once for those who
// compress alike. Copies share it.
class PreparedMessage {
 public:
  // Text must be UTF-8; throws std::invalid_argument if it is not.
  explicit PreparedMessage(std::string data, bool binary = false);
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  explicit PreparedMessage(const J& value)
      : PreparedMessage(core::JsonText<J>::object_text(value)) {}
  PreparedMessage(const PreparedMessage&) noexcept;
  PreparedMessage& operator=(const PreparedMessage&) noexcept;
  ~PreparedMessage();

  const std::string& data() const noexcept;
  bool binary() const noexcept;

  // Internal.
  detail::PreparedFrames& frames() const noexcept { return *frames_; }

 private:
  core::Ref<detail::PreparedFrames> frames_;
};

// Sends `message` to each of `receivers`, pointers to WebSocketHandlers or to client connections.
// Those that are closed get nothing; a slow one holds up nobody.
template <class Receivers>
void broadcast(const Receivers& receivers, const PreparedMessage& message) {
  for (const auto& receiver : receivers) receiver->write_message(message);
}
template <class Receivers>
void broadcast(const Receivers& receivers, std::string data, bool binary = false) {
  broadcast(receivers, PreparedMessage(std::move(data), binary));
}

// ---- server -------------------------------------------------------------------------------------

// One WebSocket of a server. Derive from it, give it hooks, and route to it as to any handler:
//
//   struct EchoSocket : websocket::WebSocketHandler {
//     void open(std::string room);                     // the route's captures, as a verb's
//     void on_message(websocket::Message message) { write_message(message); }
//     void on_close();
//   };
//
// The hooks are found by name: open, on_message, on_close, on_ping and on_pong. Each is `void` or a
// coroutine, `Future<void>`; on_message is required. It takes the message in one of these forms:
//
//   on_message(websocket::Message)              with what it is, text or binary
//   on_message(std::string)                     its bytes only
//   on_message(std::string_view)                the same without a copy, for `void`: valid during
//                                               the call
//   on_message(std::string, bool binary)        both, as does (std::string_view, bool)
//
// on_ping and on_pong take a std::string or a std::string_view in the same way. Text is UTF-8.
//
// Messages come in order. The next is read when open() and the on_message() before it have ended:
// while a coroutine waits, the peer is held back. It is also held back while more than 64 KiB of
// what it was sent have not left.
//
// An exception in open() or on_message() is logged, and closes the connection with 1011; in the
// other hooks it is only logged. initialize() and prepare() run before the handshake and can still
// refuse with an HTTPError. The access log has one line, with status 101, and on_finish() comes,
// when the handshake is done. From then on the methods that write a response throw
// std::runtime_error.
//
// Once open() was called, on_close() comes exactly once, whatever the peer does; if the server
// goes, from its destructor. The handler lives until then, until none of its coroutines runs, and
// until nothing is left that will run in its context. So a pointer in a list of those to write to
// is good from open() to on_close().
//
// Refused are: other methods than GET (405), other requests than for a WebSocket over HTTP/1.1, and
// a key that is none (400), another origin (403), versions other than 13, 8 and 7 (426).
class WebSocketHandler : public web::RequestHandler {
 public:
  // Sends a message, as text or binary, or what `message` is. The future is flow control: done when
  // less than 64 KiB wait to leave. It fails with WebSocketClosedError if the connection is closed
  // or closing, which nobody has to look at. If more than 64 MiB wait, the connection is closed.
  // Throws std::invalid_argument for text that is not UTF-8. (write_message)
  Future<void> write_message(std::string_view data, bool binary = false);
  Future<void> write_message(const char* text) { return write_message(std::string_view(text)); }
  Future<void> write_message(std::nullptr_t) = delete;
  Future<void> write_message(const Message& message) {
    return write_message(message.data, message.binary);
  }
  Future<void> write_message(const PreparedMessage& message);
  // A JSON object (include <tornado/json.h>), as text.
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  Future<void> write_message(const J& value) {
    return write_message(core::JsonText<J>::object_text(value));
  }
  // Asks the peer for a pong with the same data. Throws std::invalid_argument for more than 125
  // bytes. (ping)
  Future<void> ping(std::string_view data = {});

  // Begins the closing handshake: `code` 1000 to 1003, 1007 to 1014 or 3000 to 4999, else
  // std::invalid_argument; the reason is UTF-8 of at most 123 bytes. A reason without a code means
  // 1000. If the peer has not answered within 5 seconds, the connection is cut. (close)
  void close(std::optional<int> code = std::nullopt, std::string_view reason = {});

  // What the peer's close frame said; nothing if it had no code, or has not come. Good in
  // on_close() and later. (close_code, close_reason)
  std::optional<int> close_code() const noexcept;
  const std::string& close_reason() const noexcept;

  // The subprotocol that was agreed on. (selected_subprotocol)
  std::optional<std::string> selected_subprotocol() const;
  // The version of the protocol: 13, 8 or 7; 0 if the request asks for another.
  // (get_websocket_protocol)
  int get_websocket_protocol() const;

  // Small messages go out at once instead of waiting for the acknowledgement of earlier ones: on
  // unless it is turned off here. (set_nodelay)
  void set_nodelay(bool value);

  // ---- to override
  // Whether a page of that origin may connect. The default compares host and port to the Host
  // field, as the browser's "same origin" does. Not asked if the client names no origin, as clients
  // that are no browsers do, nor if it names two: that is refused. (check_origin)
  virtual bool check_origin(const std::string& origin);
  // Which of the offered subprotocols to use; the default is none. Another one than was offered is
  // an error. (select_subprotocol)
  virtual std::optional<std::string> select_subprotocol(
      const std::vector<std::string>& subprotocols);
  // Off by default; `return websocket::CompressionOptions();` turns it on for clients that offer
  // it. (get_compression_options)
  virtual std::optional<CompressionOptions> get_compression_options() { return std::nullopt; }
  // Seconds between pings, 0 for none; seconds to wait for an answer before the connection is
  // closed; bytes of a message, as sent and as inflated, more of which close it with 1009. The
  // defaults are the settings'. (ping_interval, ping_timeout, max_message_size)
  virtual double ping_interval() const;
  virtual double ping_timeout() const;
  virtual std::size_t max_message_size() const;

  // ---- hooks a class need not have
  void open(const web::PathArgs& /*path_args*/) {}
  void on_close() {}
  void on_ping(std::string_view /*data*/) {}
  void on_pong(std::string_view /*data*/) {}

  // The handshake.
  void get(const web::PathArgs& path_args);

  // ---- a response's, until the handshake is done
  template <class... Args>
  void write(Args&&... args) {
    require_http();
    RequestHandler::write(std::forward<Args>(args)...);
  }
  template <class... Args>
  Future<void> finish(Args&&... args) {
    require_http();
    return RequestHandler::finish(std::forward<Args>(args)...);
  }
  template <class... Args>
  void set_header(Args&&... args) {
    require_http();
    RequestHandler::set_header(std::forward<Args>(args)...);
  }
  Future<void> flush() {
    require_http();
    return RequestHandler::flush();
  }
  void redirect(std::string_view url, bool permanent = false, int status = 0) {
    require_http();
    RequestHandler::redirect(url, permanent, status);
  }
  void set_status(int status_code, std::string_view reason = {}) {
    require_http();
    RequestHandler::set_status(status_code, reason);
  }

  // Internal: adds the hooks to what a route knows of the class.
  template <class H>
  static constexpr void adapt_class(web::detail::HandlerClass& handler_class) {
    detail::add_hooks<H, WebSocketHandler>(handler_class);
  }

 protected:
  WebSocketHandler();
  ~WebSocketHandler() override;

 private:
  class Link;
  struct Details;

  void require_http() const;
  Details& details();
  bool refuse();
  void agree_on_subprotocol();
  void agree_on_compression(detail::ConnectionRules& rules);
  void upgrade(http::Exchange& exchange, const detail::ConnectionRules& rules);
  const detail::Hooks& hooks() const noexcept;
  void hook_failed(const std::exception_ptr& exception, bool closes) noexcept;

  Link* link_ = nullptr;          // until on_close()
  core::Owned<Details> details_;  // most have none before they are closed
};

// ---- client -------------------------------------------------------------------------------------

namespace detail {

// The program's function for a client's messages, plain or a coroutine.
class MessageCallback {
 public:
  using Returned = std::optional<Future<void>>;

  MessageCallback() = default;
  template <class F>
    requires std::is_invocable_v<F&, std::optional<Message>>
  MessageCallback(F function) {
    function_ = [f = std::move(function)](std::optional<Message> message) mutable -> Returned {
      if constexpr (core::is_future<std::invoke_result_t<F&, std::optional<Message>>>) {
        return core::invoke(f, std::move(message));
      } else {
        core::invoke(f, std::move(message));
        return std::nullopt;
      }
    };
  }

  explicit operator bool() const noexcept { return static_cast<bool>(function_); }
  Returned operator()(std::optional<Message> message) const {
    return function_(std::move(message));
  }

 private:
  core::Function<Returned(std::optional<Message>)> function_;
};

}  // namespace detail

struct WebSocketConnectOptions {
  WebSocketConnectOptions();

  // Gets each message, and none at the end, instead of read_message(). While it is a coroutine that
  // waits, the server is held back. What it throws is logged, and closes the connection.
  detail::MessageCallback on_message_callback;
  // Seconds until the handshake is done. (20; the request's connect_timeout, if that is set)
  std::optional<double> connect_timeout;
  // Offer compression.
  std::optional<CompressionOptions> compression_options;
  double ping_interval = 0;  // seconds; 0: no pings
  double ping_timeout = 0;   // at most, and if 0: ping_interval
  std::size_t max_message_size = 10'485'760;
  std::vector<std::string> subprotocols;
  // Null: netutil::Resolver::default_resolver().
  std::shared_ptr<netutil::Resolver> resolver;
};

// A connection to a server: a handle, of which copies mean the same. When the last one goes, and no
// read waits, the connection is closed with 1001, unless it has an on_message_callback.
class WebSocketClientConnection {
 public:
  // The next message; none once the connection is closed. One that nobody has read holds back the
  // server. (read_message)
  Future<std::optional<Message>> read_message() const;

  // As WebSocketHandler's.
  Future<void> write_message(std::string_view data, bool binary = false) const;
  Future<void> write_message(const char* text) const {
    return write_message(std::string_view(text));
  }
  Future<void> write_message(std::nullptr_t) const = delete;
  Future<void> write_message(const Message& message) const {
    return write_message(message.data, message.binary);
  }
  Future<void> write_message(const PreparedMessage& message) const {
    return write_message(message.data(), message.binary());
  }
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  Future<void> write_message(const J& value) const {
    return write_message(core::JsonText<J>::object_text(value));
  }
  Future<void> ping(std::string_view data = {}) const;
  void close(std::optional<int> code = std::nullopt, std::string_view reason = {}) const;
  std::optional<int> close_code() const noexcept;
  const std::string& close_reason() const noexcept;
  const std::optional<std::string>& selected_subprotocol() const noexcept;

  // The header of the server's answer. Valid as long as a handle is. (headers)
  const httputil::HTTPHeaders& headers() const noexcept;

  // Internal.
  explicit WebSocketClientConnection(core::Ref<detail::Session> session);
  WebSocketClientConnection(const WebSocketClientConnection&) noexcept;
  WebSocketClientConnection(WebSocketClientConnection&&) noexcept;
  WebSocketClientConnection& operator=(const WebSocketClientConnection&) noexcept;
  WebSocketClientConnection& operator=(WebSocketClientConnection&&) noexcept;
  ~WebSocketClientConnection();

 private:
  core::Ref<detail::Session> session_;
};

// Connects to a WebSocket server: "ws://host/path" or "wss://host/path"; of a request also the
// header, the credentials, and the TLS options, as for AsyncHTTPClient. Redirects are not followed.
// Throws std::invalid_argument for what cannot be sent. Fails with what
// tcpclient::TCPClient::connect() fails with, with httpclient::HTTPTimeoutError, with
// httpclient::HTTPClientError if the server answers anything but 101, and with WebSocketError if
// its answer is none to what was asked. (websocket_connect)
Future<WebSocketClientConnection> websocket_connect(const std::string& url,
                                                    WebSocketConnectOptions options = {});
Future<WebSocketClientConnection> websocket_connect(const httpclient::HTTPRequest& request,
                                                    WebSocketConnectOptions options = {});
// The callback form of Tornado 4: `callback` gets the future when it is done.
template <class F>
  requires std::is_invocable_v<F&, Future<WebSocketClientConnection>>
void websocket_connect(const std::string& url, F callback, WebSocketConnectOptions options = {}) {
  websocket_connect(url, std::move(options)).add_done_callback(std::move(callback));
}

}  // namespace tornado::websocket
