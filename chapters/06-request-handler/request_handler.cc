#include "06-request-handler/request_handler.h"

#include <cstdio>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

#include "05-http/status.h"
#include "05-http/text.h"
#include "06-request-handler/application.h"

namespace mini {

HTTPError::HTTPError(int status, std::string message)
    : status_(status), what_("HTTP " + std::to_string(status) + ": " + reason_phrase(status)) {
  if (!message.empty()) what_ += " (" + std::move(message) + ")";
}

// [default_verbs]
void RequestHandler::get(const PathArgs&) {
  throw HTTPError(405);
}
// [/default_verbs]
void RequestHandler::head(const PathArgs&) {
  throw HTTPError(405);
}
void RequestHandler::post(const PathArgs&) {
  throw HTTPError(405);
}
void RequestHandler::put(const PathArgs&) {
  throw HTTPError(405);
}
void RequestHandler::patch(const PathArgs&) {
  throw HTTPError(405);
}
void RequestHandler::delete_(const PathArgs&) {
  throw HTTPError(405);
}
void RequestHandler::options(const PathArgs&) {
  throw HTTPError(405);
}

// [call_verb]
void RequestHandler::call_verb(const PathArgs& args) {
  using Verb = void (RequestHandler::*)(const PathArgs&);
  static const std::map<std::string_view, Verb> verbs = {
      {"GET", &RequestHandler::get},         {"HEAD", &RequestHandler::head},
      {"POST", &RequestHandler::post},       {"PUT", &RequestHandler::put},
      {"PATCH", &RequestHandler::patch},     {"DELETE", &RequestHandler::delete_},
      {"OPTIONS", &RequestHandler::options},
  };
  const auto verb = verbs.find(request_->method);
  if (verb == verbs.end()) throw HTTPError(405);
  (this->*verb->second)(args);
}
// [/call_verb]

// [execute]
void RequestHandler::execute(const Application& application,
                             std::shared_ptr<HTTPServerRequest> request, const URLSpec& route,
                             const PathArgs& args) {
  application_ = &application;
  request_ = std::move(request);
  try {
    clear();
    arguments_ = parse_query(request_->query());
    if (request_->headers.get("Content-Type")
            .value_or("")
            .starts_with("application/x-www-form-urlencoded")) {
      Arguments form = parse_query(request_->body);
      std::move(form.begin(), form.end(), std::back_inserter(arguments_));
    }
    // [order]
    route.initialize(*this);
    prepare();
    if (!finished_) call_verb(args);
    if (!finished_ && auto_finish_) finish();
    // [/order]
  } catch (...) {
    handle_exception(std::current_exception());
  }
}
// [/execute]

// [handle_exception]
void RequestHandler::handle_exception(const std::exception_ptr& error) {
  int status = 500;
  try {
    std::rethrow_exception(error);
  } catch (const HTTPError& known) {
    status = known.status();
    if (status >= 500) std::fprintf(stderr, "%s: %s\n", request_->uri.c_str(), known.what());
  } catch (const std::exception& unknown) {
    std::fprintf(stderr, "%s: %s\n", request_->uri.c_str(), unknown.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", request_->uri.c_str());
  }
  if (finished_) return;
  try {
    send_error(status);
  } catch (const std::exception& worse) {  // thrown by on_finish(): the page has left
    std::fprintf(stderr, "%s: %s\n", request_->uri.c_str(), worse.what());
  }
}
// [/handle_exception]

// [send_error]
void RequestHandler::send_error(int status) {
  if (finished_) throw std::logic_error("send_error() after finish()");
  clear();
  status_ = status;
  try {
    write_error(status);
  } catch (const std::exception& worse) {
    std::fprintf(stderr, "%s: write_error: %s\n", request_->uri.c_str(), worse.what());
  }
  if (!finished_) finish();
}

void RequestHandler::write_error(int status) {
  const std::string line = std::to_string(status) + ": " + reason_phrase(status);
  write("<html><title>" + line + "</title><body>" + line + "</body></html>");
}
// [/send_error]

// [clear]
void RequestHandler::clear() {
  status_ = 200;
  headers_ = {{"Content-Type", "text/html; charset=UTF-8"}};
  body_.clear();
  set_default_headers();
}
// [/clear]

// [finish]
void RequestHandler::write(std::string_view chunk) {
  if (finished_) throw std::logic_error("write() after finish()");
  body_ += chunk;
}

void RequestHandler::finish() {
  if (finished_) throw std::logic_error("finish() called twice");
  finished_ = true;
  request_->respond(status_, headers_, body_);
  on_finish();
}

void RequestHandler::finish(std::string_view chunk) {
  write(chunk);
  finish();
}

// [/finish]

// [redirect]
void RequestHandler::redirect(std::string_view url, bool permanent) {
  set_status(permanent ? 301 : 302);
  set_header("Location", url);
  finish();
}
// [/redirect]

// [get_arguments]
std::vector<std::string> RequestHandler::get_arguments(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : arguments_) {
    if (key == name) values.emplace_back(strip_blanks(value));
  }
  return values;
}
// [/get_arguments]

// [arguments]
std::string RequestHandler::get_argument(std::string_view name, std::string_view fallback) const {
  const std::vector<std::string> values = get_arguments(name);
  return values.empty() ? std::string(fallback) : values.back();
}

std::string RequestHandler::get_argument(std::string_view name) const {
  const std::vector<std::string> values = get_arguments(name);
  if (values.empty()) throw HTTPError(400, "missing argument " + std::string(name));
  return values.back();
}
// [/arguments]

std::string RequestHandler::reverse_url(std::string_view name, const PathArgs& args) const {
  return application_->reverse_url(name, args);
}

}  // namespace mini
