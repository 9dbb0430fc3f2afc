#include "06-request-handler/application.h"

#include <stdexcept>
#include <utility>

namespace mini {
namespace {

// Answers every path that no route matches.
class NotFoundHandler : public RequestHandler {
 public:
  void prepare() override { throw HTTPError(404); }
};

}  // namespace

HTTPServer& Application::listen(IOLoop& loop, std::uint16_t port, const std::string& address) {
  const auto callback = [this](std::shared_ptr<HTTPServerRequest> request) {
    (*this)(std::move(request));
  };
  servers_.push_back(std::make_unique<HTTPServer>(loop, callback));
  servers_.back()->listen(port, address);
  return *servers_.back();
}

void Application::operator()(std::shared_ptr<HTTPServerRequest> request) const {
  const std::string path = request->path();
  for (const URLSpec& route : routes_) {
    if (const auto args = route.match(path)) {
      return route.make()->execute(*this, std::move(request), route, *args);
    }
  }
  static const URLSpec not_found = url<NotFoundHandler>(".*");
  not_found.make()->execute(*this, std::move(request), not_found, {});
}

std::string Application::reverse_url(std::string_view name, const PathArgs& args) const {
  for (const URLSpec& route : routes_) {
    if (route.name() == name) return route.reverse(args);
  }
  throw std::out_of_range("no route is named " + std::string(name));
}

}  // namespace mini
