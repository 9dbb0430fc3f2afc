// Internal header, a part of tornado/web.h: exceptions that handlers throw.
#pragma once

#include <tornado/core/json_text.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tornado::web {

// Ends the request with an error page. `log_message` is logged and never reaches the client;
// `reason` replaces the standard phrase. Tornado: HTTPError.
class HTTPError : public std::exception {
 public:
  explicit HTTPError(int status_code = 500, std::string log_message = {}, std::string reason = {});
  // Returns "HTTP 404: Not Found (LOG_MESSAGE)", for the log. Valid as long as the error.
  const char* what() const noexcept override { return what_.c_str(); }

  int status_code;          // 200 to 599; see RequestHandler::send_error()
  std::string log_message;  // for the log only
  std::string reason;       // for the status line; empty: the usual one of the code

 private:
  std::string what_;
};

// A required argument is missing: 400.
class MissingArgumentError : public HTTPError {
 public:
  explicit MissingArgumentError(std::string_view name);
  std::string arg_name;  // the argument's name
};

// The request's body is not what get_json_body() wants: 400 if it is not JSON, 422 if its fields
// are wrong. The error page is JSON and says what is wrong; see RequestHandler::write_error().
class JSONBodyError : public HTTPError {
 public:
  explicit JSONBodyError(core::JsonErrors body_errors);
  core::JsonErrors errors;  // what is wrong, and where
};

// Ends the request without an error page; with `chunk`, calls finish(chunk).
class Finish : public std::exception {
 public:
  Finish() = default;
  explicit Finish(std::string chunk) : chunk_(std::move(chunk)) {}
  // Returns "Finish".
  const char* what() const noexcept override { return "Finish"; }
  // Returns the argument for finish(), or nullopt for none. Valid as long as the exception.
  const std::optional<std::string>& chunk() const noexcept { return chunk_; }

 private:
  std::optional<std::string> chunk_;
};

// The information about a failure that write_error() receives.
struct ErrorInfo {
  ErrorInfo() {}
  std::exception_ptr exception;  // null if send_error() was called directly
  std::string reason;            // replaces the status line's phrase if not empty
};

}  // namespace tornado::web
