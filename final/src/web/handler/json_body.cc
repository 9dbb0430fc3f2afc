// Handlers whose body is JSON.
#include "web/handler/json_body.h"

#include <tornado/json.h>
#include <tornado/web.h>

#include <utility>

namespace tornado::web {
namespace {

// For the log.
std::string summary(const core::JsonErrors& errors) {
  if (!errors.malformed.empty()) return "the body is not JSON: " + errors.malformed;
  return escape::describe_fields(errors.fields);
}

std::string problem_text(int status, std::string_view title, const core::JsonErrors& errors) {
  json problem{{"title", title}, {"status", status}};
  if (!errors.malformed.empty()) problem["detail"] = summary(errors);
  for (const auto& [path, message] : errors.fields) {
    problem["errors"].push_back({{"pointer", path}, {"detail", message}});
  }
  return escape::json_encode(problem);
}

}  // namespace

JSONBodyError::JSONBodyError(core::JsonErrors body_errors)
    : HTTPError(body_errors.malformed.empty() ? 422 : 400, summary(body_errors)),
      errors(std::move(body_errors)) {}

std::optional<std::string> detail::json_problem(int status, std::string_view title,
                                                const std::exception_ptr& exception) {
  if (exception == nullptr) return std::nullopt;
  try {
    std::rethrow_exception(exception);
  } catch (const JSONBodyError& error) {
    return problem_text(status, title, error.errors);
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace tornado::web
