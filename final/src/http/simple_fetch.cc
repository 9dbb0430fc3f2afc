#include "http/simple_fetch.h"

#include <tornado/gen.h>

#include <algorithm>

#include "http/chars.h"
#include "http/client_connection.h"
#include "http/client_request.h"
#include "http/simple_client.h"
#include "loop/loop_state.h"

namespace tornado::http {
namespace {

using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPStreamClosedError;
using httpclient::HTTPTimeoutError;
using httpclient::TimeoutPhase;
using tornado::detail::Ref;

constexpr double kUsualTimeout = 20;
constexpr int kUsualRedirects = 5;
constexpr int kNoResponse = 599;
// A Content-Length is believed, and memory set aside for it, up to this size.
constexpr std::uint64_t kBelievedLength = 1'048'576;

// When `seconds` from `start` are over; 0 seconds: never, which is negative.
double deadline_after(double start, std::optional<double> seconds) {
  const double limit = seconds.value_or(kUsualTimeout);
  return limit > 0 ? start + limit : -1;
}

double earlier(double a, double b) {
  return a < 0 ? b : b < 0 ? a : std::min(a, b);
}

std::exception_ptr no_response(std::string message, const std::exception_ptr& cause) {
  return std::make_exception_ptr(HTTPClientError(kNoResponse, std::move(message), nullptr, cause));
}

// Why there was no response, as a fetch reports it.
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
  } catch (...) {  // the program's own, or one that says enough
    return error;
  }
}

}  // namespace

// ---- life ---------------------------------------------------------------------------------------

SimpleFetch::SimpleFetch(SimpleCore& core, httpclient::Fetch fetch)
    : core_(&core),
      fetch_(std::move(fetch)),
      request_(fetch_->request),
      start_(core.loop.time()),
      redirects_left_(request_->max_redirects.value_or(kUsualRedirects)) {}

SimpleFetch::~SimpleFetch() = default;

void SimpleFetch::check() {
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
  drop_connection();
  fetch_.reset();
  core_->fetch_over(*this, begun);
}

void SimpleFetch::drop_connection() {
  if (connecting_) {
    // Whoever is still at it finds nobody interested; a stream that comes nevertheless is closed.
    const auto connecting = *std::exchange(connecting_, std::nullopt);
    if (!connecting.done()) connecting.cancel();
  }
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->abort();
}

// ---- time ---------------------------------------------------------------------------------------

double SimpleFetch::request_deadline() const {
  return deadline_after(start_, fetch_->request->request_timeout);
}

// Makes `deadline` the one that counts; negative: none.
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
      // What cannot be sent twice is not sent into a connection that the server has given up.
      if (is_idempotent(request_->method) && !request_->body_producer) return use(*idle);
      if (idle->alive()) return use(*idle);
      idle->close();
    }
  }
  connect();
}

void SimpleFetch::connect() {
  phase_ = Phase::kConnecting;
  arm(earlier(deadline_after(core_->loop.time(), request_->connect_timeout), request_deadline()),
      TimeoutPhase::kConnect);
  connecting_ = core_->connect(*this);
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
  response_.time_info.connect = core_->loop.internals().round_time - start_;
  const iostream::IOStream stream = connecting.result();
  stream.set_nodelay(true);
  use(core_->adopt(*this, stream));
}

void SimpleFetch::use(ClientConnection& connection) {
  phase_ = Phase::kExchange;
  connection_ = &connection;
  arm(request_deadline(), TimeoutPhase::kRequest);
  connection.start(*this, core_->limits, core_->options.keep_alive);
}

void SimpleFetch::exchange_failed(const ExchangeFailure& failure) {
  connection_ = nullptr;
  // Once, and only if the server cannot have acted on it, or acting twice is as once; what a
  // producer has given cannot be had again.
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
  decoded_ = 0;
  if (prepare_redirect(response_.code)) {
    const bool short_body = head.chunked || content_length.value_or(kDrainLimit + 1) <= kDrainLimit;
    if (!short_body) follow_redirect();
    return;
  }
  if (request_->header_callback) report_head(head.start_line);
  if (phase_ == Phase::kOver) return;
  const auto coding = response_.headers.find("Content-Encoding");
  const bool gzipped =
      coding && (equals_ignoring_case(*coding, "gzip") || equals_ignoring_case(*coding, "x-gzip"));
  if (gzipped && request_->decompress_response.value_or(true)) {
    gzip_.emplace();
    response_.headers.set("X-Consumed-Content-Encoding", *coding);
    response_.headers.remove("Content-Encoding");
  } else if (!request_->streaming_callback && content_length) {
    response_.body.reserve(static_cast<std::size_t>(std::min(*content_length, kBelievedLength)));
  }
}

// As the lines were sent, but for the case of their names.
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
    decoded_ += content.size();
    if (decoded_ > kDrainLimit) follow_redirect();
    return true;
  }
  return gzip_ ? decode(content) : deliver(content);
}

// True if all of it was decoded and handed on.
bool SimpleFetch::decode(std::string_view content) {
  for (;;) {
    const GzipResult result = gzip_->next(content);
    content.remove_prefix(result.consumed);
    if (result.status == GzipStatus::kNeedMore) return true;
    if (result.status == GzipStatus::kBad) return malformed("damaged gzip body");
    decoded_ += result.output.size();
    if (decoded_ > core_->limits.max_body_size) return malformed("decompressed body too large");
    if (!result.output.empty() && !deliver(result.output)) {
      undecoded_.assign(content);
      return false;
    }
    if (phase_ == Phase::kOver) return false;
  }
}

bool SimpleFetch::malformed(const char* reason) {
  fail(transport_error(std::make_exception_ptr(httputil::HTTPInputError(reason))));
  return false;
}

// Hands on a piece of the body. False: the program is not ready for the next.
bool SimpleFetch::deliver(std::string_view content) {
  const auto request = request_;
  if (!request->streaming_callback) {
    response_.body += content;
    return true;
  }
  const auto returned = request->streaming_callback(std::string(content));
  if (!returned) return true;
  if (returned->done()) {
    if (const auto error = returned->exception()) std::rethrow_exception(error);
    return true;
  }
  // The request holds the callback, whose captures must live until the coroutine has ended.
  returned->add_done_callback([self = Ref<SimpleFetch>(this), request](const Future<void>& done) {
    self->delivered(done);
  });
  return false;
}

void SimpleFetch::delivered(const Future<void>& done) {
  const auto error = done.exception();  // looked at, also if the fetch is over
  if (phase_ == Phase::kOver) return;
  if (error != nullptr) return fail(error);
  try {
    if (gzip_ && !decode(std::exchange(undecoded_, {}))) return;
  } catch (...) {
    return fail(std::current_exception());
  }
  if (connection_ != nullptr) connection_->resume();
}

void SimpleFetch::response_complete() {
  connection_ = nullptr;
  if (redirect_ != nullptr) return follow_redirect();
  if (gzip_ && !gzip_->at_end()) {
    malformed("the gzip body ends too early");
    return;
  }
  const Ref<SimpleFetch> self(this);
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

// The old response has been read as far as it is wanted.
void SimpleFetch::follow_redirect() {
  const Ref<SimpleFetch> self(this);
  drop_connection();
  request_ = std::exchange(redirect_, nullptr);
  --redirects_left_;
  retried_ = false;
  response_.time_info.redirect = core_->loop.internals().round_time - start_;
  if (const char* reason = parse_client_url(request_->url, url_)) {
    return fail(std::make_exception_ptr(
        HTTPClientError(kNoResponse, "Redirect to " + request_->url + ": " + reason)));
  }
  attempt(false);
}

}  // namespace tornado::http
