#include "http/curl/transfer.h"

#include "http/client/request.h"
#include "http/client/response_body.h"
#include "http/curl/request.h"
#include "http/message/framing.h"

namespace tornado::http {
namespace {

using httpclient::HTTPRequest;

constexpr int kSwitchingProtocols = 101;
constexpr int kExpectationFailed = 417;

CurlEasy make_easy() {
  CurlEasy easy(curl_easy_init());
  if (easy == nullptr) throw std::bad_alloc();
  return easy;
}

core::Ref<CurlUpload> make_upload(CurlTransfer& transfer, const HTTPRequest& request) {
  if (!request.body_producer) return {};
  return core::Ref<CurlUpload>(new CurlUpload(transfer, body_framing(request)));
}

}  // namespace

CurlTransfer::CurlTransfer(Owner& owner, std::shared_ptr<const HTTPRequest> request,
                           const ClientUrl& url, const httpclient::ClientOptions& options,
                           const ResponseLimits& limits, curl_slist* connect_to)
    : owner_(owner),
      request_(std::move(request)),
      limits_(limits),
      easy_(make_easy()),
      upload_(make_upload(*this, *request_)) {
  apply_request(easy(), *request_, url, options, headers_);
  set_option(easy(), CURLOPT_CONNECT_TO, connect_to);
}

CurlTransfer::~CurlTransfer() {
  if (multi_ != nullptr) multi_->remove(easy());
  if (upload_) upload_->detach();
}

void CurlTransfer::start(CurlMulti& multi) {
  set_option(easy(), CURLOPT_ERRORBUFFER, static_cast<char*>(error_buffer_));
  set_option(easy(), CURLOPT_NOSIGNAL, 1L);
  set_option(easy(), CURLOPT_QUICK_EXIT, 1L);  // do not wait for a resolver's thread
  set_option(easy(), CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set_option(easy(), CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set_option(easy(), CURLOPT_HEADERDATA, this);
  set_option(easy(), CURLOPT_WRITEFUNCTION, &CurlTransfer::on_write);
  set_option(easy(), CURLOPT_WRITEDATA, this);
  set_option(easy(), CURLOPT_READFUNCTION, &CurlTransfer::on_read);
  set_option(easy(), CURLOPT_READDATA, this);
  set_option(easy(), CURLOPT_PREREQFUNCTION, &CurlTransfer::on_connected);
  set_option(easy(), CURLOPT_PREREQDATA, this);
  multi.track_sockets(easy());
  multi.add(easy());
  multi_ = &multi;
}

void CurlTransfer::ended(CURLcode result) {
  result_ = result;
  if (head_state_ == HeadState::kComplete) head_state_ = HeadState::kFinal;
  owner_.wake();
}

std::string CurlTransfer::error_text() const {
  return error_buffer_[0] != '\0' ? error_buffer_ : curl_easy_strerror(*result_);
}

httpclient::TimeInfo CurlTransfer::times() const {
  const auto seconds = [this](CURLINFO what) {
    double value = 0;
    (curl_easy_getinfo)(easy(), what, &value);
    return value;
  };
  httpclient::TimeInfo times;
  long connections = 0;
  (curl_easy_getinfo)(easy(), CURLINFO_NUM_CONNECTS, &connections);
  if (connections > 0) {  // it did not reuse an open one
    times.namelookup = seconds(CURLINFO_NAMELOOKUP_TIME);
    times.connect = seconds(CURLINFO_CONNECT_TIME);
    times.appconnect = seconds(CURLINFO_APPCONNECT_TIME);
  }
  times.pretransfer = seconds(CURLINFO_PRETRANSFER_TIME);
  times.starttransfer = seconds(CURLINFO_STARTTRANSFER_TIME);
  return times;
}

void CurlTransfer::refuse(std::exception_ptr why) {
  if (refusal_ == nullptr) refusal_ = std::move(why);
  owner_.wake();
}

// ---- libcurl calls ------------------------------------------------------------------------------

// No exception may pass through libcurl. Returning less than libcurl passed, or an error, ends the
// transfer.

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    transfer.header_line({data, size * count});
  } catch (...) {
    transfer.refuse(std::current_exception());
  }
  return transfer.refusal_ == nullptr ? size * count : 0;
}

std::size_t CurlTransfer::on_write(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    return transfer.content({data, size * count});
  } catch (...) {
    transfer.refuse(std::current_exception());
    return 0;
  }
}

std::size_t CurlTransfer::on_read(char* to, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->body(to, size * count);
}

int CurlTransfer::on_connected(void* self, char* /*remote_ip*/, char* /*local_ip*/,
                               int /*remote_port*/, int local_port) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  // libcurl before 8.1 takes bytes that arrived meanwhile for the response.
  if (transfer.is_first_on_used_connection() && !transfer.multi_->quiet(local_port)) {
    transfer.spoilt_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.owner_.connected();
  if (transfer.expectation_failed_) return CURL_PREREQFUNC_ABORT;
  if (transfer.may_send()) return CURL_PREREQFUNC_OK;
  transfer.refuse(std::make_exception_ptr(httpclient::HTTPStreamClosedError("Stream closed")));
  return CURL_PREREQFUNC_ABORT;
}

bool CurlTransfer::is_first_on_used_connection() const noexcept {
  long opened = 0;
  (curl_easy_getinfo)(easy(), CURLINFO_NUM_CONNECTS, &opened);
  return !sent_ && opened == 0;
}

// libcurl resends a request if the connection closed without a response. The server may have acted
// on it, so this is allowed only if acting twice does no harm (RFC 9110 9.2.2).
bool CurlTransfer::may_send() noexcept {
  const bool again = std::exchange(sent_, true) && !std::exchange(heard_, false);
  return !again || (is_idempotent(request_->method) && !request_->body_producer);
}

// ---- the response -------------------------------------------------------------------------------

void CurlTransfer::header_line(std::string_view line) {
  heard_ = true;
  if (head_state_ == HeadState::kComplete && line.starts_with("HTTP/")) {
    head_state_ = HeadState::kReading;
    head_bytes_ = 0;
  }
  if (head_state_ != HeadState::kReading) return trailer_line(line);
  head_bytes_ += line.size();
  if (head_bytes_ > limits_.head.max_size) {
    return refuse(malformed_response("message head exceeds the size limit"));
  }
  head_text_ += line;
  if (line == "\r\n" || line == "\n") parse_head();
}

// libcurl keeps the fields for curl_easy_header(), however many come.
void CurlTransfer::trailer_line(std::string_view line) {
  trailer_bytes_ += line.size();
  if (trailer_bytes_ > ChunkedLimits().max_trailers) {
    refuse(malformed_response("chunked trailers too long"));
  }
}

// libcurl is more lenient with servers than this library: a head with two readings is rejected.
void CurlTransfer::parse_head() {
  HeadScan scan;
  const std::string text = std::exchange(head_text_, {});
  const HeadResult parsed = parse_response_head(text, scan, limits_.head, head_);
  if (parsed.status == HeadStatus::kDone) return head_parsed();
  refuse(malformed_response(parsed.reason != nullptr ? parsed.reason : "incomplete head"));
}

void CurlTransfer::head_parsed() {
  const int code = head_.start_line.code;
  const bool to_head = request_->method == "HEAD";
  if (const char* reason = check_announced_body(head_, to_head)) {
    return refuse(malformed_response(reason));
  }
  if (code == kSwitchingProtocols) {
    return refuse(malformed_response("unasked-for 101 Switching Protocols"));
  }
  if (code >= 100 && code < 200) {
    if (++informational_ > limits_.max_informational) {
      refuse(malformed_response("too many informational responses"));
    }
    return;
  }
  const bool bodiless = to_head || has_no_body(code);
  if (!bodiless && head_.content_length.value_or(0) > limits_.max_body_size) {
    return refuse(malformed_response("Content-Length too long"));
  }
  expectation_failed_ = code == kExpectationFailed &&
                        (expects_continue(*request_) || request_->headers.contains("Expect"));
  if (may_ask_again(*request_, code)) {
    head_state_ = HeadState::kComplete;
    return;
  }
  head_state_ = HeadState::kFinal;
  owner_.wake();
}

std::size_t CurlTransfer::content(std::string_view piece) {
  head_state_ = HeadState::kFinal;  // libcurl keeps the body of a response that it does not deliver
  if (incoming_.size() >= kHighWater) {
    receiving_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  received_ += piece.size();
  if (received_ > limits_.max_body_size) {
    refuse(malformed_response("body too long"));
    return 0;
  }
  incoming_ += piece;
  owner_.wake();
  return piece.size();
}

std::string CurlTransfer::take_content() {
  std::string taken = std::exchange(incoming_, {});
  if (std::exchange(receiving_paused_, false)) apply_pauses();
  return taken;
}

// libcurl may call content() from here.
void CurlTransfer::apply_pauses() {
  if (result_) return;
  int paused = CURLPAUSE_CONT;
  if (receiving_paused_) paused |= CURLPAUSE_RECV;
  if (sending_paused_) paused |= CURLPAUSE_SEND;
  curl_easy_pause(easy(), paused);
}

// ---- the request's body -------------------------------------------------------------------------

std::size_t CurlTransfer::body(char* to, std::size_t size) {
  if (!upload_) return 0;
  const std::size_t count = upload_->read(to, size);
  if (count > 0 || upload_->finished()) return count;
  if (!std::exchange(body_asked_for_, true)) {
    body_wanted_ = true;
    owner_.wake();
  }
  sending_paused_ = true;
  return CURL_READFUNC_PAUSE;
}

void CurlTransfer::body_written() {
  if (std::exchange(sending_paused_, false)) apply_pauses();
}

}  // namespace tornado::http
