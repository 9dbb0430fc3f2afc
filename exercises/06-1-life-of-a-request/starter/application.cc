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
  // Milestone 1: the first route that matches; or NotFoundHandler.
}

std::string Application::reverse_url(std::string_view name, const PathArgs& args) const {
  // Milestone 5: the route of this name; or std::out_of_range.
  return "";
}

}  // namespace mini
