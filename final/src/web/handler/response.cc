// The response of a handler.
#include "web/handler/response.h"

#include <tornado/escape.h>
#include <tornado/web.h>

#include <algorithm>
#include <stdexcept>

#include "base/log/traceback.h"
#include "http/message/framing.h"
#include "http/message/request_id.h"
#include "loop/error_text.h"
#include "web/application_state.h"

namespace tornado::web {
namespace {

// Makes a phrase for the status line (RFC 9112 4) that is also harmless in a page.
bool is_reason(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f && byte != '<');
  });
}

}  // namespace

void RequestHandler::make_response() {
  response_ = core::make_owned<Response>();
}

const httputil::HTTPHeaders& RequestHandler::headers() const noexcept {
  static const httputil::HTTPHeaders none;
  return response_ != nullptr ? response_->headers : none;
}

void RequestHandler::clear() {
  Response& response = this->response();
  response.headers = state_->default_headers();
  set_default_headers();
  response.body.clear();
  status_code_ = 200;
  response.status_line.reason = "OK";
}

void RequestHandler::set_status(int status_code, std::string_view reason) {
  if (status_code < 100 || status_code > 999) {
    throw std::invalid_argument("a status code must have three digits");
  }
  status_code_ = status_code;
  std::string& sent = response().status_line.reason;
  if (reason.empty()) {
    sent = httputil::responses(status_code);
  } else {
    sent = is_reason(reason) ? reason : "Unknown";
  }
}

void RequestHandler::set_header(std::string_view name, std::string_view value) {
  response().headers.set(name, value);
}

void RequestHandler::add_header(std::string_view name, std::string_view value) {
  response().headers.add(name, value);
}

void RequestHandler::clear_header(std::string_view name) {
  response().headers.remove(name);
}

void RequestHandler::write(std::string_view chunk) {
  if (finished_) throw std::runtime_error("Cannot write() after finish()");
  response().body += chunk;
}

void RequestHandler::write_json(std::string text) {
  if (finished_) throw std::runtime_error("Cannot write() after finish()");
  set_header("Content-Type", "application/json; charset=UTF-8");
  response().body += text;
}

Future<void> RequestHandler::flush() {
  return send(false);
}

// Sends the output so far; if `finishing`, it is the rest.
Future<void> RequestHandler::send(bool finishing) {
  const bool is_head = request.method == "HEAD";
  Response& response = this->response();
  if (headers_written_) {
    for (const auto& transform : response.transforms) {
      transform->transform_chunk(response.body, finishing);
    }
    if (is_head) response.body.clear();
    Future<void> sent = request.connection->write(response.body);
    response.body.clear();
    return sent;
  }
  if (!state_->transforms.empty()) transform_head(finishing);
  add_new_cookies();
  if (state_->settings.request_ids)
    response.headers.set(http::kRequestIdField, request.request_id());
  const std::string_view body = is_head ? std::string_view() : std::string_view(response.body);
  response.status_line.code = status_code_;
  Future<void> sent =
      request.connection->write_headers(response.status_line, response.headers, body);
  headers_written_ = true;  // not set if that threw: an error page can still be sent
  response.body.clear();
  return sent;
}

void RequestHandler::transform_head(bool finishing) {
  Response& response = this->response();
  response.transforms.clear();  // they belong to a head that could not be sent
  for (const auto& make : state_->transforms) {
    auto& transform = *response.transforms.emplace_back(make(request));
    transform.transform_first_chunk(status_code_, response.headers, response.body, finishing);
  }
}

// [finish]
Future<void> RequestHandler::finish() {
  if (finished_) throw std::runtime_error("finish() called twice");
  if (!headers_written_) finish_headers();
  Future<void> sent = send(true);
  finished_ = true;
  try {
    request.connection->finish();
  } catch (...) {
    log_and_end();
    throw;
  }
  log_and_end();
  return sent;
}
// [/finish]

Future<void> RequestHandler::finish(std::string_view chunk) {
  if (finished_) throw std::runtime_error("finish() called twice");
  write(chunk);
  return finish();
}

// [finish_headers]
void RequestHandler::finish_headers() {
  Response& response = this->response();
  const bool is_get = verb_ == detail::Verb::kGet || verb_ == detail::Verb::kHead;
  if (status_code_ == 200 && is_get) {
    set_etag_header();
    if (check_etag_header()) {
      response.body.clear();
      set_status(304);
    }
  }
  if (http::has_no_body(status_code_)) {
    if (status_code_ < 200) throw std::runtime_error("A response cannot end with a 1xx");
    if (!response.body.empty()) {
      throw std::runtime_error("Cannot send body with " + std::to_string(status_code_));
    }
    for (const char* name : {"Content-Encoding", "Content-Language", "Content-Type"}) {
      response.headers.remove(name);
    }
  } else if (!response.headers.contains("Content-Length")) {
    response.headers.add_known("Content-Length", std::to_string(response.body.size()));
  }
}
// [/finish_headers]

void RequestHandler::redirect(std::string_view url, bool permanent, int status) {
  if (headers_written_) throw std::runtime_error("Cannot redirect after headers have been written");
  if (status == 0) status = permanent ? 301 : 302;
  if (status < 300 || status > 399) throw std::invalid_argument("a redirect needs a 3xx status");
  set_status(status);
  set_header("Location", url);
  finish();
}

void RequestHandler::write_error(int status_code, const ErrorInfo& info) {
  if (state_->serves_tracebacks() && info.exception != nullptr) {
    set_header("Content-Type", "text/plain");
    write(core::traceback(info.exception, detail::kOutermostCall) + describe(info.exception) +
          "\n");
    return;
  }
  const std::string text = std::to_string(status_code) + ": " +
                           escape::xhtml_escape(std::string_view(response().status_line.reason));
  write("<html><title>" + text + "</title><body>" + text + "</body></html>");
}

}  // namespace tornado::web
