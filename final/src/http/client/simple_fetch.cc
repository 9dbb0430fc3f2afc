#include "http/client/simple_fetch.h"

#include <tornado/gen.h>

#include "http/client/connection.h"
#include "http/client/defaults.h"
#include "http/client/request.h"
#include "http/client/simple_client.h"
#include "loop/loop_state.h"

namespace tornado::http {
namespace {

using core::Ref;
using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPStreamClosedError;
using httpclient::HTTPTimeoutError;
using httpclient::TimeoutPhase;

std::exception_ptr no_response(std::string message, const std::exception_ptr& cause) {
  return std::make_exception_ptr(HTTPClientError(kNoResponse, std::move(message), nullptr, cause));
}

// The reason for a missing response, in a fetch's words.
std::exception_ptr transport_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const iostream::StreamClosedError& closed) {
    const std::exception_ptr why = closed.real_error;
    return why != nullptr ? transport_error(why)
                          : std::make_exception_ptr(HTTPStreamClosedError("Stream closed"));
  } catch (const std::system_error& system) {
    return std::make_exception_ptr(HTTPStreamClosedError(system.code().message(), error));
  } catch (const gen::TimeoutError&) {
    return std::make_exception_ptr(HTTPTimeoutError(TimeoutPhase::kConnect));
  } catch (const httputil::HTTPInputError& malformed) {
    return no_response(std::string("Malformed HTTP response: ") + malformed.what(), error);
  } catch (const netutil::ResolveError& unresolved) {
    return no_response(unresolved.what(), error);
  } catch (const ssl::SSLEOFError& cut) {
    return std::make_exception_ptr(HTTPStreamClosedError(cut.what(), error));
  } catch (const ssl::SSLError& tls) {
    return no_response(tls.what(), error);
  } catch (...) {  // the program's own, or one that is specific enough
    return error;
  }
}

}  // namespace

// ---- life ---------------------------------------------------------------------------------------

SimpleFetch::SimpleFetch(SimpleCore& core, httpclient::Fetch fetch)
    : core_(&core),
      fetch_(std::move(fetch)),
      request_(fetch_->request),
      body_(core.limits.max_body_size),
      start_(core.loop.time()),
      redirects_left_(request_->max_redirects.value_or(kUsualRedirects)) {}

SimpleFetch::~SimpleFetch() = default;

void SimpleFetch::check() {
  request_ = with_ascii_host(request_);
  if (const char* reason = parse_client_url(request_->url, url_)) {
    throw std::invalid_argument(std::string(reason) + ": " + request_->url);
  }
  check_request(*request_, url_);
  fetch_->result.on_cancel([self = Ref<SimpleFetch>(this)] { self->abandon(); });
}

void SimpleFetch::wait() {
  phase_ = Phase::kQueued;
  arm(earlier(deadline_after(start_, request_->connect_timeout),
              deadline_after(start_, request_->request_timeout)),
      TimeoutPhase::kQueue);
}

void SimpleFetch::begin() {
  const double now = core_->loop.time();
  response_.time_info.queue = now - start_;
  response_.start_time = start_ = now;
  response_.request = fetch_->request;
  phase_ = Phase::kConnecting;
  attempt(false);
}

void SimpleFetch::fail(std::exception_ptr error) {
  if (phase_ == Phase::kOver) return;
  const Ref<SimpleFetch> self(this);
  const httpclient::Fetch fetch = std::move(*fetch_);
  over();
  fetch.fail(std::move(error));
}

void SimpleFetch::abandon() {
  if (phase_ == Phase::kOver) return;
  const Ref<SimpleFetch> self(this);
  over();
}

void SimpleFetch::over() {
  const bool begun = phase_ != Phase::kNew && phase_ != Phase::kQueued;
  phase_ = Phase::kOver;
  disarm();
  body_.stop();
  drop_connection();
  fetch_.reset();
  core_->fetch_over(*this, begun);
}

void SimpleFetch::drop_connection() {
  if (connecting_) {
    // A connection attempt in progress finds its fetch gone; if it still yields a stream, that is
    // closed.
    const auto connecting = *std::exchange(connecting_, std::nullopt);
    if (!connecting.done()) connecting.cancel();
  }
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->abort();
}

// ---- time ---------------------------------------------------------------------------------------

double SimpleFetch::request_deadline() const {
  return deadline_after(start_, fetch_->request->request_timeout);
}

// Replaces the deadline in force by `deadline`; negative: none.
void SimpleFetch::arm(double deadline, TimeoutPhase phase) {
  if (timer_.pending() && deadline == deadline_ && phase == timer_phase_) return;
  disarm();
  deadline_ = deadline;
  timer_phase_ = phase;
  if (deadline < 0) return;
  timer_ = core_->loop.call_at(deadline, [self = Ref<SimpleFetch>(this)] { self->timed_out(); });
}

void SimpleFetch::disarm() {
  if (timer_.pending()) core_->loop.remove_timeout(timer_);
}

void SimpleFetch::timed_out() {
  fail(std::make_exception_ptr(HTTPTimeoutError(timer_phase_)));
}

// ---- attempts -----------------------------------------------------------------------------------

// Sends the request; what hinders that ends the fetch.
void SimpleFetch::attempt(bool on_new_connection) {
  try {
    send(on_new_connection);
  } catch (...) {
    fail(std::current_exception());
  }
}

void SimpleFetch::send(bool on_new_connection) {
  if (core_->options.keep_alive && !on_new_connection) {
    while (ClientConnection* idle = core_->pool.take(core_->origin_key(*this))) {
      if (idle->quiet()) return use(*idle);
      idle->close();
    }
  }
  connect();
}

void SimpleFetch::connect() {
  phase_ = Phase::kConnecting;
  arm(earlier(deadline_after(core_->loop.time(), request_->connect_timeout), request_deadline()),
      TimeoutPhase::kConnect);
  moments_ = std::make_shared<tcpclient::ConnectMoments>();
  connecting_ = core_->connect(*this, moments_);
  connecting_->add_done_callback(
      [self = Ref<SimpleFetch>(this)](const auto& connecting) { self->connected(connecting); });
}

void SimpleFetch::connected(const Future<iostream::IOStream>& connecting) {
  if (const auto error = connecting.exception()) {  // looked at, also if nobody waits any more
    if (connecting_) fail(transport_error(error));
    return;
  }
  if (!connecting_) return;
  connecting_.reset();
  httpclient::TimeInfo& times = response_.time_info;
  times.namelookup = moments_->resolved - start_;
  times.connect = moments_->connected - start_;
  if (url_.https) times.appconnect = moments_->secured - start_;
  const iostream::IOStream stream = connecting.result();
  stream.set_nodelay(true);
  use(core_->adopt(*this, stream));
}

void SimpleFetch::use(ClientConnection& connection) {
  phase_ = Phase::kExchange;
  connection_ = &connection;
  arm(request_deadline(), TimeoutPhase::kRequest);
  response_.time_info.pretransfer = core_->loop.time() - start_;
  connection.start(*this, core_->limits, core_->options.keep_alive);
}

void SimpleFetch::exchange_failed(const ExchangeFailure& failure) {
  connection_ = nullptr;
  // Retries once, and only if the server cannot have acted on the request, or if acting twice does
  // no harm. What a producer has written cannot be produced again.
  const bool safe = failure.stale && !request_->body_producer &&
                    (failure.unsent || is_idempotent(request_->method));
  if (safe && !std::exchange(retried_, true)) return attempt(true);
  if (failure.error != nullptr) return fail(transport_error(failure.error));
  fail(std::make_exception_ptr(HTTPStreamClosedError("Stream closed")));
}

// ---- the response -------------------------------------------------------------------------------

void SimpleFetch::head_received(ResponseHead& head, std::optional<std::uint64_t> content_length) {
  response_.code = head.start_line.code;
  response_.reason = std::move(head.start_line.reason);
  response_.headers = std::move(head.headers);
  response_.time_info.starttransfer = core_->loop.internals().round_time - start_;
  drained_ = 0;
  if (prepare_redirect(response_.code)) {
    const bool short_body = head.chunked || content_length.value_or(kDrainLimit + 1) <= kDrainLimit;
    if (!short_body) follow_redirect();
    return;
  }
  if (request_->header_callback) report_head(head.start_line);
  if (phase_ == Phase::kOver) return;
  body_.begin(request_, response_.headers, content_length);
}

// As the server sent the lines, except for the case of the names.
void SimpleFetch::report_head(const httputil::ResponseStartLine& line) {
  const auto request = request_;
  request->header_callback(line.version + " " + std::to_string(line.code) + " " + response_.reason +
                           "\r\n");
  for (const auto [name, value] : response_.headers) {
    request->header_callback(std::string(name) + ": " + std::string(value) + "\r\n");
  }
  request->header_callback("\r\n");
}

bool SimpleFetch::content_received(std::string_view content) {
  if (redirect_ != nullptr) {
    drained_ += content.size();
    if (drained_ > kDrainLimit) follow_redirect();
    return true;
  }
  return !busy(body_.add(content));
}

// Continues when the program is ready again. Returns true if it is not ready.
bool SimpleFetch::busy(const ResponseBody::Busy& program) {
  if (!program) return false;
  // The request holds the callback, whose captures must live until the coroutine has ended.
  program->add_done_callback([self = Ref<SimpleFetch>(this), request = request_](
                                 const Future<void>& done) { self->delivered(done); });
  return true;
}

void SimpleFetch::delivered(const Future<void>& done) {
  const auto error = done.exception();  // marks it as seen, even if the fetch is over
  if (phase_ == Phase::kOver) return;
  if (error != nullptr) return fail(error);
  try {
    if (busy(body_.resume())) return;
  } catch (...) {
    return fail(std::current_exception());
  }
  if (connection_ != nullptr) connection_->resume();
}

void SimpleFetch::response_complete() {
  connection_ = nullptr;
  if (redirect_ != nullptr) return follow_redirect();
  const Ref<SimpleFetch> self(this);
  try {
    response_.body = body_.end();
  } catch (...) {
    return fail(std::current_exception());
  }
  response_.effective_url = request_->url;
  response_.request_time = core_->loop.internals().round_time - start_;
  response_.time_info.total = response_.request_time;
  const httpclient::Fetch fetch = std::move(*fetch_);
  over();
  fetch.finish(std::move(response_));
}

// ---- redirects ----------------------------------------------------------------------------------

bool SimpleFetch::prepare_redirect(int code) {
  if (!is_redirect(code) || redirects_left_ <= 0) return false;
  if (!request_->follow_redirects.value_or(true)) return false;
  const auto location = response_.headers.find("Location");
  if (!location) return false;
  redirect_ = redirected(*request_, url_, code, *location);
  return redirect_ != nullptr;
}

// The old response has been read as far as it is needed.
void SimpleFetch::follow_redirect() {
  const Ref<SimpleFetch> self(this);
  drop_connection();
  request_ = std::exchange(redirect_, nullptr);
  --redirects_left_;
  retried_ = false;
  httpclient::TimeInfo& times = response_.time_info;
  times.redirect = core_->loop.internals().round_time - start_;
  times.namelookup = times.connect = times.appconnect = 0;
  if (const char* reason = parse_client_url(request_->url, url_)) {
    return fail(std::make_exception_ptr(
        HTTPClientError(kNoResponse, "Redirect to " + request_->url + ": " + reason)));
  }
  attempt(false);
}

}  // namespace tornado::http
