// Internal header. The request as templates see it.
#pragma once

#include <tornado/httputil.h>
#include <tornado/template_value.h>

namespace tornado::web::detail {

// Has the attributes that tornado/template.h lists. The request must outlive the value.
template_::Value request_value(const httputil::HTTPServerRequest& request);
// Returns objects with `key` and `value`, by name.
template_::Value cookies_value(const httputil::Cookies& cookies);

}  // namespace tornado::web::detail
