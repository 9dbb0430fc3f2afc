// Public header. From a request to what answers it: rules of a matcher and a target, and routers of
// rules. Mirrors tornado.routing.
//
//   routing::RuleRouter router({
//       {routing::HostMatches("admin\\.example\\.com"), admin_app},  // an Application
//       {"/files/.*", file_app},
//       {"/ping", [](httputil::HTTPServerRequest request) { ... }},
//   });
//   httpserver::HTTPServer server(router);
//
// A router is for one thread, that of its server's loop.
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

// A path's groups, in order, percent-decoded ("+" stays); a group that took no part in the match
// has no value.
using PathArgs = std::vector<std::optional<std::string>>;
// The same by name, of a pattern whose groups are named: "(?P<year>[0-9]+)".
using PathKwargs = std::map<std::string, std::optional<std::string>, std::less<>>;

// What a matcher has found in a request.
struct MatchParams {
  PathArgs path_args;  // named groups too
  PathKwargs path_kwargs;
};

// ---- matchers -----------------------------------------------------------------------------------

namespace detail {
class Pattern;
class RuleTable;
}  // namespace detail

// Says whether a rule is for a request. Derive from it for other conditions.
class Matcher {
 public:
  virtual ~Matcher() = default;
  // Nothing: the rule is not for this request. Of `request` the start line, the headers and where
  // it came from are there; its body is not.
  virtual std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const = 0;
  // A path that would match, with `args` in place of the groups; nothing if there is no such thing.
  virtual std::optional<std::string> reverse(const std::vector<std::string>& args) const;
};

// Every request.
class AnyMatches final : public Matcher {
 public:
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;
};

// Requests for a host: `host_pattern` is a regular expression for the whole name, which is in lower
// case and without a port. Throws std::invalid_argument if it is none.
class HostMatches final : public Matcher {
 public:
  explicit HostMatches(const std::string& host_pattern);
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;

 private:
  std::shared_ptr<const detail::Pattern> pattern_;
};

// Every request that did not come through a proxy (no X-Real-Ip), if `default_host` matches
// `host_pattern`: whatever name a developer uses for his machine. Tornado takes the application,
// which has the default host.
class DefaultHostMatches final : public Matcher {
 public:
  DefaultHostMatches(const std::string& default_host, const std::string& host_pattern);
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;

 private:
  bool is_default_;
};

// Requests for a path: `path_pattern` is a regular expression (RE2's syntax, which is Python's
// without backreferences and look-around) for the whole path as sent, still percent-encoded. Its
// groups have all names or none has. Throws std::invalid_argument.
class PathMatches final : public Matcher {
 public:
  explicit PathMatches(const std::string& path_pattern);
  std::optional<MatchParams> match(const httputil::HTTPServerRequest& request) const override;
  // `args` percent-encoded, "/" kept. Throws std::invalid_argument for another number of args, and
  // for a pattern in which there is more than text and groups.
  std::optional<std::string> reverse(const std::vector<std::string>& args) const override;

 private:
  friend class detail::RuleTable;
  friend class Rule;
  std::shared_ptr<const detail::Pattern> pattern_;
};

// ---- rules --------------------------------------------------------------------------------------

class Rule;

// Where a rule leads. Copies share what they own.
class RuleTarget {
 public:
  // An application, a router, or the program's own delegate. It must outlive the rule. A router
  // that has no rule for the request leaves it to the rules that follow; any other delegate takes
  // what it gets. A delegate is not told of closed connections: its on_close() is for the server
  // only.
  template <std::derived_from<httputil::HTTPServerConnectionDelegate> D>
  RuleTarget(D& delegate) : delegate_(&delegate) {}
  // The same, kept by the rule.
  template <std::derived_from<httputil::HTTPServerConnectionDelegate> D>
  RuleTarget(std::shared_ptr<D> delegate) : delegate_(delegate.get()), kept_(std::move(delegate)) {}
  // A function or coroutine of HTTPServerRequest, which answers through request.connection.
  template <class F>
    requires httpserver::RequestFunction<std::remove_cvref_t<F>>
  RuleTarget(F&& function)
      : RuleTarget(httpserver::RequestCallback(std::forward<F>(function)).delegate()) {}
  // More rules. If none of them matches, the search goes on behind this one.
  RuleTarget(std::initializer_list<Rule> rules);
  RuleTarget(std::vector<Rule> rules);
  // Internal: a handler class and what its initialize() gets. See web::handler().
  RuleTarget(const web::detail::HandlerClass& handler_class, std::shared_ptr<const void> init)
      : handler_class_(&handler_class), kept_(std::move(init)) {}

 private:
  friend class Rule;
  friend class detail::RuleTable;

  // One of the three is set.
  const web::detail::HandlerClass* handler_class_ = nullptr;
  httputil::HTTPServerConnectionDelegate* delegate_ = nullptr;
  const detail::RuleTable* rules_ = nullptr;
  std::shared_ptr<const void> kept_;  // the Init of the class, or who owns the other two
};

// A matcher, where it leads, and a name for reverse_url(). Tornado: Rule.
class Rule {
 public:
  // Throws std::invalid_argument if the target is a handler class with a verb that takes another
  // number of arguments than the path's pattern has groups.
  Rule(PathMatches matcher, RuleTarget target, std::string name = {});
  template <std::derived_from<Matcher> M>
    requires(!std::same_as<M, PathMatches>)
  Rule(M matcher, RuleTarget target, std::string name = {})
      : matcher_(std::make_shared<const M>(std::move(matcher))),
        target_(std::move(target)),
        name_(std::move(name)) {}
  // With PathMatches(path_pattern).
  Rule(const std::string& path_pattern, RuleTarget target, std::string name = {});
  Rule(const char* path_pattern, RuleTarget target, std::string name = {});

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

// Finds, when a request's head has come, who takes it. Any router may be what an HTTPServer serves.
class Router : public httputil::HTTPServerConnectionDelegate {
 public:
  // Who takes the request; null: nobody here. What is returned gets its headers_received() next,
  // with what `request` has; `request` is gone after the call.
  virtual std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const httputil::HTTPServerRequest& request) = 0;

  // Asks find_handler(). A request that nobody takes is answered with an empty 404.
  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override;
};

// A router whose rules have names.
class ReversibleRouter : public Router {
 public:
  // The path of the rule `name`, with `args` put in place of its groups; nothing for an unknown
  // name. Throws std::invalid_argument as PathMatches::reverse does.
  template <class... Args>
  std::optional<std::string> reverse_url(std::string_view name, const Args&... args) const {
    return reverse(name, {text_of(args)...});
  }
  virtual std::optional<std::string> reverse(std::string_view name,
                                             const std::vector<std::string>& args) const = 0;

 protected:
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
// Handler classes are an Application's targets: here they throw std::invalid_argument.
//
// It knows the names of its rules, of the rules inside them, and of reversible routers they lead
// to. A name that is used twice means the last rule of that name, with a warning.
class RuleRouter : public ReversibleRouter {
 public:
  explicit RuleRouter(std::vector<Rule> rules = {});
  ~RuleRouter() override;
  RuleRouter(const RuleRouter&) = delete;
  RuleRouter& operator=(const RuleRouter&) = delete;

  // Behind those there are. May be called at any time.
  void add_rules(std::vector<Rule> rules);
  std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const httputil::HTTPServerRequest& request) override;
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const override;

 private:
  core::Owned<detail::RuleTable> table_;
};
// Tornado has a class without reverse_url() and one with it.
using ReversibleRuleRouter = RuleRouter;

}  // namespace tornado::routing
