// CORS, as the WHATWG's Fetch describes it under "CORS protocol".
#include <tornado/middleware.h>
#include <tornado/web.h>

#include <algorithm>
#include <stdexcept>

namespace tornado::web {
namespace {

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// Whether it has the form scheme://host[:port], which is what a browser compares it with.
bool is_origin(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == 0 || end == text.npos || end + 3 == text.size()) return false;
  return text.find_first_of("/?#@* ,", end + 3) == text.npos;
}

}  // namespace

CORS::CORS(Options options)
    : options_(std::move(options)), all_(contains(options_.allow_origins, "*")) {
  if (all_ && options_.allow_credentials) {
    throw std::invalid_argument("CORS: allow_credentials needs a list of origins, not \"*\"");
  }
  for (const std::string& origin : options_.allow_origins) {
    if (origin != "*" && !is_origin(origin)) {
      throw std::invalid_argument("CORS: \"" + origin +
                                  "\" is not an origin; write it like \"https://app.example\"");
    }
  }
}

bool CORS::is_allowed(std::string_view origin) const {
  return !origin.empty() && (all_ || contains(options_.allow_origins, origin));
}

void CORS::prepare(RequestHandler& handler) {
  const httputil::HTTPServerRequest& request = handler.request;
  if (request.method != "OPTIONS" || !request.headers.contains("Access-Control-Request-Method") ||
      !is_allowed(request.headers.get("Origin"))) {
    return;
  }
  handler.set_status(204);
  handler.set_header("Access-Control-Allow-Methods", joined(options_.allow_methods));
  if (!options_.allow_headers.empty()) {
    handler.set_header("Access-Control-Allow-Headers", joined(options_.allow_headers));
  }
  handler.set_header("Access-Control-Max-Age", options_.max_age);
  handler.finish();
}

void CORS::transform_head(const httputil::HTTPServerRequest& request, int /*status_code*/,
                          httputil::HTTPHeaders& headers) {
  // A cache must not give one origin what was meant for another.
  if (!all_) headers.add("Vary", "Origin");
  const std::string origin(request.headers.get("Origin"));
  if (!is_allowed(origin)) return;
  headers.set("Access-Control-Allow-Origin", all_ ? "*" : origin);
  if (options_.allow_credentials) headers.set("Access-Control-Allow-Credentials", "true");
  if (!options_.expose_headers.empty()) {
    headers.set("Access-Control-Expose-Headers", joined(options_.expose_headers));
  }
}

}  // namespace tornado::web
