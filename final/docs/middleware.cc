// The listings of middleware.md. A test compiles this file; the page quotes its regions.
#include <tornado/middleware.h>
#include <tornado/web.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace middleware {

using namespace tornado;

struct HomeHandler : web::RequestHandler {
  void get() { write("home"); }
};

// [own]
// Closes the site, except for the page that watches whether it is up.
class Maintenance final : public web::Middleware {
 public:
  bool closed = false;

  void prepare(web::RequestHandler& handler) override {
    if (closed && handler.request.path != "/health") throw web::HTTPError(503);
  }
  void transform_head(const httputil::HTTPServerRequest& /*request*/, int status_code,
                      httputil::HTTPHeaders& headers) override {
    if (status_code == 503) headers.set("Retry-After", "600");
  }
};
// [/own]

// [settings]
std::unique_ptr<web::Application> make_application(std::shared_ptr<Maintenance> maintenance) {
  web::CORS::Options cors;
  cors.allow_origins = {"https://app.example"};
  cors.allow_headers = {"Content-Type"};

  web::RateLimit::Options limit;
  limit.per_second = 5;
  limit.burst = 50;

  web::Settings settings;
  settings.request_ids = true;
  settings.middleware = {
      std::make_shared<web::SecurityHeaders>(),
      std::make_shared<web::CORS>(cors),
      std::move(maintenance),
      std::make_shared<web::RateLimit>(limit),
  };
  std::vector<web::URLSpec> routes = {web::url<HomeHandler>("/")};
  return std::make_unique<web::Application>(std::move(routes), std::move(settings));
}
// [/settings]

}  // namespace middleware
