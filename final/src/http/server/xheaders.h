// Internal header. Reads a proxy's header fields about the client (HTTPServer's xheaders option).
#pragma once

#include <string>
#include <vector>

namespace tornado::httputil {
class HTTPHeaders;
struct HTTPRequestContext;
}  // namespace tornado::httputil

namespace tornado::http {

// X-Real-Ip, or the last entry of X-Forwarded-For that is not in `trusted`, becomes remote_ip if it
// is an address; X-Scheme, or the last entry of X-Forwarded-Proto, becomes protocol if it is http
// or https.
void apply_xheaders(const httputil::HTTPHeaders& headers, const std::vector<std::string>& trusted,
                    httputil::HTTPRequestContext& context);

}  // namespace tornado::http
