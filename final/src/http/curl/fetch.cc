#include "http/curl/fetch.h"

#include <tornado/curl_httpclient.h>

#include "http/client/request.h"
#include "http/curl/core.h"
#include "http/curl/request.h"

namespace tornado::http {
namespace {

using core::Ref;
using httpclient::HTTPTimeoutError;

// The same for a server that does not know it (RFC 9110 10.1.1).
std::shared_ptr<httpclient::HTTPRequest> without_expectation(
    const httpclient::HTTPRequest& request) {
  auto next = std::make_shared<httpclient::HTTPRequest>(request);
  next->expect_100_continue = false;
  next->headers.remove("Expect");
  return next;
}

}  // namespace

CurlFetch::CurlFetch(CurlCore& core, httpclient::Fetch fetch)
    : ClientFetch(core, std::move(fetch)) {}

CurlFetch::~CurlFetch() = default;

CurlCore& CurlFetch::core() const noexcept {
  return static_cast<CurlCore&>(ClientFetch::core());
}

void CurlFetch::check_request() {
  check_curl_request(request(), url());
}

void CurlFetch::send(bool on_new_connection) {
  head_seen_ = false;
  arm_connect_timeout();
  const auto request = shared_request();
  auto transfer = core().make_transfer(*this, request, url());
  if (on_new_connection) set_option(transfer->easy(), CURLOPT_FRESH_CONNECT, 1L);
  if (request->prepare_curl_callback) request->prepare_curl_callback(transfer->easy());
  if (is_over()) return;  // the callback has closed the client
  transfer->start(core().multi());
  transfer_ = std::move(transfer);
}

void CurlFetch::drop_exchange() {
  attention.unlink();
  transfer_.reset();
}

void CurlFetch::connected() {
  arm_request_timeout();
}

// ---- data from the server -----------------------------------------------------------------------

void CurlFetch::wake() {
  core().needs_attention(*this);
}

void CurlFetch::resume() {
  busy_ = false;
  core().needs_attention(*this);
  core().settle();
}

void CurlFetch::attend() {
  const Ref<CurlFetch> self(this);
  try {
    look();
  } catch (...) {
    fail(std::current_exception());
  }
}

// Each step may end the fetch, or replace transfer_ by one of which nothing has arrived.
void CurlFetch::look() {
  if (is_over()) return;
  if (const auto refusal = transfer_->refusal()) return fail(refusal);
  if (transfer_->take_body_wanted()) produce();
  if (!is_over() && !head_seen_ && transfer_->head_complete()) look_at_head();
  if (!is_over() && head_seen_ && !busy_) look_at_content();
  if (!is_over() && !busy_ && transfer_->result()) transfer_over();
}

void CurlFetch::look_at_head() {
  head_seen_ = true;
  if (transfer_->expectation_failed() && !(request().body_producer && transfer_->body_begun())) {
    return follow(without_expectation(request()));
  }
  ResponseHead& head = transfer_->head();
  const bool failed = transfer_->expectation_failed();
  take_head(head, request().method == "HEAD" ? 0 : head.content_length);
  if (failed && !is_over()) response_complete();
}

void CurlFetch::look_at_content() {
  const std::string content = transfer_->take_content();
  if (!content.empty()) busy_ = !take_content(content);
}

// ---- the request's body -------------------------------------------------------------------------

void CurlFetch::produce() {
  const auto request = shared_request();
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
  if (result == CURLE_OK) return response_complete();
  if (transfer_->spoilt()) return send(true);
  if (result == CURLE_OPERATION_TIMEDOUT) {
    return fail(std::make_exception_ptr(HTTPTimeoutError(timeout_phase())));
  }
  fail(std::make_exception_ptr(
      curl_httpclient::CurlError(static_cast<int>(result), transfer_->error_text())));
}

void CurlFetch::response_complete() {
  httpclient::TimeInfo measured = transfer_->times();
  measured.queue = times().queue;
  measured.redirect = times().redirect;
  for (double* moment : {&measured.namelookup, &measured.connect, &measured.appconnect,
                         &measured.pretransfer, &measured.starttransfer}) {
    if (*moment > 0) *moment += measured.redirect;
  }
  times() = measured;
  exchange_complete();
}

}  // namespace tornado::http
