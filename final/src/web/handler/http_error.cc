#include <tornado/httputil.h>
#include <tornado/web.h>

namespace tornado::web {

HTTPError::HTTPError(int code, std::string message, std::string error_reason)
    : status_code(code), log_message(std::move(message)), reason(std::move(error_reason)) {
  what_ = "HTTP " + std::to_string(status_code) + ": ";
  what_ += reason.empty() ? httputil::responses(status_code) : std::string_view(reason);
  if (!log_message.empty()) what_ += " (" + log_message + ")";
}

MissingArgumentError::MissingArgumentError(std::string_view name)
    : HTTPError(400, "Missing argument " + std::string(name)), arg_name(name) {}

}  // namespace tornado::web
