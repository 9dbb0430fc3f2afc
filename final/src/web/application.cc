#include <tornado/httpserver.h>
#include <tornado/version.h>
#include <tornado/web.h>

#include <stdexcept>

#include "web/application_state.h"
#include "web/handler_delegate.h"

namespace tornado::web {

const httputil::HTTPHeaders& detail::ApplicationState::default_headers() {
  timespec now{};
  // The coarse clock is cheap and off by a few milliseconds: enough for a date in seconds.
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != default_headers_second_) {
    default_headers_second_ = now.tv_sec;
    default_headers_ = httputil::HTTPHeaders{
        {"Server", "TornadoServer/" + std::string(kVersion)},
        {"Content-Type", "text/html; charset=UTF-8"},
        {"Date", httputil::format_timestamp(now.tv_sec)},
    };
  }
  return default_headers_;
}

Application::Application(std::vector<URLSpec> handlers, Settings settings)
    : state_(new detail::ApplicationState(*this, std::move(handlers), std::move(settings))) {}

Application::~Application() {
  servers_.clear();
  state_->application = nullptr;
  detail::HandlerDelegate::close_open_handlers(*state_);
}

httpserver::HTTPServer& Application::listen(int port, const std::string& address) {
  return listen(port, address, httpserver::HTTPServerOptions());
}

httpserver::HTTPServer& Application::listen(int port, const std::string& address,
                                            const httpserver::HTTPServerOptions& options) {
  auto server = std::make_unique<httpserver::HTTPServer>(*this, options);
  server->listen(port, address);
  return *servers_.emplace_back(std::move(server));
}

const Settings& Application::settings() const noexcept {
  return state_->settings;
}

std::string Application::reverse(std::string_view name, std::vector<std::string> args) const {
  return state_->routes.reverse(name, args);
}

std::unique_ptr<httputil::HTTPMessageDelegate> Application::start_request(
    const void* /*server_connection*/,
    std::shared_ptr<httputil::HTTPConnection> request_connection) {
  return std::make_unique<detail::HandlerDelegate>(state_, std::move(request_connection));
}

}  // namespace tornado::web
