// Public header. Finds the handler of a request: rules, each with a matcher and a target, and
// routers made of rules. Mirrors tornado.routing.
//
//   routing::RuleRouter router({
//       {routing::HostMatches("admin\\.example\\.com"), admin_app},  // an Application
//       {"/files/.*", file_app},
//       {"/ping", [](httputil::HTTPServerRequest request) { ... }},
//   });
//   httpserver::HTTPServer server(router);
//
// A router belongs to one thread, that of its server's loop.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/core/request_callback.h>
#include <tornado/httputil.h>

#include <concepts>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tornado::web::detail {
struct HandlerClass;
}

namespace tornado::routing {

// A path's groups, in order, percent-decoded ("+" stays). A group that took no part in the match is
// nullopt.
using PathArgs = std::vector<std::optional<std::string>>;
// The same by name, for a pattern with named groups: "(?P<year>[0-9]+)".
using PathKwargs = std::map<std::string, std::optional<std::string>, std::less<>>;

// The values that a matcher found in a request.
struct MatchParams {
  PathArgs path_args;      // named groups too
  PathKwargs path_kwargs;  // the named groups only
};

// ---- matchers -----------------------------------------------------------------------------------

namespace detail {
class Pattern;
class RuleTable;
}  // namespace detail

// Decides whether a rule applies to a request. Derive from it for other conditions.
class Matcher {
 public:
  virtual ~Matcher() = default;
  // Returns nullopt if the rule does not apply. `request` has a start line, headers and the peer's
  // address, but no body yet.
  virtual std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const = 0;
  // Returns a path that would match, with `args` in place of the groups; nullopt if there is none.
  virtual std::optional<std::string> reverse(const std::vector<std::string>& args) const;
};

// Matches every request.
class AnyMatches final : public Matcher {
 public:
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;
};

// Matches requests for a host. `host_pattern` is a regular expression for the whole name, in lower
// case and without a port. Throws std::invalid_argument if it is not valid.
class HostMatches final : public Matcher {
 public:
  explicit HostMatches(const std::string& host_pattern);
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;

 private:
  std::shared_ptr<const detail::Pattern> pattern_;
};

// Matches every request that did not come through a proxy (no X-Real-Ip), if `default_host` matches
// `host_pattern`: useful while developing, whatever name the machine has. Tornado takes the
// application, which has the default host.
class DefaultHostMatches final : public Matcher {
 public:
  DefaultHostMatches(const std::string& default_host, const std::string& host_pattern);
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;

 private:
  bool is_default_;
};

// Matches requests for a path. `path_pattern` is a regular expression for the whole path as sent,
// still percent-encoded, in RE2's syntax, which is Python's without backreferences and look-around.
// Either all its groups have names, or none. Throws std::invalid_argument.
class PathMatches final : public Matcher {
 public:
  explicit PathMatches(const std::string& path_pattern);
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;
  // Percent-encodes `args`, except "/". Throws std::invalid_argument for a wrong number of args,
  // and for a pattern that contains more than text and groups.
  std::optional<std::string> reverse(const std::vector<std::string>& args) const override;

 private:
  friend class detail::RuleTable;
  friend class Rule;
  std::shared_ptr<const detail::Pattern> pattern_;
};

// ---- rules --------------------------------------------------------------------------------------

class Rule;

// The target of a rule. Copies share ownership.
class RuleTarget {
 public:
  // Targets an application, a router, or the program's own delegate, which must outlive the rule.
  // If a router has no rule for the request, the search continues with the following rules; any
  // other delegate takes every request. A delegate's on_close() is not called here: only a server
  // does that.
  template <std::derived_from<httputil::HTTPServerConnectionDelegate> D>
  RuleTarget(D& delegate) : delegate_(&delegate) {}
  // The same, but the rule shares ownership.
  template <std::derived_from<httputil::HTTPServerConnectionDelegate> D>
  RuleTarget(std::shared_ptr<D> delegate) : delegate_(delegate.get()), kept_(std::move(delegate)) {}
  // Targets a function or coroutine of HTTPServerRequest, which responds through
  // request.connection.
  template <class F>
    requires httpserver::RequestFunction<std::remove_cvref_t<F>>
  RuleTarget(F&& function)
      : RuleTarget(httpserver::RequestCallback(std::forward<F>(function)).delegate()) {}
  // Targets more rules. If none of them matches, the search continues after this rule.
  RuleTarget(std::initializer_list<Rule> rules);
  RuleTarget(std::vector<Rule> rules);
  // Internal: a handler class and the argument of its initialize(). See web::handler().
  RuleTarget(const web::detail::HandlerClass& handler_class, std::shared_ptr<const void> init)
      : handler_class_(&handler_class), kept_(std::move(init)) {}

 private:
  friend class Rule;
  friend class detail::RuleTable;

  // Exactly one of these three is set.
  const web::detail::HandlerClass* handler_class_ = nullptr;
  httputil::HTTPServerConnectionDelegate* delegate_ = nullptr;
  const detail::RuleTable* rules_ = nullptr;
  std::shared_ptr<const void> kept_;  // the class's Init, or the owner of the other two
};

// A matcher, its target, and a name for reverse_url(). Tornado: Rule.
class Rule {
 public:
  // Throws std::invalid_argument if the target is a handler class with a verb whose number of
  // arguments differs from the number of groups in the path's pattern.
  Rule(PathMatches matcher, RuleTarget target, std::string name = {});
  template <std::derived_from<Matcher> M>
    requires(!std::same_as<M, PathMatches>)
  Rule(M matcher, RuleTarget target, std::string name = {})
      : matcher_(std::make_shared<const M>(std::move(matcher))),
        target_(std::move(target)),
        name_(std::move(name)) {}
  // The same with PathMatches(path_pattern).
  Rule(const std::string& path_pattern, RuleTarget target, std::string name = {});
  Rule(const char* path_pattern, RuleTarget target, std::string name = {});

  // Return the matcher, and the name, "" for none. Valid as long as the rule.
  const Matcher& matcher() const noexcept { return *matcher_; }
  const std::string& name() const noexcept { return name_; }

 private:
  friend class detail::RuleTable;
  std::shared_ptr<const Matcher> matcher_;
  std::shared_ptr<const detail::Pattern> path_;  // of a PathMatches
  RuleTarget target_;
  std::string name_;
};

// ---- routers ------------------------------------------------------------------------------------

// Finds the handler of a request when its head has arrived. Any router can be served by an
// HTTPServer.
class Router : public httputil::HTTPServerConnectionDelegate {
 public:
  // Returns the delegate that handles the request, or null for none. Its headers_received() is
  // called next, with the contents of `request`, which is destroyed after the call.
  virtual std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const httputil::HTTPServerRequest& request) = 0;

  // Calls find_handler(). A request without a handler gets an empty 404.
  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override;
};

// A router whose rules have names.
class ReversibleRouter : public Router {
 public:
  // Returns the path of the rule `name`, with `args` in place of its groups; nullopt for an unknown
  // name. Throws std::invalid_argument like PathMatches::reverse.
  template <class... Args>
  std::optional<std::string> reverse_url(std::string_view name, const Args&... args) const {
    return reverse(name, {text_of(args)...});
  }
  virtual std::optional<std::string> reverse(std::string_view name,
                                             const std::vector<std::string>& args) const = 0;

 protected:
  // Converts an argument of reverse_url(), a number or text, to text.
  template <class T>
  static std::string text_of(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return std::to_string(value);
    } else {
      return std::string(value);
    }
  }
};

// Tries its rules in order; the first that matches, and whose target takes the request, wins.
// Throws std::invalid_argument for a handler class as target: those belong to an Application.
//
// It knows the names of its rules, of the rules inside them, and of reversible routers they lead
// to. If several rules have the same name, the name means the last one, and a warning is logged.
class RuleRouter : public ReversibleRouter {
 public:
  explicit RuleRouter(std::vector<Rule> rules = {});
  ~RuleRouter() override;
  RuleRouter(const RuleRouter&) = delete;
  RuleRouter& operator=(const RuleRouter&) = delete;

  // Adds rules after the existing ones. May be called at any time.
  void add_rules(std::vector<Rule> rules);
  std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const httputil::HTTPServerRequest& request) override;
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const override;

 private:
  core::Owned<detail::RuleTable> table_;
};
// Tornado has one class without reverse_url() and one with it.
using ReversibleRuleRouter = RuleRouter;

}  // namespace tornado::routing
