// websocket_connect() and the connection it returns: the client's handshake of RFC 6455 4.1, and a
// queue of one message.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/log.h>
#include <tornado/queues.h>
#include <tornado/tcpclient.h>
#include <tornado/websocket.h>

#include <algorithm>

#include "http/client/idna.h"
#include "http/client/request.h"
#include "http/client/simple_client.h"
#include "http/message/chars.h"
#include "http/message/framing.h"
#include "http/message/head_parser.h"
#include "loop/error_text.h"
#include "web/websocket/arguments.h"
#include "web/websocket/connection.h"

namespace tornado::websocket {
namespace detail {

class ClientLink;

// The state that the handles of one connection and the pending reads share.
class Session final : public core::Counted {
 public:
  using MessageCallback = core::MaybeCoroutine<std::optional<Message>>;

  explicit Session(MessageCallback message_callback) : callback(std::move(message_callback)) {}
  ~Session() override;

  static Future<std::optional<Message>> read(core::Ref<Session> self);

  const MessageCallback callback;
  queues::Queue<Message> messages;  // at most one: while it waits, the connection is held
  httputil::HTTPHeaders headers;
  std::optional<std::string> subprotocol;
  ClientLink* link = nullptr;  // null once the stream has closed
  int close_code = 0;
  std::string close_reason;
};

// The connection's side. Outlives the session if nobody waits for messages: it then closes the
// connection gracefully.
class ClientLink final : public Connection, public core::Pooled {
 public:
  ClientLink(Session& session, const ConnectionRules& rules)
      : Connection(rules), session_(&session) {
    session.link = this;
    if (session.callback) kept_ = core::Ref<Session>(&session);
  }

  void session_gone() {
    session_ = nullptr;
    send_close(http::close_code::kGoingAway, {});
  }

 private:
  using Ref = core::Ref<Session>;

  void message(std::string_view payload, bool binary) override {
    if (session_ == nullptr) return;
    const Ref session(session_);
    Message made(std::string(payload), binary);
    if (session->callback) return call(session, std::move(made));
    session->messages.put_nowait(std::move(made));
    if (!session->messages.empty()) pause();
  }
  void ping(std::string_view /*payload*/) override {}
  void pong(std::string_view /*payload*/) override {}

  void call(const Ref& session, std::optional<Message> message) {
    try {
      const auto returned = session->callback(std::move(message));
      if (!returned) return;
      if (returned->done()) return static_cast<void>(returned->result());
      pause();
      core::let_run(watch(session, *returned));
    } catch (...) {
      callback_failed(*session);
    }
  }

  static Future<void> watch(Ref session, Future<void> returned) {
    try {
      co_await returned;
    } catch (...) {
      callback_failed(*session);
    }
    if (session->link != nullptr) session->link->resume();
  }

  static void callback_failed(const Session& session) {
    log::app_log.error("Uncaught exception in on_message_callback: " +
                       describe(std::current_exception()));
    if (session.link != nullptr) session.link->send_close(http::close_code::kInternalError, {});
  }

  void ended() override {
    if (session_ == nullptr) return;
    const Ref session(session_);
    kept_ = {};
    session_ = nullptr;
    session->link = nullptr;
    session->close_code = peer_code();
    session->close_reason = peer_reason();
    session->messages.shutdown();
    if (session->callback) call(session, std::nullopt);
  }

  Session* session_;
  Ref kept_;  // a callback keeps its connection alive
};

Session::~Session() {
  if (link != nullptr) link->session_gone();
}

Future<std::optional<Message>> Session::read(core::Ref<Session> self) {
  std::optional<Message> message = co_await self->messages.next();
  if (self->link != nullptr && self->messages.empty()) self->link->resume();
  co_return message;
}

}  // namespace detail

namespace {

using core::Ref;
using detail::Session;
using httpclient::HTTPRequest;

constexpr double kUsualTimeout = 20;
constexpr std::size_t kMaxHead = 65'536;

// ---- the request --------------------------------------------------------------------------------

// To the layers below, ws and wss are http and https.
std::string http_url(const std::string& url) {
  const std::size_t colon = std::min(url.find(':'), url.size());
  const std::string_view scheme = std::string_view(url).substr(0, colon);
  if (equals_ignoring_case(scheme, "ws")) return "http" + url.substr(colon);
  if (equals_ignoring_case(scheme, "wss")) return "https" + url.substr(colon);
  return url;
}

// One attempt to connect: the request, and the agreed parameters.
struct Attempt {
  HTTPRequest request;
  http::ClientUrl url;  // of request
  WebSocketConnectOptions options;
  std::string key;
  double deadline = -1;  // negative: none
};

void prepare(Attempt& attempt) {
  HTTPRequest& request = attempt.request;
  request.url = http_url(request.url);
  if (http::has_international_host(request.url)) {
    if (const std::string reason = http::encode_host(request.url); !reason.empty()) {
      throw std::invalid_argument(reason + ": " + request.url);
    }
  }
  if (const char* reason = http::parse_client_url(request.url, attempt.url)) {
    throw std::invalid_argument(std::string(reason) + ": " + request.url);
  }
  if (request.method != "GET") throw std::invalid_argument("a WebSocket begins with GET");
  request.decompress_response = false;
  http::check_request(request, attempt.url);
  attempt.key = http::make_websocket_key();
  request.headers.set("Upgrade", "websocket");
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Sec-WebSocket-Key", attempt.key);
  request.headers.set("Sec-WebSocket-Version", "13");
  const WebSocketConnectOptions& options = attempt.options;
  std::string offered;
  for (const std::string& subprotocol : options.subprotocols) {
    if (!http::is_token(subprotocol)) {
      throw std::invalid_argument("a subprotocol is a token: " + subprotocol);
    }
    offered += (offered.empty() ? "" : ", ") + subprotocol;
  }
  if (!offered.empty()) request.headers.set("Sec-WebSocket-Protocol", offered);
  if (options.compression_options) {
    detail::check_compression(*options.compression_options);
    request.headers.set("Sec-WebSocket-Extensions",
                        http::deflate_offer(detail::wish_of(*options.compression_options)));
  }
  const double seconds = options.connect_timeout > 0
                             ? options.connect_timeout
                             : request.connect_timeout.value_or(kUsualTimeout);
  if (seconds > 0) attempt.deadline = ioloop::IOLoop::current().time() + seconds;
}

Future<iostream::IOStream> open_stream(const Attempt& attempt) {
  const HTTPRequest& request = attempt.request;
  tcpclient::ConnectOptions to;
  if (!request.allow_ipv6.value_or(true)) to.af = netutil::Family::kInet;
  to.source_ip = request.network_interface.value_or("");
  if (attempt.deadline >= 0) {
    to.timeout = std::max(attempt.deadline - ioloop::IOLoop::current().time(), 0.0);
  }
  if (attempt.url.https) to.ssl_options = http::tls_context_of(request);
  const tcpclient::TCPClient client(attempt.options.resolver);
  return client.connect(std::string(attempt.url.host), attempt.url.port, std::move(to));
}

// ---- the response -------------------------------------------------------------------------------

// Returns the head of the server's response: the first that is not merely informational.
Future<http::ResponseHead> read_answer(iostream::IOStream stream) {
  for (;;) {
    const std::string text = co_await stream.read_until("\r\n\r\n", kMaxHead);
    http::HeadScan scan;
    http::ResponseHead head;
    const http::HeadResult result = http::parse_response_head(text, scan, {}, head);
    if (result.status != http::HeadStatus::kDone) {
      throw WebSocketError("the server's answer is not HTTP");
    }
    if (head.start_line.code == 101 || head.start_line.code >= 200) co_return head;
  }
}

// Throws for a response that does not open a WebSocket.
void check_answer(const Attempt& attempt, const http::ResponseHead& head) {
  const httputil::HTTPHeaders& headers = head.headers;
  if (head.start_line.code != 101) {
    auto response = std::make_shared<httpclient::HTTPResponse>(
        std::make_shared<const HTTPRequest>(attempt.request), head.start_line.code);
    response->reason = head.start_line.reason;
    response->headers = headers;
    throw httpclient::HTTPClientError(head.start_line.code, head.start_line.reason,
                                      std::move(response));
  }
  if (!http::list_contains(headers.get("Upgrade"), "websocket") ||
      !http::list_contains(headers.get("Connection"), "upgrade")) {
    throw WebSocketError("the server did not switch to WebSocket");
  }
  if (headers.get("Sec-WebSocket-Accept") != http::websocket_accept(attempt.key)) {
    throw WebSocketError("the server's Sec-WebSocket-Accept is wrong");
  }
  const auto subprotocol = headers.find("Sec-WebSocket-Protocol");
  const auto& offered = attempt.options.subprotocols;
  if (subprotocol && std::find(offered.begin(), offered.end(), *subprotocol) == offered.end()) {
    throw WebSocketError("the server chose a subprotocol that was not offered");
  }
}

detail::ConnectionRules agreed_rules(const Attempt& attempt, const httputil::HTTPHeaders& headers) {
  const WebSocketConnectOptions& options = attempt.options;
  detail::ConnectionRules rules;
  rules.client = true;
  rules.messages.frames.masked = false;
  rules.messages.max_size = options.max_message_size;
  rules.ping_interval = options.ping_interval;
  rules.ping_timeout = options.ping_timeout;
  const std::string extensions = headers.get("Sec-WebSocket-Extensions");
  http::DeflateAgreement agreement;
  auto answer = http::AnswerStatus::kNone;
  if (options.compression_options) {
    answer = http::read_deflate_answer(extensions, detail::wish_of(*options.compression_options),
                                       agreement);
  } else if (!extensions.empty()) {
    answer = http::AnswerStatus::kBad;
  }
  if (answer == http::AnswerStatus::kBad) {
    throw WebSocketError("the server chose an extension that was not offered");
  }
  if (answer == http::AnswerStatus::kNone) return rules;
  rules.compressed = rules.messages.frames.compressed = true;
  rules.deflate = detail::deflate_settings(*options.compression_options,
                                           agreement.client_window_bits, agreement.client_takeover);
  rules.messages.window_bits = agreement.server_window_bits;
  rules.messages.takeover = agreement.server_takeover;
  return rules;
}

WebSocketClientConnection begin(Attempt& attempt, const iostream::IOStream& stream,
                                http::ResponseHead head) {
  const detail::ConnectionRules rules = agreed_rules(attempt, head.headers);
  const Ref<Session> session(new Session(std::move(attempt.options.on_message_callback)));
  const auto subprotocol = head.headers.find("Sec-WebSocket-Protocol");
  if (subprotocol) session->subprotocol = *subprotocol;
  session->headers = std::move(head.headers);
  auto* const link = core::Ref(new detail::ClientLink(*session, rules)).detach();  // the stream's
  link->begin(stream, rules);
  stream.impl().observe(link);
  return WebSocketClientConnection(session);
}

// Closes a stream whose response does not arrive in time.
class AnswerTimer {
 public:
  AnswerTimer(iostream::IOStream stream, double deadline) {
    if (deadline < 0) return;
    timer_ = ioloop::IOLoop::current().call_at(deadline, [stream = std::move(stream)] {
      stream.close(std::make_exception_ptr(
          httpclient::HTTPTimeoutError(httpclient::TimeoutPhase::kRequest)));
    });
  }
  AnswerTimer(const AnswerTimer&) = delete;
  AnswerTimer& operator=(const AnswerTimer&) = delete;
  ~AnswerTimer() {
    if (timer_.pending()) ioloop::IOLoop::current().remove_timeout(timer_);
  }

 private:
  ioloop::Timeout timer_;
};

Future<iostream::IOStream> connect_stream(std::shared_ptr<Attempt> attempt) {
  try {
    co_return co_await open_stream(*attempt);
  } catch (const gen::TimeoutError&) {
    throw httpclient::HTTPTimeoutError(httpclient::TimeoutPhase::kConnect);
  }
}

Future<http::ResponseHead> ask(std::shared_ptr<Attempt> attempt, iostream::IOStream stream) {
  const AnswerTimer timer(stream, attempt->deadline);
  std::string head;
  http::append_request_head(head, attempt->request, attempt->url, true);
  stream.impl().send(std::move(head));
  try {
    co_return co_await read_answer(stream);
  } catch (const iostream::StreamClosedError& closed) {
    if (closed.real_error == nullptr) throw WebSocketError("the server closed the connection");
    std::rethrow_exception(closed.real_error);
  }
}

Future<WebSocketClientConnection> connect(std::shared_ptr<Attempt> attempt) {
  const iostream::IOStream stream = co_await connect_stream(attempt);
  stream.set_nodelay(true);
  http::ResponseHead answer = co_await ask(attempt, stream);
  check_answer(*attempt, answer);
  co_return begin(*attempt, stream, std::move(answer));
}

}  // namespace

// ---- the handle ---------------------------------------------------------------------------------

WebSocketConnectOptions::WebSocketConnectOptions() = default;

Future<WebSocketClientConnection> websocket_connect(const HTTPRequest& request,
                                                    WebSocketConnectOptions options) {
  auto attempt = std::make_shared<Attempt>();
  attempt->request = request;
  attempt->options = std::move(options);
  attempt->options.on_message_callback.keep_context();
  prepare(*attempt);
  return connect(std::move(attempt));
}

Future<WebSocketClientConnection> websocket_connect(const std::string& url,
                                                    WebSocketConnectOptions options) {
  return websocket_connect(HTTPRequest(url), std::move(options));
}

WebSocketClientConnection::WebSocketClientConnection(Ref<Session> session)
    : session_(std::move(session)) {}
WebSocketClientConnection::WebSocketClientConnection(const WebSocketClientConnection&) noexcept =
    default;
WebSocketClientConnection::WebSocketClientConnection(WebSocketClientConnection&&) noexcept =
    default;
WebSocketClientConnection& WebSocketClientConnection::operator=(
    const WebSocketClientConnection&) noexcept = default;
WebSocketClientConnection& WebSocketClientConnection::operator=(
    WebSocketClientConnection&&) noexcept = default;
WebSocketClientConnection::~WebSocketClientConnection() = default;

Future<std::optional<Message>> WebSocketClientConnection::read_message() const {
  return Session::read(session_);
}

concurrent::Sent WebSocketClientConnection::write_message(std::string_view data,
                                                          bool binary) const {
  detail::check_message(data, binary);
  return session_->link != nullptr ? session_->link->send(data, binary)
                                   : detail::Connection::closed_future();
}

concurrent::Sent WebSocketClientConnection::ping(std::string_view data) const {
  detail::check_ping(data);
  return session_->link != nullptr ? session_->link->send_ping(data)
                                   : detail::Connection::closed_future();
}

void WebSocketClientConnection::close(std::optional<int> code, std::string_view reason) const {
  const int sent = detail::check_close(code, reason);
  if (session_->link != nullptr) session_->link->send_close(sent, reason);
}

std::optional<int> WebSocketClientConnection::close_code() const noexcept {
  const int code = session_->link != nullptr ? session_->link->peer_code() : session_->close_code;
  return code != 0 ? std::optional(code) : std::nullopt;
}

std::string WebSocketClientConnection::close_reason() const {
  return session_->link != nullptr ? session_->link->peer_reason() : session_->close_reason;
}

const std::optional<std::string>& WebSocketClientConnection::selected_subprotocol() const noexcept {
  return session_->subprotocol;
}

const httputil::HTTPHeaders& WebSocketClientConnection::headers() const noexcept {
  return session_->headers;
}

}  // namespace tornado::websocket
