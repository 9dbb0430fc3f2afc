#include "http/curl/fetch.h"

#include <tornado/curl_httpclient.h>

#include "http/client/defaults.h"
#include "http/client/request.h"
#include "http/curl/core.h"
#include "http/curl/request.h"
#include "loop/loop_state.h"

namespace tornado::http {
namespace {

using core::Ref;
using httpclient::HTTPClientError;
using httpclient::HTTPTimeoutError;
using httpclient::TimeoutPhase;

// The same for a server that does not know it (RFC 9110 10.1.1).
std::shared_ptr<httpclient::HTTPRequest> without_expectation(
    const httpclient::HTTPRequest& request) {
  auto next = std::make_shared<httpclient::HTTPRequest>(request);
  next->expect_100_continue = false;
  next->headers.remove("Expect");
  return next;
}

}  // namespace

// ---- life ---------------------------------------------------------------------------------------

CurlFetch::CurlFetch(CurlCore& core, httpclient::Fetch fetch)
    : core_(&core),
      fetch_(std::move(fetch)),
      request_(fetch_->request),
      body_(core.limits.max_body_size),
      start_(core.loop.time()),
      redirects_left_(request_->max_redirects.value_or(kUsualRedirects)) {}

CurlFetch::~CurlFetch() = default;

void CurlFetch::check() {
  request_ = with_ascii_host(request_);
  if (const char* reason = parse_client_url(request_->url, url_)) {
    throw std::invalid_argument(std::string(reason) + ": " + request_->url);
  }
  check_curl_request(*request_, url_);
  fetch_->result.on_cancel([self = Ref<CurlFetch>(this)] { self->abandon(); });
}

void CurlFetch::wait() {
  phase_ = Phase::kQueued;
  arm(earlier(deadline_after(start_, request_->connect_timeout),
              deadline_after(start_, request_->request_timeout)),
      TimeoutPhase::kQueue);
}

void CurlFetch::begin() {
  const Ref<CurlFetch> self(this);
  const double now = core_->loop.time();
  response_.time_info.queue = now - start_;
  response_.start_time = start_ = now;
  response_.request = fetch_->request;
  phase_ = Phase::kTransfer;
  try {
    transmit();
  } catch (...) {
    fail(std::current_exception());
  }
}

// Sends request_.
void CurlFetch::transmit(bool on_new_connection) {
  head_seen_ = false;
  drained_ = 0;
  arm(earlier(deadline_after(core_->loop.time(), request_->connect_timeout), request_deadline()),
      TimeoutPhase::kConnect);
  auto transfer = core_->make_transfer(*this, request_, url_);
  if (on_new_connection) set_option(transfer->easy(), CURLOPT_FRESH_CONNECT, 1L);
  const auto request = request_;
  if (request->prepare_curl_callback) request->prepare_curl_callback(transfer->easy());
  if (phase_ == Phase::kOver) return;  // the callback has closed the client
  transfer->start(core_->multi());
  transfer_ = std::move(transfer);
}

void CurlFetch::fail(std::exception_ptr error) {
  if (phase_ == Phase::kOver) return;
  const Ref<CurlFetch> self(this);
  const httpclient::Fetch fetch = std::move(*fetch_);
  over();
  fetch.fail(std::move(error));
}

void CurlFetch::abandon() {
  if (phase_ == Phase::kOver) return;
  const Ref<CurlFetch> self(this);
  over();
}

void CurlFetch::over() {
  const bool begun = phase_ == Phase::kTransfer;
  phase_ = Phase::kOver;
  disarm();
  attention.unlink();
  body_.stop();
  transfer_.reset();
  fetch_.reset();
  core_->fetch_over(*this, begun);
}

// ---- time ---------------------------------------------------------------------------------------

double CurlFetch::request_deadline() const {
  return deadline_after(start_, fetch_->request->request_timeout);
}

// Replaces the deadline in force by `deadline`; negative: none.
void CurlFetch::arm(double deadline, TimeoutPhase phase) {
  if (timer_.pending() && deadline == deadline_ && phase == timer_phase_) return;
  disarm();
  deadline_ = deadline;
  timer_phase_ = phase;
  if (deadline < 0) return;
  timer_ = core_->loop.call_at(deadline, [self = Ref<CurlFetch>(this)] { self->timed_out(); });
}

void CurlFetch::disarm() {
  if (timer_.pending()) core_->loop.remove_timeout(timer_);
}

void CurlFetch::timed_out() {
  fail(std::make_exception_ptr(HTTPTimeoutError(timer_phase_)));
}

void CurlFetch::connected() {
  arm(request_deadline(), TimeoutPhase::kRequest);
}

// ---- data from the server -----------------------------------------------------------------------

void CurlFetch::wake() {
  core_->needs_attention(*this);
}

void CurlFetch::attend() {
  const Ref<CurlFetch> self(this);
  try {
    look();
  } catch (...) {
    fail(std::current_exception());
  }
}

void CurlFetch::look() {
  if (phase_ != Phase::kTransfer) return;
  if (const auto refusal = transfer_->refusal()) return fail(refusal);
  if (transfer_->take_body_wanted()) produce();
  if (phase_ == Phase::kOver) return;
  if (!head_seen_ && transfer_->head_complete() && !look_at_head()) return;
  if (!head_seen_ || busy_ || look_at_content()) {
    if (transfer_->result() && !busy_) transfer_over();
  }
}

// Returns false if this is not the current transfer any more.
bool CurlFetch::look_at_head() {
  head_seen_ = true;
  ResponseHead& head = transfer_->head();
  response_.code = head.start_line.code;
  response_.reason = head.start_line.reason;
  response_.headers = std::move(head.headers);
  if (transfer_->expectation_failed() && !(request_->body_producer && transfer_->body_begun())) {
    redirect_ = without_expectation(*request_);
    follow_redirect();
    return false;
  }
  if (prepare_redirect(response_.code)) {
    const bool short_body =
        head.chunked || head.content_length.value_or(kDrainLimit + 1) <= kDrainLimit;
    if (short_body || request_->method == "HEAD") return true;
    follow_redirect();
    return false;
  }
  if (request_->header_callback) report_head(head.start_line);
  if (phase_ == Phase::kOver) return false;
  body_.begin(request_, response_.headers, head.content_length);
  if (!transfer_->expectation_failed()) return true;
  finish();
  return false;
}

// As the server sent the lines, except for the case of the names.
void CurlFetch::report_head(const httputil::ResponseStartLine& line) {
  const auto request = request_;
  const std::string version = line.version;
  request->header_callback(version + " " + std::to_string(response_.code) + " " + response_.reason +
                           "\r\n");
  for (const auto [name, value] : response_.headers) {
    request->header_callback(std::string(name) + ": " + std::string(value) + "\r\n");
  }
  request->header_callback("\r\n");
}

// Returns false if this is not the current transfer any more.
bool CurlFetch::look_at_content() {
  const std::string content = transfer_->take_content();
  if (redirect_ != nullptr) {
    drained_ += content.size();
    if (drained_ <= kDrainLimit) return true;
    follow_redirect();
    return false;
  }
  if (!content.empty()) hand_on(body_.add(content));
  return phase_ == Phase::kTransfer;
}

void CurlFetch::hand_on(const ResponseBody::Busy& busy) {
  if (!busy) return;
  busy_ = true;
  // The request holds the callback, whose captures must live until the coroutine has ended.
  busy->add_done_callback([self = Ref<CurlFetch>(this), request = request_](
                              const Future<void>& done) { self->handed_on(done); });
}

void CurlFetch::handed_on(const Future<void>& done) {
  const auto error = done.exception();  // marks it as seen, even if the fetch is over
  if (phase_ == Phase::kOver) return;
  if (error != nullptr) return fail(error);
  const Ref<CurlFetch> self(this);
  busy_ = false;
  try {
    hand_on(body_.resume());
  } catch (...) {
    return fail(std::current_exception());
  }
  if (phase_ == Phase::kOver) return;
  core_->needs_attention(*this);
  core_->settle();
}

// ---- the request's body -------------------------------------------------------------------------

void CurlFetch::produce() {
  const auto request = request_;
  const auto upload = transfer_->upload();
  const auto returned = request->body_producer(httpclient::BodyWriter(upload));
  if (!returned) {
    if (upload->attached()) upload->finish();
    return;
  }
  // The request holds the producer, whose captures must live until the coroutine has ended.
  returned->add_done_callback([self = Ref<CurlFetch>(this), request, upload](
                                  const Future<void>& done) { self->produced(done, *upload); });
}

void CurlFetch::produced(const Future<void>& done, CurlUpload& upload) {
  const auto error = done.exception();  // marks it as seen, even if the transfer is over
  if (!upload.attached()) return;
  try {
    if (error != nullptr) std::rethrow_exception(error);
    upload.finish();
  } catch (...) {
    fail(std::current_exception());
  }
}

// ---- the end ------------------------------------------------------------------------------------

void CurlFetch::transfer_over() {
  const CURLcode result = *transfer_->result();
  if (result == CURLE_OK) {
    if (redirect_ != nullptr) return follow_redirect();
    return finish();
  }
  if (transfer_->spoilt()) return transmit(true);
  if (result == CURLE_OPERATION_TIMEDOUT) {
    return fail(std::make_exception_ptr(HTTPTimeoutError(timer_phase_)));
  }
  fail(std::make_exception_ptr(
      curl_httpclient::CurlError(static_cast<int>(result), transfer_->error_text())));
}

void CurlFetch::finish() {
  response_.body = body_.end();
  response_.effective_url = request_->url;
  response_.request_time = core_->loop.internals().round_time - start_;
  httpclient::TimeInfo times = transfer_->times();
  times.queue = response_.time_info.queue;
  times.redirect = response_.time_info.redirect;
  times.total = response_.request_time;
  for (double* moment : {&times.namelookup, &times.connect, &times.appconnect, &times.pretransfer,
                         &times.starttransfer}) {
    if (*moment > 0) *moment += times.redirect;
  }
  response_.time_info = times;
  const httpclient::Fetch fetch = std::move(*fetch_);
  over();
  fetch.finish(std::move(response_));
}

// ---- redirects ----------------------------------------------------------------------------------

bool CurlFetch::prepare_redirect(int code) {
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
void CurlFetch::follow_redirect() {
  transfer_.reset();
  request_ = std::exchange(redirect_, nullptr);
  response_.time_info.redirect = core_->loop.internals().round_time - start_;
  if (const char* reason = parse_client_url(request_->url, url_)) {
    return fail(std::make_exception_ptr(
        HTTPClientError(kNoResponse, "Redirect to " + request_->url + ": " + reason)));
  }
  transmit();
}

}  // namespace tornado::http
