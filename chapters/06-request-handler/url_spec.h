// One route: the paths it matches, the handler that answers them, and how to write such a path.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace re2 {
class RE2;
}

namespace mini {

class RequestHandler;

// What the groups of a pattern matched, decoded: "/story/([0-9]+)" has one.
using PathArgs = std::vector<std::string>;

// [url_spec]
class URLSpec {
 public:
  using Factory = std::function<std::shared_ptr<RequestHandler>()>;
  using Initialize = std::function<void(RequestHandler&)>;

  // `pattern` is a regular expression for the whole path. Throws std::invalid_argument if it is
  // malformed.
  URLSpec(std::string pattern, std::string name, Factory make, Initialize initialize);

  // Returns what the groups match in `path`; nothing if the route does not match it.
  std::optional<PathArgs> match(const std::string& path) const;
  // Returns the path for which match() returns `args`. Throws std::invalid_argument if there is
  // none, or if the pattern is more than text and groups.
  std::string reverse(const PathArgs& args) const;

  const std::string& name() const { return name_; }
  std::shared_ptr<RequestHandler> make() const { return make_(); }
  void initialize(RequestHandler& handler) const { initialize_(handler); }

 private:
  std::shared_ptr<const re2::RE2> pattern_;
  std::string name_;
  Factory make_;
  Initialize initialize_;
};
// [/url_spec]

// [url]
// Makes a route to handlers of class H, each of which gets `args` in H::initialize().
template <class H, class... Args>
URLSpec url(std::string pattern, std::string name = "", Args... args) {
  const auto initialize = [... args = std::move(args)](RequestHandler& handler) {
    if constexpr (sizeof...(Args) > 0) static_cast<H&>(handler).initialize(args...);
  };
  return URLSpec(
      std::move(pattern), std::move(name), [] { return std::make_shared<H>(); }, initialize);
}
// [/url]

}  // namespace mini
