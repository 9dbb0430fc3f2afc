#include <tornado/middleware.h>

namespace tornado::web {

void Middleware::prepare(RequestHandler& /*handler*/) {}

void Middleware::transform_head(const httputil::HTTPServerRequest& /*request*/, int /*status_code*/,
                                httputil::HTTPHeaders& /*headers*/) {}

// ---- security headers ---------------------------------------------------------------------------

SecurityHeaders::SecurityHeaders() : SecurityHeaders(Options()) {}

SecurityHeaders::SecurityHeaders(Options options) : options_(std::move(options)) {}

void SecurityHeaders::transform_head(const httputil::HTTPServerRequest& request,
                                     int /*status_code*/, httputil::HTTPHeaders& headers) {
  const auto add = [&headers](std::string_view name, std::string_view value) {
    if (!value.empty() && !headers.contains(name)) headers.set(name, value);
  };
  add("Content-Security-Policy", options_.content_security_policy);
  add("X-Content-Type-Options", options_.content_type_options);
  add("Referrer-Policy", options_.referrer_policy);
  if (options_.strict_transport_security > 0 && request.protocol == "https") {
    add("Strict-Transport-Security",
        "max-age=" + std::to_string(options_.strict_transport_security));
  }
}

}  // namespace tornado::web
