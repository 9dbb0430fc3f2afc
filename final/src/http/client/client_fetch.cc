#include "http/client/client_fetch.h"

#include "http/client/defaults.h"
#include "http/client/request.h"
#include "loop/loop_state.h"

namespace tornado::http {

using core::Ref;
using httpclient::HTTPClientError;
using httpclient::HTTPTimeoutError;
using httpclient::TimeoutPhase;

// ---- life ---------------------------------------------------------------------------------------

ClientFetch::ClientFetch(ClientCore& core, httpclient::Fetch fetch)
    : core_(&core),
      fetch_(std::move(fetch)),
      request_(fetch_->request),
      body_(core.limits.max_body_size),
      start_(core.loop.time()),
      redirects_left_(request_->max_redirects.value_or(kUsualRedirects)) {}

ClientFetch::~ClientFetch() = default;

void ClientFetch::check() {
  request_ = with_ascii_host(request_);
  if (const char* reason = parse_client_url(request_->url, url_)) {
    throw std::invalid_argument(std::string(reason) + ": " + request_->url);
  }
  check_request();
  fetch_->result.on_cancel([self = Ref<ClientFetch>(this)] { self->abandon(); });
}

void ClientFetch::wait() {
  phase_ = Phase::kQueued;
  arm(earlier(deadline_after(start_, request_->connect_timeout),
              deadline_after(start_, request_->request_timeout)),
      TimeoutPhase::kQueue);
}

void ClientFetch::begin() {
  const double now = core_->loop.time();
  response_.time_info.queue = now - start_;
  response_.start_time = start_ = now;
  response_.request = fetch_->request;
  phase_ = Phase::kRunning;
  attempt(false);
}

// Sends the request. If that fails, the fetch ends.
void ClientFetch::attempt(bool on_new_connection) {
  const Ref<ClientFetch> self(this);
  try {
    send(on_new_connection);
  } catch (...) {
    fail(std::current_exception());
  }
}

void ClientFetch::fail(std::exception_ptr error) {
  if (is_over()) return;
  const Ref<ClientFetch> self(this);
  const httpclient::Fetch fetch = std::move(*fetch_);
  over();
  fetch.fail(std::move(error));
}

void ClientFetch::abandon() {
  if (is_over()) return;
  const Ref<ClientFetch> self(this);
  over();
}

void ClientFetch::over() {
  const bool begun = phase_ == Phase::kRunning;
  phase_ = Phase::kOver;
  disarm();
  body_.stop();
  drop_exchange();
  fetch_.reset();
  core_->fetch_over(*this, begun);
}

// ---- time ---------------------------------------------------------------------------------------

double ClientFetch::request_deadline() const {
  return deadline_after(start_, fetch_->request->request_timeout);
}

void ClientFetch::arm_connect_timeout() {
  arm(earlier(deadline_after(core_->loop.time(), request_->connect_timeout), request_deadline()),
      TimeoutPhase::kConnect);
}

void ClientFetch::arm_request_timeout() {
  arm(request_deadline(), TimeoutPhase::kRequest);
}

// Replaces the deadline in force by `deadline`; negative: none.
void ClientFetch::arm(double deadline, TimeoutPhase phase) {
  if (timer_.pending() && deadline == deadline_ && phase == timer_phase_) return;
  disarm();
  deadline_ = deadline;
  timer_phase_ = phase;
  if (deadline < 0) return;
  timer_ = core_->loop.call_at(deadline, [self = Ref<ClientFetch>(this)] { self->timed_out(); });
}

void ClientFetch::disarm() {
  if (timer_.pending()) core_->loop.remove_timeout(timer_);
}

void ClientFetch::timed_out() {
  fail(std::make_exception_ptr(HTTPTimeoutError(timer_phase_)));
}

// ---- the response -------------------------------------------------------------------------------

void ClientFetch::take_head(ResponseHead& head, std::optional<std::uint64_t> content_length) {
  response_.code = head.start_line.code;
  response_.reason = head.start_line.reason.empty()
                         ? std::string(httputil::responses(response_.code))
                         : head.start_line.reason;
  response_.headers = std::move(head.headers);
  response_.time_info.starttransfer = core_->loop.internals().round_time - start_;
  drained_ = 0;
  if (prepare_redirect(response_.code)) {
    const bool short_body = head.chunked || content_length.value_or(kDrainLimit + 1) <= kDrainLimit;
    if (!short_body) follow(std::exchange(redirect_, nullptr));
    return;
  }
  if (request_->header_callback) report_head(head.start_line);
  if (is_over()) return;
  body_.begin(request_, response_.headers, content_length);
}

// As the server sent the lines, except for the case of the names.
void ClientFetch::report_head(const httputil::ResponseStartLine& line) {
  const auto request = request_;
  request->header_callback(line.version + " " + std::to_string(line.code) + " " + line.reason +
                           "\r\n");
  for (const auto [name, value] : response_.headers) {
    request->header_callback(std::string(name) + ": " + std::string(value) + "\r\n");
  }
  request->header_callback("\r\n");
}

bool ClientFetch::take_content(std::string_view content) {
  if (redirect_ != nullptr) {
    drained_ += content.size();
    if (drained_ > kDrainLimit) follow(std::exchange(redirect_, nullptr));
    return true;
  }
  return !busy(body_.add(content));
}

// Continues when the program is ready again. Returns true if it is not ready.
bool ClientFetch::busy(const ResponseBody::Busy& program) {
  if (!program) return false;
  // The request holds the callback, whose captures must live until the coroutine has ended.
  program->add_done_callback([self = Ref<ClientFetch>(this), request = request_](
                                 const Future<void>& done) { self->delivered(done); });
  return true;
}

void ClientFetch::delivered(const Future<void>& done) {
  const auto error = done.exception();  // marks it as seen, even if the fetch is over
  if (is_over()) return;
  if (error != nullptr) return fail(error);
  try {
    if (busy(body_.resume())) return;
  } catch (...) {
    return fail(std::current_exception());
  }
  if (!is_over()) resume();
}

void ClientFetch::exchange_complete() {
  if (redirect_ != nullptr) return follow(std::exchange(redirect_, nullptr));
  const Ref<ClientFetch> self(this);
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

bool ClientFetch::prepare_redirect(int code) {
  if (!is_redirect(code) || redirects_left_ <= 0) return false;
  if (!request_->follow_redirects.value_or(true)) return false;
  const auto location = response_.headers.find("Location");
  if (!location) return false;
  redirect_ = redirected(*request_, url_, code, *location);
  if (redirect_ == nullptr) return false;
  --redirects_left_;
  return true;
}

// The old response has been read as far as it is needed.
void ClientFetch::follow(std::shared_ptr<const httpclient::HTTPRequest> next) {
  const Ref<ClientFetch> self(this);
  drop_exchange();
  request_ = std::move(next);
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
