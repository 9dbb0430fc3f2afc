// What a handler sends.
#include <tornado/escape.h>
#include <tornado/web.h>

#include <algorithm>
#include <stdexcept>

#include "base/traceback.h"
#include "http/framing.h"
#include "loop/error_text.h"
#include "loop/loop_state.h"
#include "web/application_state.h"

namespace tornado::web {
namespace {

// A phrase for the status line (RFC 9112 4) that is harmless in a page too.
bool is_reason(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f && byte != '<');
  });
}

}  // namespace

void RequestHandler::clear() {
  headers_ = state_->default_headers();
  set_default_headers();
  write_buffer_.clear();
  status_line_.code = 200;
  status_line_.reason = "OK";
}

void RequestHandler::set_status(int status_code, std::string_view reason) {
  if (status_code < 100 || status_code > 999) {
    throw std::invalid_argument("a status code has three digits");
  }
  status_line_.code = status_code;
  if (reason.empty()) {
    status_line_.reason = httputil::responses(status_code);
  } else {
    status_line_.reason = is_reason(reason) ? reason : "Unknown";
  }
}

void RequestHandler::set_header(std::string_view name, std::string_view value) {
  headers_.set(name, value);
}

void RequestHandler::add_header(std::string_view name, std::string_view value) {
  headers_.add(name, value);
}

void RequestHandler::clear_header(std::string_view name) {
  headers_.remove(name);
}

void RequestHandler::write(std::string_view chunk) {
  if (finished_) throw std::runtime_error("Cannot write() after finish()");
  write_buffer_ += chunk;
}

void RequestHandler::write_json(std::string text) {
  if (finished_) throw std::runtime_error("Cannot write() after finish()");
  set_header("Content-Type", "application/json; charset=UTF-8");
  write_buffer_ += text;
}

Future<void> RequestHandler::flush() {
  return send(false);
}

// Sends what was written; if `finishing`, it is the rest.
Future<void> RequestHandler::send(bool finishing) {
  ioloop::detail::require_thread_with_loop();
  const bool is_head = request.method == "HEAD";
  if (headers_written_) {
    for (const auto& transform : transforms_) transform->transform_chunk(write_buffer_, finishing);
    if (is_head) write_buffer_.clear();
    Future<void> sent = request.connection->write(write_buffer_);
    write_buffer_.clear();
    return sent;
  }
  if (!state_->transforms.empty()) transform_head(finishing);
  add_new_cookies();
  const std::string_view body = is_head ? std::string_view() : std::string_view(write_buffer_);
  Future<void> sent = request.connection->write_headers(status_line_, headers_, body);
  headers_written_ = true;  // not if that threw: an error page can still be sent
  write_buffer_.clear();
  return sent;
}

void RequestHandler::transform_head(bool finishing) {
  transforms_.clear();  // those of a head that could not be sent
  for (const auto& make : state_->transforms) {
    auto& transform = *transforms_.emplace_back(make(request));
    transform.transform_first_chunk(status_line_.code, headers_, write_buffer_, finishing);
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
  const bool is_get = verb_ == detail::Verb::kGet || verb_ == detail::Verb::kHead;
  if (status_line_.code == 200 && is_get) {
    set_etag_header();
    if (check_etag_header()) {
      write_buffer_.clear();
      set_status(304);
    }
  }
  if (http::has_no_body(status_line_.code)) {
    if (status_line_.code < 200) throw std::runtime_error("A response cannot end with a 1xx");
    if (!write_buffer_.empty()) {
      throw std::runtime_error("Cannot send body with " + std::to_string(status_line_.code));
    }
    for (const char* name : {"Content-Encoding", "Content-Language", "Content-Type"}) {
      headers_.remove(name);
    }
  } else if (!headers_.contains("Content-Length")) {
    headers_.add_known("Content-Length", std::to_string(write_buffer_.size()));
  }
}
// [/finish_headers]

void RequestHandler::redirect(std::string_view url, bool permanent, int status) {
  if (headers_written_) throw std::runtime_error("Cannot redirect after headers have been written");
  if (status == 0) status = permanent ? 301 : 302;
  if (status < 300 || status > 399) throw std::invalid_argument("a redirect's status is 3xx");
  set_status(status);
  set_header("Location", url);
  finish();
}

void RequestHandler::write_error(int status_code, const ErrorInfo& info) {
  if (state_->serves_tracebacks() && info.exception != nullptr) {
    set_header("Content-Type", "text/plain");
    write(tornado::detail::traceback(info.exception, detail::kOutermostCall) +
          describe(info.exception) + "\n");
    return;
  }
  const std::string text = std::to_string(status_code) + ": " +
                           escape::xhtml_escape(std::string_view(status_line_.reason));
  write("<html><title>" + text + "</title><body>" + text + "</body></html>");
}

}  // namespace tornado::web
