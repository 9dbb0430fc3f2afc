#include <tornado/autoreload.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/version.h>
#include <tornado/web.h>

#include <stdexcept>
#include <utility>

#include "base/log/throw_record.h"
#include "web/application_state.h"
#include "web/handler/delegate.h"
#include "web/routing/hand_on.h"
#include "web/static/files.h"

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

detail::ApplicationState::ApplicationState(Application& owner, std::vector<Rule> handlers,
                                           Settings app_settings)
    : application(&owner),
      settings(std::move(app_settings)),
      routes(with_static_routes(std::move(handlers), settings)),
      not_found(
          settings.default_handler_class.value_or(handler<ErrorHandler>({.status_code = 404}))),
      autoreload_is_due_(settings.autoreload.value_or(settings.debug)) {
  if (ioloop::IOLoop::current(false) != nullptr) begin_autoreload();
  if (serves_tracebacks()) core::record_throws();
  if (settings.compress_response) {
    transforms.emplace_back([](const httputil::HTTPServerRequest& request) {
      return std::make_unique<GZipContentEncoding>(request);
    });
  }
}

void detail::ApplicationState::begin_autoreload() {
  if (!std::exchange(autoreload_is_due_, false)) return;
  for (const std::string& folder : {settings.static_path, settings.template_path}) {
    if (!folder.empty()) autoreload::watch(folder);
  }
  autoreload::start();
}

routing::detail::Destination detail::ApplicationState::find(
    const httputil::HTTPServerRequest& request) const {
  if (!hosts.empty()) {
    if (auto to = hosts.find(request)) return to;
  }
  if (auto to = routes.find(request)) return to;
  return routing::detail::RuleTable::follow(not_found, {}, request);
}

Application::Application(std::vector<Rule> handlers, Settings settings)
    : state_(new detail::ApplicationState(*this, std::move(handlers), std::move(settings))) {}

Application::~Application() {
  servers_.clear();
  state_->application = nullptr;
  detail::HandlerDelegate::close_open_handlers(*state_);
}

httpserver::HTTPServer& Application::listen(int port, const std::string& address) & {
  return listen(port, address, httpserver::HTTPServerOptions());
}

httpserver::HTTPServer& Application::listen(int port, const std::string& address,
                                            const httpserver::HTTPServerOptions& options) & {
  auto server = std::make_unique<httpserver::HTTPServer>(*this, options);
  server->listen(port, address);
  state_->begin_autoreload();
  return *servers_.emplace_back(std::move(server));
}

const Settings& Application::settings() const noexcept {
  return state_->settings;
}

// ---- routes -------------------------------------------------------------------------------------

void Application::add_handlers(const std::string& host_pattern, std::vector<Rule> host_handlers) {
  const routing::RuleTarget rules(std::move(host_handlers));
  state_->hosts.add({Rule(routing::HostMatches(host_pattern), rules)});
  const std::string& default_host = state_->settings.default_host;
  if (default_host.empty()) return;
  state_->routes.add({Rule(routing::DefaultHostMatches(default_host, host_pattern), rules)});
}

void Application::add_transform(MakeTransform make) {
  state_->transforms.push_back(std::move(make));
}

std::optional<std::string> detail::ApplicationState::reverse(
    std::string_view name, const std::vector<std::string>& args) const {
  auto path = hosts.reverse(name, args);
  return path ? path : routes.reverse(name, args);
}

std::optional<std::string> Application::reverse(std::string_view name,
                                                const std::vector<std::string>& args) const {
  return state_->reverse(name, args);
}

std::string Application::require_path(std::string_view name, std::optional<std::string> path) {
  if (!path) throw std::out_of_range(std::string(name) + " not found in named urls");
  return std::move(*path);
}

// ---- requests -----------------------------------------------------------------------------------

std::unique_ptr<httputil::HTTPMessageDelegate> Application::start_request(
    const void* server_connection, std::shared_ptr<httputil::HTTPConnection> request_connection) {
  state_->begin_autoreload();
  return std::make_unique<detail::HandlerDelegate>(state_, server_connection,
                                                   std::move(request_connection));
}

std::unique_ptr<httputil::HTTPMessageDelegate> Application::find_handler(
    const httputil::HTTPServerRequest& request) {
  auto to = state_->find(request);
  if (to.delegate != nullptr) return std::move(to.delegate);
  return std::make_unique<detail::HandlerDelegate>(state_, request, std::move(to));
}

std::unique_ptr<httputil::HTTPMessageDelegate> Application::delegate_for(
    const httputil::HTTPServerRequest& request, routing::RuleTarget target, PathArgs path_args) {
  auto to = routing::detail::RuleTable::follow(target, {std::move(path_args), {}}, request);
  return std::make_unique<detail::HandlerDelegate>(state_, request, std::move(to),
                                                   std::move(target));
}

namespace {

// Gives a delegate a request that was collected elsewhere. Nobody waits for this, so a failure ends
// the connection here.
Future<void> feed(std::unique_ptr<httputil::HTTPMessageDelegate> delegate,
                  httputil::HTTPServerRequest request) {
  const auto connection = request.connection;
  try {
    std::string body = std::move(request.body);
    const Future<void> begun = routing::detail::hand_on(*delegate, std::move(request));
    co_await begun;
    if (!body.empty()) {
      const Future<void> taken = delegate->data_received(std::move(body));
      co_await taken;
    }
    delegate->finish();
  } catch (...) {
    httpserver::detail::CallbackDelegate::call_failed(*connection);
  }
}

}  // namespace

void Application::operator()(httputil::HTTPServerRequest request) {
  if (request.connection == nullptr) {
    throw std::invalid_argument("the request has no connection, so nobody waits for its response");
  }
  auto delegate = find_handler(request);
  core::let_run(feed(std::move(delegate), std::move(request)));
}

}  // namespace tornado::web
