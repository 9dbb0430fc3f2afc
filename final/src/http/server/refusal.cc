// How a connection responds to a request that it does not serve.
#include <tornado/log.h>

#include "http/server/connection.h"
#include "http/server/exchange.h"
#include "loop/error_text.h"

namespace tornado::http {
namespace {

constexpr std::string_view kBadRequest = "HTTP/1.1 400 Bad Request\r\n\r\n";
constexpr std::string_view kUnavailable =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nConnection: close\r\n\r\n";

}  // namespace

// Begins an exchange without headers_received(): whatever the head says, it was not read.
ServerConnection::Next ServerConnection::refuse_large_head(std::string_view head,
                                                           const char* reason) {
  RequestHead begun;
  const int status = status_of_large_head(head, core_->head_limits, begun.start_line);
  if (status == 400) return refuse(reason);
  exchange_ = std::allocate_shared<Exchange>(core::PoolAllocator<Exchange>(), *this, begun, false);
  try {
    exchange_->delegate = core_->delegate.start_request(this, exchange_);
  } catch (...) {
    return delegate_threw("in start_request");
  }
  refuse_for_limit({status, reason, &begun.start_line});
  return Next::kWait;
}

ServerConnection::Next ServerConnection::refuse_large_body(const char* reason) {
  refuse_for_limit({413, reason, nullptr});
  return Next::kWait;
}

// The rest of the request is not read, so the connection closes after the response. The stream
// discards what still arrives, lest a reset destroy the response on its way (RFC 9112 9.6).
void ServerConnection::refuse_for_limit(const httputil::RequestRefusal& refusal) {
  if (phase_ == Phase::kClosing) return;
  exchange_->refuse_rest();
  phase_ = Phase::kAnswer;
  try {
    if (!exchange_->headers_written() && exchange_->delegate->refuse(refusal)) {
      if (phase_ == Phase::kClosing) return;
      if (exchange_->finished()) {
        after_response();
      } else if (eof_) {
        await_last_answer();
      }
      return;
    }
  } catch (...) {
    fail("in a request");
    return;
  }
  log::gen_log.info("Refused a request from " + remote_ip_ + ": " + refusal.reason);
  const int status = refusal.status_code;
  refuse_with("HTTP/1.1 " + std::to_string(status) + " " +
              std::string(httputil::responses(status)) + "\r\nConnection: close\r\n\r\n");
}

ServerConnection::Next ServerConnection::refuse(const char* reason) {
  if (phase_ == Phase::kClosing) return Next::kWait;
  log::gen_log.info("Malformed HTTP message from " + remote_ip_ + ": " + reason);
  refuse_with(kBadRequest);
  return Next::kWait;
}

// Other bodies need the memory that this one takes.
void ServerConnection::refuse_for_others() {
  if (phase_ == Phase::kClosing) return;
  log::gen_log.info("Refused the body of a request from " + remote_ip_ + ": max_buffered_total");
  refuse_with(kUnavailable);
}

void ServerConnection::refuse_with(std::string_view response) {
  const bool answered = exchange_ != nullptr && exchange_->headers_written();
  if (!answered) stream_.impl().output().append(response);
  if (exchange_ != nullptr) {
    const auto exchange = std::exchange(exchange_, nullptr);
    exchange->detach();
    exchange->report_close();
    exchange->delegate.reset();
  }
  close_gracefully();
}

// Called in an exception handler.
ServerConnection::Next ServerConnection::delegate_threw(const char* what) {
  try {
    throw;
  } catch (const httputil::HTTPInputError& error) {
    return refuse(error.what());
  } catch (const BodyTooLarge& error) {
    return refuse_large_body(error.what());
  } catch (const Overloaded&) {
    refuse_for_others();
    return Next::kWait;
  } catch (...) {
    return fail(what);
  }
}

ServerConnection::Next ServerConnection::fail(const char* what) {
  log::app_log.error(std::string("Uncaught exception ") + what + ": " +
                     describe(std::current_exception()));
  close();
  return Next::kWait;
}

}  // namespace tornado::http
