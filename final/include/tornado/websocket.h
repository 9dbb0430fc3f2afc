// Public header: WebSockets (RFC 6455, with compression: RFC 7692), server and client. Mirrors
// tornado.websocket.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/maybe_coroutine.h>
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

// The peer violated the protocol. (WebSocketError)
class WebSocketError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The connection is closed, so nothing can be written. (WebSocketClosedError)
class WebSocketClosedError : public WebSocketError {
 public:
  WebSocketClosedError() : WebSocketError("the WebSocket is closed") {}
};

// How one side compresses what it sends, and what it requests from the other.
struct CompressionOptions {
  CompressionOptions() {}

  int compression_level = 6;  // 0 to 9: zlib's
  int mem_level = 8;          // 1 to 9: zlib's. A compressor takes 2^(mem_level + 9) bytes
  // 8 to 15: the window of text remembered is 2^max_window_bits bytes, in both directions if the
  // peer supports it.
  int max_window_bits = 15;
  // Lets messages refer to earlier ones. If false, compressed messages are larger, but an idle
  // connection holds no compressor (up to 256 KiB) and no window (up to 40 KiB).
  bool context_takeover = true;
};

// A message for many receivers. Its frame is built only once, and compressed only once for all
// receivers with the same compression settings. Copies share it.
class PreparedMessage {
 public:
  // Throws std::invalid_argument if `data` is text (not `binary`) and not UTF-8.
  explicit PreparedMessage(std::string data, bool binary = false);
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  explicit PreparedMessage(const J& value)
      : PreparedMessage(core::JsonText<J>::object_text(value)) {}
  PreparedMessage(const PreparedMessage&) noexcept;
  PreparedMessage& operator=(const PreparedMessage&) noexcept;
  ~PreparedMessage();

  // Return the message and its type. Valid as long as a copy exists.
  const std::string& data() const noexcept;
  bool binary() const noexcept;

  // Internal.
  detail::PreparedFrames& frames() const noexcept { return *frames_; }

 private:
  core::Ref<detail::PreparedFrames> frames_;
};

// Sends `message` to each of `receivers`, pointers to WebSocketHandlers or to client connections.
// Closed ones are skipped; a slow one does not delay the others.
template <class Receivers>
void broadcast(const Receivers& receivers, const PreparedMessage& message) {
  for (const auto& receiver : receivers) receiver->write_message(message);
}
template <class Receivers>
void broadcast(const Receivers& receivers, std::string data, bool binary = false) {
  broadcast(receivers, PreparedMessage(std::move(data), binary));
}

// ---- server -------------------------------------------------------------------------------------

// One WebSocket of a server. Derive from it, add hooks, and route to it like any handler:
//
//   struct EchoSocket : websocket::WebSocketHandler {
//     void open(std::string room);                     // the route's captures, as a verb's
//     void on_message(websocket::Message message) { write_message(message); }
//     void on_close();
//   };
//
// The hooks are found by name: open, on_message, on_close, on_ping and on_pong. Each returns `void`
// or is a coroutine, `Future<void>`. Only on_message is required. It takes the message in one of
// these forms:
//
//  on_message(websocket::Message)              data and type, text or binary
//  on_message(std::string)                     the data only
//  on_message(std::string_view)                the same without a copy, for `void` hooks: valid
//                                              during the call
//  on_message(std::string, bool binary)        data and type; also (std::string_view, bool)
//
// on_ping and on_pong take a std::string or a std::string_view in the same way. Text is UTF-8.
//
// Messages arrive in order. The next one is read when open() and the previous on_message() have
// ended, so while a coroutine waits, reading from the peer pauses. It also pauses while more than
// 64 KiB wait to be sent to the peer.
//
// An exception in open() or on_message() is logged and closes the connection with 1011; in the
// other hooks it is only logged. initialize() and prepare() run before the handshake and can still
// refuse it with an HTTPError. When the handshake is done, one line with status 101 is written to
// the access log, and on_finish() is called. From then on, the methods that write a response throw
// std::runtime_error.
//
// Once open() was called, on_close() is called exactly once, whatever the peer does; if the server
// is destroyed, then from its destructor. The handler lives until then, until its coroutines have
// ended, and until no callback is left that will run in its context. So a pointer in a list of
// receivers is valid from open() to on_close().
//
// Refuses methods other than GET (405), requests that do not ask for a WebSocket over HTTP/1.1 or
// have an invalid key (400), foreign origins (403), and versions other than 13, 8 and 7 (426).
class WebSocketHandler : public web::RequestHandler {
 public:
  // Sends a message, as text or binary, or as `message` says. Await the future for flow control: it
  // is done when less than 64 KiB wait to be sent. It fails with WebSocketClosedError if the
  // connection is closed or closing; that failure may be ignored. If more than 64 MiB wait, the
  // connection is closed. Throws std::invalid_argument for text that is not UTF-8. (write_message)
  concurrent::Sent write_message(std::string_view data, bool binary = false);
  concurrent::Sent write_message(const char* text) { return write_message(std::string_view(text)); }
  concurrent::Sent write_message(std::nullptr_t) = delete;
  concurrent::Sent write_message(const Message& message) {
    return write_message(message.data, message.binary);
  }
  concurrent::Sent write_message(const PreparedMessage& message);
  // Sends a JSON object as text (include <tornado/json.h>).
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  concurrent::Sent write_message(const J& value) {
    return write_message(core::JsonText<J>::object_text(value));
  }
  // Sends a ping; the peer replies with a pong with the same data. Throws std::invalid_argument for
  // more than 125 bytes. (ping)
  concurrent::Sent ping(std::string_view data = {});

  // Begins the closing handshake. `code` must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, and
  // the reason UTF-8 of at most 123 bytes; otherwise throws std::invalid_argument. A reason without
  // a code means 1000. If the peer has not replied within 5 seconds, the connection is cut. (close)
  void close(std::optional<int> code = std::nullopt, std::string_view reason = {});

  // Return code and reason of the peer's close frame; nullopt and "" if there was none, or it had
  // no code. Available from on_close() on. (close_code, close_reason)
  std::optional<int> close_code() const noexcept;
  const std::string& close_reason() const noexcept;

  // Returns the negotiated subprotocol. (selected_subprotocol)
  std::optional<std::string> selected_subprotocol() const;
  // Returns the version of the protocol: 13, 8 or 7; 0 if the request asks for another.
  // (get_websocket_protocol)
  int get_websocket_protocol() const;

  // Sends small messages at once instead of waiting for the acknowledgement of earlier ones. On by
  // default. (set_nodelay)
  void set_nodelay(bool value);

  // ---- to override
  // Returns whether a page of that origin may connect. The default compares host and port with the
  // Host field, like the browser's "same origin". Not called if the request has no origin, which is
  // normal for clients other than browsers, or if it has two, which is refused. (check_origin)
  virtual bool check_origin(const std::string& origin);
  // Chooses one of the offered subprotocols. The default chooses none. Returning one that was not
  // offered is an error. (select_subprotocol)
  virtual std::optional<std::string> select_subprotocol(
      const std::vector<std::string>& subprotocols);
  // Returns how to compress. The default is nullopt, no compression; `return
  // websocket::CompressionOptions();` turns it on for clients that offer it.
  // (get_compression_options)
  virtual std::optional<CompressionOptions> get_compression_options() { return std::nullopt; }
  // Return the seconds between pings, 0 for none; the seconds to wait for a reply before closing
  // the connection, at most until the next ping; and the largest message in bytes, both as sent and
  // as decompressed. A larger one closes the connection with 1009. The defaults come from the
  // settings. (ping_interval, ping_timeout, max_message_size)
  virtual double ping_interval() const;
  virtual double ping_timeout() const;
  virtual std::size_t max_message_size() const;

  // ---- optional hooks
  // Hide them with your own: open() is called after the handshake, with the route's captures, and
  // on_close() at the end. The other two get the payload of a frame. By default they do nothing.
  void open(const web::PathArgs& /*path_args*/) {}
  void on_close() {}
  void on_ping(std::string_view /*data*/) {}
  void on_pong(std::string_view /*data*/) {}

  // Performs the handshake.
  void get(const web::PathArgs& path_args);

  // ---- methods of a response, usable until the handshake is done
  // Call RequestHandler's function of the same name. Throw std::runtime_error after the handshake.
  template <class... Args>
  void write(Args&&... args) {
    require_http();
    RequestHandler::write(std::forward<Args>(args)...);
  }
  template <class... Args>
  concurrent::Sent finish(Args&&... args) {
    require_http();
    return RequestHandler::finish(std::forward<Args>(args)...);
  }
  template <class... Args>
  void set_header(Args&&... args) {
    require_http();
    RequestHandler::set_header(std::forward<Args>(args)...);
  }
  concurrent::Sent flush() {
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

  // Internal: adds the hooks to the description of the class that routes use.
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
  core::Owned<Details> details_;  // usually null until the connection closes
};

// ---- client -------------------------------------------------------------------------------------

struct WebSocketConnectOptions {
  WebSocketConnectOptions();

  // Called with each message, and with nullopt at the end; replaces read_message(). While a
  // coroutine waits, reading from the server pauses. An exception that leaves it is logged and
  // closes the connection.
  core::MaybeCoroutine<std::optional<Message>> on_message_callback;
  // Seconds until the handshake is done. 0: the request's connect_timeout (where 0 means without
  // limit), or 20.
  core::Seconds connect_timeout = 0;
  // If set, offers compression.
  std::optional<CompressionOptions> compression_options;
  core::Seconds ping_interval = 0;  // seconds; 0: no pings
  core::Seconds ping_timeout = 0;   // seconds to wait for a pong; 0, and more: ping_interval
  // Bytes, as sent and as decompressed. A longer message closes the connection with 1009.
  std::size_t max_message_size = 10'485'760;
  // The subprotocols to offer, best first: see selected_subprotocol().
  std::vector<std::string> subprotocols;
  // Null means netutil::Resolver::default_resolver().
  std::shared_ptr<netutil::Resolver> resolver;
};

// A connection to a server. It is a handle: copies mean the same connection. When the last handle
// is destroyed and no read waits, the connection is closed with 1001, unless it has an
// on_message_callback.
class WebSocketClientConnection {
 public:
  // Returns the next message, or nullopt once the connection is closed. While a message is unread,
  // reading from the server pauses. (read_message)
  Future<std::optional<Message>> read_message() const;

  // See WebSocketHandler.
  concurrent::Sent write_message(std::string_view data, bool binary = false) const;
  concurrent::Sent write_message(const char* text) const {
    return write_message(std::string_view(text));
  }
  concurrent::Sent write_message(std::nullptr_t) const = delete;
  concurrent::Sent write_message(const Message& message) const {
    return write_message(message.data, message.binary);
  }
  concurrent::Sent write_message(const PreparedMessage& message) const {
    return write_message(message.data(), message.binary());
  }
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  concurrent::Sent write_message(const J& value) const {
    return write_message(core::JsonText<J>::object_text(value));
  }
  concurrent::Sent ping(std::string_view data = {}) const;
  void close(std::optional<int> code = std::nullopt, std::string_view reason = {}) const;
  std::optional<int> close_code() const noexcept;
  std::string close_reason() const;
  const std::optional<std::string>& selected_subprotocol() const noexcept;

  // Returns the headers of the server's response. Valid as long as a handle exists. (headers)
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

// Connects to a WebSocket server at "ws://host/path" or "wss://host/path". Besides the URL, uses a
// request's headers, credentials and TLS options, as AsyncHTTPClient does. Does not follow
// redirects. Throws std::invalid_argument for a request that cannot be sent. Fails with the errors
// of tcpclient::TCPClient::connect(), with httpclient::HTTPTimeoutError, with
// httpclient::HTTPClientError for a response other than 101, and with WebSocketError if a 101 does
// not match the request. (websocket_connect)
Future<WebSocketClientConnection> websocket_connect(const std::string& url,
                                                    WebSocketConnectOptions options = {});
Future<WebSocketClientConnection> websocket_connect(const httpclient::HTTPRequest& request,
                                                    WebSocketConnectOptions options = {});
// The callback form of Tornado 4: calls `callback` with the future when that is done.
template <class F>
  requires std::is_invocable_v<F&, Future<WebSocketClientConnection>>
void websocket_connect(const std::string& url, F callback, WebSocketConnectOptions options = {}) {
  websocket_connect(url, std::move(options)).add_done_callback(std::move(callback));
}

}  // namespace tornado::websocket
