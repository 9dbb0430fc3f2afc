// Matchers, rules and routers.
#include <tornado/log.h>
#include <tornado/routing.h>

#include <stdexcept>

#include "web/routing/arity.h"
#include "web/routing/hand_on.h"
#include "web/routing/pattern.h"
#include "web/routing/rule_table.h"

namespace tornado::routing {

// ---- matchers -----------------------------------------------------------------------------------

std::optional<std::string> Matcher::reverse(const std::vector<std::string>& /*args*/) const {
  return std::nullopt;
}

std::optional<MatchParams> AnyMatches::match(const httputil::HTTPServerRequest& /*request*/) const {
  return MatchParams();
}

HostMatches::HostMatches(const std::string& host_pattern)
    : pattern_(std::make_shared<const detail::Pattern>(host_pattern)) {}

std::optional<MatchParams> HostMatches::match(const httputil::HTTPServerRequest& request) const {
  std::vector<std::string_view> captures;
  if (!pattern_->match(request.host_name(), captures)) return std::nullopt;
  return MatchParams();
}

DefaultHostMatches::DefaultHostMatches(const std::string& default_host,
                                       const std::string& host_pattern) {
  std::vector<std::string_view> captures;
  is_default_ = detail::Pattern(host_pattern).match(default_host, captures);
}

std::optional<MatchParams> DefaultHostMatches::match(
    const httputil::HTTPServerRequest& request) const {
  if (!is_default_ || request.headers.contains("X-Real-Ip")) return std::nullopt;
  return MatchParams();
}

PathMatches::PathMatches(const std::string& path_pattern)
    : pattern_(std::make_shared<const detail::Pattern>(path_pattern)) {}

std::optional<MatchParams> PathMatches::match(const httputil::HTTPServerRequest& request) const {
  return detail::match_path(*pattern_, request.path);
}

std::optional<std::string> PathMatches::reverse(const std::vector<std::string>& args) const {
  return pattern_->reverse(args);
}

// ---- rules --------------------------------------------------------------------------------------

RuleTarget::RuleTarget(std::initializer_list<Rule> rules) : RuleTarget(std::vector<Rule>(rules)) {}

RuleTarget::RuleTarget(std::vector<Rule> rules) {
  auto table = std::make_shared<const detail::RuleTable>(std::move(rules));
  rules_ = table.get();
  kept_ = std::move(table);
}

Rule::Rule(PathMatches matcher, RuleTarget target, std::string name)
    : path_(matcher.pattern_), target_(std::move(target)), name_(std::move(name)) {
  matcher_ = std::make_shared<const PathMatches>(std::move(matcher));
  if (target_.handler_class_ != nullptr) {
    web::detail::check_arity(path_->text(), path_->group_count(), *target_.handler_class_);
  }
}

Rule::Rule(const std::string& path_pattern, RuleTarget target, std::string name)
    : Rule(PathMatches(path_pattern), std::move(target), std::move(name)) {}
Rule::Rule(const char* path_pattern, RuleTarget target, std::string name)
    : Rule(PathMatches(path_pattern), std::move(target), std::move(name)) {}

// ---- routers ------------------------------------------------------------------------------------

namespace {

// The response where no rule matches.
class NobodyDelegate final : public httputil::HTTPMessageDelegate {
 public:
  explicit NobodyDelegate(std::shared_ptr<httputil::HTTPConnection> connection)
      : connection_(std::move(connection)) {}

  Future<void> headers_received(httputil::RequestStartLine /*line*/,
                                httputil::HTTPHeaders /*headers*/) override {
    return detail::ready();
  }
  Future<void> data_received(std::string /*chunk*/) override { return detail::ready(); }
  void finish() override {
    connection_->write_headers({"HTTP/1.1", 404, "Not Found"}, {}, {});
    connection_->finish();
  }

 private:
  std::shared_ptr<httputil::HTTPConnection> connection_;
};

// Waits for the head, asks the router, and forwards everything.
class RoutingDelegate final : public httputil::HTTPMessageDelegate {
 public:
  RoutingDelegate(Router& router, const void* server_connection,
                  std::shared_ptr<httputil::HTTPConnection> connection)
      : router_(router),
        server_connection_(server_connection),
        connection_(std::move(connection)) {}

  Future<void> headers_received(httputil::RequestStartLine start_line,
                                httputil::HTTPHeaders headers) override {
    httputil::HTTPServerRequest request(std::move(start_line), std::move(headers), {}, connection_);
    request.server_connection = server_connection_;
    delegate_ = router_.find_handler(request);
    if (delegate_ == nullptr) {
      log::app_log.debug("Delegate for " + request.method + " " + request.path +
                         " request not found");
      delegate_ = std::make_unique<NobodyDelegate>(std::move(connection_));
    }
    return detail::hand_on(*delegate_, std::move(request));
  }
  Future<void> data_received(std::string chunk) override {
    return delegate_->data_received(std::move(chunk));
  }
  void finish() override { delegate_->finish(); }
  bool refuse(const httputil::RequestRefusal& refusal) override {
    return delegate_ != nullptr && delegate_->refuse(refusal);
  }
  void on_connection_close() override {
    if (delegate_ != nullptr) delegate_->on_connection_close();
  }
  void on_shutdown() override {
    if (delegate_ != nullptr) delegate_->on_shutdown();
  }

 private:
  Router& router_;
  const void* server_connection_;
  std::shared_ptr<httputil::HTTPConnection> connection_;
  std::unique_ptr<httputil::HTTPMessageDelegate> delegate_;
};

void refuse_handler_classes(const detail::RuleTable& table) {
  if (table.has_handler_classes()) {
    throw std::invalid_argument(
        "a rule of a RuleRouter leads to a handler class: only a web::Application makes handlers");
  }
}

}  // namespace

Future<void> detail::ready() {
  Future<void> future;
  future.set_result();
  return future;
}

Future<void> detail::hand_on(httputil::HTTPMessageDelegate& delegate,
                             httputil::HTTPServerRequest request) {
  return delegate.headers_received(
      httputil::RequestStartLine(std::move(request.method), std::move(request.uri),
                                 std::move(request.version)),
      std::move(request.headers));
}

std::unique_ptr<httputil::HTTPMessageDelegate> Router::start_request(
    const void* server_connection, std::shared_ptr<httputil::HTTPConnection> request_connection) {
  return std::make_unique<RoutingDelegate>(*this, server_connection, std::move(request_connection));
}

RuleRouter::RuleRouter(std::vector<Rule> rules)
    : table_(core::make_owned<detail::RuleTable>(std::move(rules))) {
  refuse_handler_classes(*table_);
}

RuleRouter::~RuleRouter() = default;

void RuleRouter::add_rules(std::vector<Rule> rules) {
  refuse_handler_classes(detail::RuleTable(rules));
  table_->add(std::move(rules));
}

std::unique_ptr<httputil::HTTPMessageDelegate> RuleRouter::find_handler(
    const httputil::HTTPServerRequest& request) {
  return table_->find(request).delegate;
}

std::optional<std::string> RuleRouter::reverse(std::string_view name,
                                               const std::vector<std::string>& args) const {
  return table_->reverse(name, args);
}

}  // namespace tornado::routing
