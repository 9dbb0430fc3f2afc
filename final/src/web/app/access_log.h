// Internal header. The line of the access log.
#pragma once

#include <tornado/httputil.h>

namespace tornado::web::detail {

// Logs "200 GET /x (192.0.2.7) 1.23ms", at the level that the status calls for, and after it the
// request's id, unless that is empty.
void log_access(int status, const httputil::HTTPServerRequest& request, std::string_view id = {});

}  // namespace tornado::web::detail
