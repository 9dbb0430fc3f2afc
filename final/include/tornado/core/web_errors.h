// Internal header, a part of tornado/web.h: exceptions that handlers throw.
#pragma once

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
  const char* what() const noexcept override { return what_.c_str(); }

  int status_code;
  std::string log_message;
  std::string reason;

 private:
  std::string what_;
};

// A required argument is missing: 400.
class MissingArgumentError : public HTTPError {
 public:
  explicit MissingArgumentError(std::string_view name);
  std::string arg_name;
};

// Ends the request without an error page; with `chunk`, calls finish(chunk).
class Finish : public std::exception {
 public:
  Finish() = default;
  explicit Finish(std::string chunk) : chunk_(std::move(chunk)) {}
  const char* what() const noexcept override { return "Finish"; }
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
