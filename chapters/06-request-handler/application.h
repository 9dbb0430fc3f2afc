// Routes, and the choice of a handler for each request (Tornado: tornado.web.Application).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "03-ioloop/ioloop.h"
#include "05-http/http_server.h"
#include "06-request-handler/request_handler.h"
#include "06-request-handler/url_spec.h"

namespace mini {

// [application]
class Application {
 public:
  // Tries the routes in order; the first that matches the path wins. If none does, the client gets
  // a 404.
  explicit Application(std::vector<URLSpec> routes) : routes_(std::move(routes)) {}
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Serves on this loop from now on. Port 0 takes any free one. The application owns the server,
  // and must outlive its requests.
  HTTPServer& listen(IOLoop& loop, std::uint16_t port, const std::string& address = "127.0.0.1");

  // Handles one request: the callback of a server.
  void operator()(std::shared_ptr<HTTPServerRequest> request) const;

  // Returns the path of the route `name`, with `args` for its groups. Throws std::out_of_range if
  // no route has this name.
  std::string reverse_url(std::string_view name, const PathArgs& args = {}) const;

 private:
  std::vector<URLSpec> routes_;
  std::vector<std::unique_ptr<HTTPServer>> servers_;
};
// [/application]

}  // namespace mini
