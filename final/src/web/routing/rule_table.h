// Internal header. The rules of a router, in order, and the search for the first that takes a
// request.
#pragma once

#include <tornado/routing.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/routing/path_tree.h"

namespace tornado::routing::detail {

// The destination of a request: a handler class, a delegate, or none.
struct Destination {
  const web::detail::HandlerClass* handler_class = nullptr;
  const void* init = nullptr;  // of the class; lives as long as the target
  MatchParams params;          // for the handler
  std::unique_ptr<httputil::HTTPMessageDelegate> delegate;

  explicit operator bool() const noexcept { return handler_class != nullptr || delegate; }
};

class RuleTable {
 public:
  RuleTable() = default;
  explicit RuleTable(std::vector<Rule> rules) { add(std::move(rules)); }

  // Appends rules.
  void add(std::vector<Rule> rules);
  bool empty() const noexcept { return rules_.empty(); }
  // Whether a rule, here or in a nested list, leads to a handler class.
  bool has_handler_classes() const noexcept { return has_handler_classes_; }

  // Returns the destination of the first rule that matches and whose target takes the request.
  Destination find(const httputil::HTTPServerRequest& request) const;
  // Returns the destination that `target` leads to; may be empty.
  static Destination follow(const RuleTarget& target, MatchParams&& params,
                            const httputil::HTTPServerRequest& request);
  // Returns the path of the rule with that name, here, in a nested list, or in a router that a rule
  // leads to; nothing for an unknown name.
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const;

 private:
  using Place = PathTree::Place;
  struct Found {
    Place place = PathTree::kNone;
    MatchParams params;
  };

  void add_one(Rule rule);
  Found first_match(const httputil::HTTPServerRequest& request, Place from) const;

  std::deque<Rule> rules_;  // a deque, so that rules keep their addresses
  PathTree paths_;
  std::vector<Place> others_;  // rules whose matchers test something other than the path
  std::map<std::string, Place, std::less<>> names_;
  bool has_handler_classes_ = false;
};

}  // namespace tornado::routing::detail
