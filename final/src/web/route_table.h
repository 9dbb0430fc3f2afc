// Internal header. The routes of an application, in order, and the way to the first that matches.
#pragma once

#include <tornado/web.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tornado::web::detail {

struct Match {
  const URLSpec* route = nullptr;  // null: no route
  std::vector<std::string_view> captures;
};

class RouteTable {
 public:
  explicit RouteTable(std::vector<URLSpec> routes);

  // The first route whose pattern matches. Plain paths are found by hash; only patterns that stand
  // before such a find, or all of them if there is none, are tried.
  Match find(std::string_view path) const;

  // Throws std::out_of_range.
  const URLSpec& named(std::string_view name) const;
  std::string reverse(std::string_view name, const std::vector<std::string>& args) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  std::vector<URLSpec> routes_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> literals_;
  std::vector<std::size_t> patterns_;  // places of the routes that are no plain paths
  std::map<std::string, std::size_t, std::less<>> names_;
};

}  // namespace tornado::web::detail
