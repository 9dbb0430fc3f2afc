// Public header: middleware, which sees each request before its handler does and each response
// before it is sent. Tornado has the two halves, RequestHandler.prepare and OutputTransform; here
// one object has both, and one list in the settings composes them.
//
//   web::Settings settings;
//   settings.middleware = {
//       std::make_shared<web::SecurityHeaders>(),
//       std::make_shared<web::CORS>(web::CORS::Options{.allow_origins = {"https://app.example"}}),
//       std::make_shared<web::RateLimit>(web::RateLimit::Options{.per_second = 5}),
//   };
//
// For ids of requests there is the setting request_ids. To change a body, write an OutputTransform.
#pragma once

#include <tornado/core/function.h>
#include <tornado/httputil.h>

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tornado::web {

class RequestHandler;

// One object serves all requests of its applications, on the thread of their loop. It wraps
// whatever an Application runs: handlers, error pages, static files, redirects, and the handshakes
// of WebSockets up to their response, which is not transformed.
class Middleware {
 public:
  Middleware() = default;
  Middleware(const Middleware&) = delete;
  Middleware& operator=(const Middleware&) = delete;
  virtual ~Middleware() = default;

  // Called in the order of the list, after the handler's initialize() and before everything else:
  // the checks of the method and of the XSRF token, and the handler's own prepare(). May set a user
  // or a header, and may finish the response; then the rest of the list and the handler are
  // skipped. An exception becomes an error page, as if the handler had thrown it. Synchronous: for
  // an asynchronous check write a prepare() that is a coroutine, in a base class of your handlers.
  // The default does nothing.
  virtual void prepare(RequestHandler& handler);

  // Called in the opposite order when the head of a response is complete, after the output
  // transforms. May change the fields. Called for every response, also if prepare() was not. If it
  // throws, the connection closes without a response. The default does nothing.
  virtual void transform_head(const httputil::HTTPServerRequest& request, int status_code,
                              httputil::HTTPHeaders& headers);
};

// Lets pages of other origins read responses (WHATWG Fetch, "CORS protocol"). Answers the preflight
// requests of allowed origins itself, with 204. A preflight request of any other origin goes on to
// the handler, and its browser refuses whatever the response is.
class CORS final : public Middleware {
 public:
  struct Options {
    // Origins as browsers send them, such as "https://app.example" or "http://localhost:8080". One
    // that is "*" allows all.
    std::vector<std::string> allow_origins = {};
    std::vector<std::string> allow_methods = {"GET", "HEAD", "POST"};  // of requests
    // Fields that requests may have besides the few that browsers always allow.
    std::vector<std::string> allow_headers = {};
    // Fields of responses that scripts may read besides the few that browsers always show.
    std::vector<std::string> expose_headers = {};
    // Whether requests may carry cookies.
    bool allow_credentials = false;
    // Seconds for which browsers remember the response to a preflight request.
    int max_age = 600;
  };
  // Throws std::invalid_argument if an origin is neither "*" nor of the form scheme://host[:port],
  // and for "*" together with allow_credentials, which would open the users' sessions to all sites.
  explicit CORS(Options options);

  void prepare(RequestHandler& handler) override;
  void transform_head(const httputil::HTTPServerRequest& request, int status_code,
                      httputil::HTTPHeaders& headers) override;

 private:
  bool is_allowed(std::string_view origin) const;

  const Options options_;
  const bool all_;
};

// Adds the fields that make browsers stricter. A field that the handler has set stays as it is.
class SecurityHeaders final : public Middleware {
 public:
  // An empty text sends no field.
  struct Options {
    // Content-Security-Policy: by default, only our own pages may show ours in a frame.
    std::string content_security_policy = "frame-ancestors 'self'";
    // X-Content-Type-Options: by default, browsers do not guess a type other than Content-Type.
    std::string content_type_options = "nosniff";
    // Referrer-Policy: by default, other sites learn our origin, but not the page's path.
    std::string referrer_policy = "strict-origin-when-cross-origin";
    // Seconds for which browsers use https only (RFC 6797). Sent over https; 0 sends no field.
    long strict_transport_security = 0;
  };
  SecurityHeaders();
  explicit SecurityHeaders(Options options);

  void transform_head(const httputil::HTTPServerRequest& request, int status_code,
                      httputil::HTTPHeaders& headers) override;

 private:
  const Options options_;
};

// Responds with 429 and Retry-After to clients that ask too often (a token bucket for each). Counts
// in this process only.
class RateLimit final : public Middleware {
 public:
  struct Options {
    // Requests per second in the long run, and how many may come at once.
    double per_second = 10;
    double burst = 20;
    // Returns the name of the client that a request counts for. Unset: the address remote_ip, of
    // an IPv6 address the first 64 bits, because one client has all of the rest.
    core::Function<std::string(const httputil::HTTPServerRequest&)> key = {};
    // Clients to remember. Beyond that, the one that has not asked for the longest time is
    // forgotten, and may ask `burst` times again.
    std::size_t max_clients = 10'000;
  };
  // Throws std::invalid_argument unless per_second > 0, burst >= 1 and max_clients >= 1.
  explicit RateLimit(Options options);

  void prepare(RequestHandler& handler) override;
  void transform_head(const httputil::HTTPServerRequest& request, int status_code,
                      httputil::HTTPHeaders& headers) override;

 private:
  struct Client {
    std::string key;
    double tokens;
    double time;  // when `tokens` was counted
  };

  std::string key_of(const httputil::HTTPServerRequest& request) const;
  void refill(Client& client) const;
  Client& find(std::string key);

  const Options options_;
  std::list<Client> clients_;  // the one that asked last comes first
  std::unordered_map<std::string_view, std::list<Client>::iterator> by_key_;
};

}  // namespace tornado::web
