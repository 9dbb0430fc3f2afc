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
void RequestHandler::get(const PathArgs&) {
  throw HTTPError(405);
}
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
void RequestHandler::call_verb(const PathArgs& args) {
  // Milestone 2: the function for request_->method; or an HTTPError(405).
}
void RequestHandler::execute(const Application& application,
                             std::shared_ptr<HTTPServerRequest> request, const URLSpec& route,
                             const PathArgs& args) {
  application_ = &application;
  request_ = std::move(request);
  // Milestone 2: the whole life: clear(), the arguments, initialize, prepare, the verb, finish().
  // Each of them may throw, and each may finish the response.
}
void RequestHandler::handle_exception(const std::exception_ptr& error) {
  // Milestone 4: which status? What goes to the log, and what to the client? Until then:
  std::rethrow_exception(error);
}

void RequestHandler::send_error(int status) {
  // Milestone 4: nothing of what was written; the page of write_error().
}

void RequestHandler::write_error(int status) {
  const std::string line = std::to_string(status) + ": " + reason_phrase(status);
  write("<html><title>" + line + "</title><body>" + line + "</body></html>");
}

void RequestHandler::clear() {
  // Milestone 3: as if nothing had been written. The default headers stay.
}
void RequestHandler::write(std::string_view chunk) {
  // Milestone 3: not after the response. Until then:
  body_ += chunk;
}

void RequestHandler::finish() {
  // Milestone 3: once, and then on_finish(). Until then:
  request_->respond(status_, headers_, body_);
}

void RequestHandler::finish(std::string_view chunk) {
  write(chunk);
  finish();
}

void RequestHandler::redirect(std::string_view url, bool permanent) {
  // Milestone 3: a status, a Location, and the end.
}
std::vector<std::string> RequestHandler::get_arguments(std::string_view name) const {
  // Milestone 3: the values of this name, without blanks around them.
  return {};
}

std::string RequestHandler::get_argument(std::string_view name, std::string_view fallback) const {
  // Milestone 3: the last one counts.
  return "";
}

std::string RequestHandler::get_argument(std::string_view name) const {
  // Milestone 3: or an HTTPError(400).
  return "";
}

std::string RequestHandler::reverse_url(std::string_view name, const PathArgs& args) const {
  return application_->reverse_url(name, args);
}

}  // namespace mini
