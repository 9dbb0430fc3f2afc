// Internal header: the error page for a body that is not the JSON that a handler wants.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace tornado::web::detail {

// Returns the problem in the form of RFC 9457 if the exception is a JSONBodyError.
std::optional<std::string> json_problem(int status, std::string_view title,
                                        const std::exception_ptr& exception);

}  // namespace tornado::web::detail
