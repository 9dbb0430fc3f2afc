// A WebSocketHandler: the handshake of RFC 6455 4.2, and its hooks.
#include <tornado/log.h>
#include <tornado/websocket.h>

#include <algorithm>
#include <stdexcept>

#include "http/message/chars.h"
#include "http/message/framing.h"
#include "http/message/request_id.h"
#include "http/server/exchange.h"
#include "web/application_state.h"
#include "web/handler/response.h"
#include "web/websocket/arguments.h"
#include "web/websocket/connection.h"

namespace tornado::websocket {
namespace {

using core::ContextScope;
using web::detail::Started;

std::vector<std::string> split_list(std::string_view value) {
  std::vector<std::string> parts;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(','), value.size());
    const std::string_view part = http::trim_blanks(value.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return parts;
}

// Returns host and port of an origin such as "https://example.com:8000"; empty for "null" and the
// like.
std::string_view authority_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return {};
  origin.remove_prefix(scheme + 3);
  return origin.substr(0, origin.find_first_of("/?#"));
}

}  // namespace

struct WebSocketHandler::Details : core::Pooled {
  std::string subprotocol;
  // The peer's close code and reason, once the connection is closed.
  int close_code = 0;
  std::string close_reason;
};

// ---- the connection's side ----------------------------------------------------------------------

// Keeps the handler until the stream has closed, and calls its hooks.
class WebSocketHandler::Link final : public detail::Connection, public core::Pooled {
 public:
  Link(WebSocketHandler& handler, const detail::ConnectionRules& rules)
      : Connection(rules), handler_(&handler) {}

  void opened() {
    call([this] { return hooks().open(*handler_, handler_->path_args()); }, kHoldsAndCloses);
  }

 private:
  using Ref = core::Ref<web::RequestHandler>;
  // Whether messages are held back while a hook runs, and the connection closes if it fails.
  static constexpr bool kHoldsAndCloses = true;
  static constexpr bool kOnlyRuns = false;

  const detail::Hooks& hooks() const noexcept { return socket().hooks(); }
  WebSocketHandler& socket() const noexcept { return static_cast<WebSocketHandler&>(*handler_); }

  void message(std::string_view payload, bool binary) override {
    call([&] { return hooks().on_message(*handler_, payload, binary); }, kHoldsAndCloses);
  }
  void ping(std::string_view payload) override {
    call([&] { return hooks().on_ping(*handler_, payload); }, kOnlyRuns);
  }
  void pong(std::string_view payload) override {
    call([&] { return hooks().on_pong(*handler_, payload); }, kOnlyRuns);
  }

  void go_away() override {
    if (!handler_) return;
    const Ref self = handler_;
    const ContextScope scope(&socket().context_);
    try {
      self->on_shutdown();
    } catch (...) {
      static_cast<WebSocketHandler&>(*self).hook_failed(std::current_exception(), kOnlyRuns);
    }
    Connection::go_away();
  }

  void ended() override {
    const Ref last = std::move(handler_);
    auto& handler = static_cast<WebSocketHandler&>(*last);
    if (peer_code() != 0) {
      handler.details().close_code = peer_code();
      handler.details().close_reason = peer_reason();
    }
    handler.link_ = nullptr;
    const ContextScope scope(&handler.context_);
    try {
      const Started closed = handler.hooks().on_close(handler);
      if (closed.future) core::let_run(watch(last, *closed.future, kOnlyRuns));
    } catch (...) {
      handler.hook_failed(std::current_exception(), kOnlyRuns);
    }
  }

  template <class Hook>
  void call(Hook hook, bool holds_and_closes) {
    if (!handler_) return;
    const Ref self = handler_;
    const ContextScope scope(&socket().context_);
    try {
      const Started started = hook();
      if (!started.future) return;
      if (started.future->done()) return static_cast<void>(started.future->result());
      if (holds_and_closes) pause();
      core::let_run(watch(self, *started.future, holds_and_closes));
    } catch (...) {
      static_cast<WebSocketHandler&>(*self).hook_failed(std::current_exception(), holds_and_closes);
    }
  }

  static Future<void> watch(Ref handler, Future<void> hook, bool holds_and_closes) {
    auto& socket = static_cast<WebSocketHandler&>(*handler);
    try {
      co_await hook;
    } catch (...) {
      socket.hook_failed(std::current_exception(), holds_and_closes);
    }
    if (holds_and_closes && socket.link_ != nullptr) socket.link_->resume();
  }

  Ref handler_;
};

WebSocketHandler::WebSocketHandler() = default;
WebSocketHandler::~WebSocketHandler() = default;

WebSocketHandler::Details& WebSocketHandler::details() {
  if (details_ == nullptr) details_ = core::Owned(new Details);
  return *details_;
}

const detail::Hooks& WebSocketHandler::hooks() const noexcept {
  return *static_cast<const detail::Hooks*>(handler_class_->hooks);
}

void WebSocketHandler::hook_failed(const std::exception_ptr& exception, bool closes) noexcept {
  try {
    log_exception(exception);
  } catch (...) {
    core::log_callback_exception(std::current_exception());
  }
  if (closes && link_ != nullptr) link_->send_close(http::close_code::kInternalError, {});
}

void WebSocketHandler::require_http() const {
  if (upgraded_) throw std::runtime_error("Method not supported for Web Sockets");
}

// ---- the handshake ------------------------------------------------------------------------------

int WebSocketHandler::get_websocket_protocol() const {
  const std::string version = request.headers.get("Sec-WebSocket-Version");
  for (const int known : {13, 8, 7}) {
    if (version == std::to_string(known)) return known;
  }
  return 0;
}

bool WebSocketHandler::check_origin(const std::string& origin) {
  const std::string_view authority = authority_of(origin);
  return !authority.empty() && equals_ignoring_case(authority, request.headers.get("Host"));
}

std::optional<std::string> WebSocketHandler::select_subprotocol(
    const std::vector<std::string>& /*subprotocols*/) {
  return std::nullopt;
}

double WebSocketHandler::ping_interval() const {
  return settings().websocket_ping_interval;
}

double WebSocketHandler::ping_timeout() const {
  return settings().websocket_ping_timeout;
}

std::size_t WebSocketHandler::max_message_size() const {
  return settings().websocket_max_message_size;
}

// Rejects a request that is not a handshake, in Tornado's order.
bool WebSocketHandler::refuse() {
  const httputil::HTTPHeaders& headers = request.headers;
  const auto answer = [this](int status, const char* text) {
    log::gen_log.debug(text);
    set_status(status);
    finish(text);
    return true;
  };
  // Upgrade has no meaning in HTTP/1.0 (RFC 9110 7.8).
  if (request.version != "HTTP/1.1" || !http::list_contains(headers.get("Upgrade"), "websocket")) {
    return answer(400, "Can \"Upgrade\" only to \"WebSocket\".");
  }
  if (!http::list_contains(headers.get("Connection"), "upgrade")) {
    return answer(400, "\"Connection\" must be \"Upgrade\".");
  }
  auto origins = headers.get_list("Origin");
  if (origins.empty()) origins = headers.get_list("Sec-WebSocket-Origin");  // in versions 7 and 8
  if (origins.size() > 1 || (!origins.empty() && !check_origin(origins.front()))) {
    return answer(403, "Cross origin websockets not allowed");
  }
  if (get_websocket_protocol() == 0) {
    set_header("Sec-WebSocket-Version", "7, 8, 13");
    set_header("Upgrade", "websocket");  // RFC 9110 15.5.22
    set_header("Connection", "Upgrade");
    return answer(426, "");
  }
  if (!http::is_websocket_key(headers.get("Sec-WebSocket-Key"))) {
    return answer(400, "Missing/Invalid WebSocket headers");
  }
  return false;
}

void WebSocketHandler::agree_on_subprotocol() {
  const auto offered = split_list(request.headers.get("Sec-WebSocket-Protocol"));
  const auto selected = select_subprotocol(offered);
  if (!selected) return;
  if (std::find(offered.begin(), offered.end(), *selected) == offered.end()) {
    throw std::logic_error("select_subprotocol() gave what was not offered: " + *selected);
  }
  set_header("Sec-WebSocket-Protocol", *selected);
  details().subprotocol = *selected;
}

void WebSocketHandler::agree_on_compression(detail::ConnectionRules& rules) {
  const auto options = get_compression_options();
  if (!options) return;
  detail::check_compression(*options);
  const auto agreement = http::choose_deflate(request.headers.get("Sec-WebSocket-Extensions"),
                                              detail::wish_of(*options));
  if (!agreement) return;
  rules.compressed = rules.messages.frames.compressed = true;
  rules.deflate =
      detail::deflate_settings(*options, agreement->server_window_bits, agreement->server_takeover);
  rules.messages.window_bits = agreement->client_window_bits;
  rules.messages.takeover = agreement->client_takeover;
  set_header("Sec-WebSocket-Extensions", http::deflate_answer(*agreement));
}

void WebSocketHandler::get(const web::PathArgs& path_args) {
  if (refuse()) return;
  if (!hooks().admits(*this, path_args)) return;
  auto* const exchange = dynamic_cast<http::Exchange*>(request.connection.get());
  if (exchange == nullptr) throw web::HTTPError(500, "this connection cannot become a WebSocket");
  if (!exchange->attached()) {  // the client has gone
    finish();
    return;
  }
  if (exchange->shutting_down()) throw web::HTTPError(503);
  clear_header("Content-Type");
  agree_on_subprotocol();
  detail::ConnectionRules rules;
  rules.messages.frames.masked = true;
  rules.messages.max_size = max_message_size();
  rules.ping_interval = ping_interval();
  rules.ping_timeout = ping_timeout();
  agree_on_compression(rules);
  set_status(101);
  set_header("Upgrade", "websocket");
  set_header("Connection", "Upgrade");
  set_header("Sec-WebSocket-Accept",
             http::websocket_accept(request.headers.get("Sec-WebSocket-Key")));
  add_new_cookies();
  if (settings().request_ids) set_header(http::kRequestIdField, request.request_id());
  Response& response = this->response();
  response.status_line.code = get_status();
  exchange->write_headers(response.status_line, response.headers, {});
  upgrade(*exchange, rules);
}

void WebSocketHandler::upgrade(http::Exchange& exchange, const detail::ConnectionRules& rules) {
  link_ = core::Ref(new Link(*this, rules)).detach();  // the stream's, until on_closed()
  link_->begin(exchange.upgrade(*link_), rules);
  upgraded_ = true;
  headers_written_ = true;
  // Keeps only what may still be asked for: there may be many idle connections.
  response_.reset();
  request.headers.shrink_to_fit();
  request.connection.reset();  // it cannot do anything any more
  Link& link = *link_;
  log_and_end();
  link.opened();
}

// ---- messages -----------------------------------------------------------------------------------

concurrent::Sent WebSocketHandler::write_message(std::string_view data, bool binary) {
  detail::check_message(data, binary);
  return link_ != nullptr ? link_->send(data, binary) : detail::Connection::closed_future();
}

concurrent::Sent WebSocketHandler::write_message(const PreparedMessage& message) {
  return link_ != nullptr ? link_->send(message) : detail::Connection::closed_future();
}

concurrent::Sent WebSocketHandler::ping(std::string_view data) {
  detail::check_ping(data);
  return link_ != nullptr ? link_->send_ping(data) : detail::Connection::closed_future();
}

void WebSocketHandler::close(std::optional<int> code, std::string_view reason) {
  const int sent = detail::check_close(code, reason);
  if (link_ != nullptr) link_->send_close(sent, reason);
}

std::optional<int> WebSocketHandler::close_code() const noexcept {
  if (link_ == nullptr && details_ == nullptr) return std::nullopt;
  const int code = link_ != nullptr ? link_->peer_code() : details_->close_code;
  return code != 0 ? std::optional(code) : std::nullopt;
}

std::optional<std::string> WebSocketHandler::selected_subprotocol() const {
  const bool agreed = details_ != nullptr && !details_->subprotocol.empty();
  return agreed ? std::optional(details_->subprotocol) : std::nullopt;
}

const std::string& WebSocketHandler::close_reason() const noexcept {
  static const std::string none;
  if (link_ != nullptr) return link_->peer_reason();
  return details_ != nullptr ? details_->close_reason : none;
}

void WebSocketHandler::set_nodelay(bool value) {
  if (link_ != nullptr) link_->set_nodelay(value);
}

}  // namespace tornado::websocket
