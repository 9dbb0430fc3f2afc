#include "web/routing/rule_table.h"

#include <tornado/log.h>

#include <algorithm>

#include "web/routing/pattern.h"

namespace tornado::routing::detail {
void RuleTable::add(std::vector<Rule> rules) {
  for (Rule& rule : rules) add_one(std::move(rule));
}

void RuleTable::add_one(Rule rule) {
  const auto place = static_cast<Place>(rules_.size());
  if (rule.path_ == nullptr) {
    others_.push_back(place);
  } else if (rule.path_->tokens()) {
    paths_.add(*rule.path_->tokens(), place);
  } else {
    paths_.add_regex(rule.path_->prefix(), place);
  }
  if (!rule.name_.empty()) {
    if (names_.contains(rule.name_)) {
      log::app_log.warning("Multiple handlers named " + rule.name_ + "; replacing previous value");
    }
    names_[rule.name_] = place;
  }
  const RuleTarget& target = rule.target_;
  if (target.handler_class_ != nullptr ||
      (target.rules_ != nullptr && target.rules_->has_handler_classes())) {
    has_handler_classes_ = true;
  }
  rules_.push_back(std::move(rule));
}

// [first_match]
RuleTable::Found RuleTable::first_match(const httputil::HTTPServerRequest& request,
                                        Place from) const {
  std::vector<Place> candidates;  // to be matched one by one
  const Place sure = paths_.find(request.path, from, candidates);
  candidates.insert(candidates.end(), std::lower_bound(others_.begin(), others_.end(), from),
                    others_.end());
  std::sort(candidates.begin(), candidates.end());
  for (const Place place : candidates) {
    if (place > sure) break;
    if (auto params = rules_[place].matcher_->match(request)) return {place, std::move(*params)};
  }
  if (sure == PathTree::kNone) return {};
  const Pattern& path = *rules_[sure].path_;
  if (path.group_count() == 0) return {sure, {}};
  return {sure, std::move(*match_path(path, request.path))};
}
// [/first_match]

Destination RuleTable::find(const httputil::HTTPServerRequest& request) const {
  Place from = 0;
  while (from < rules_.size()) {
    Found found = first_match(request, from);
    if (found.place == PathTree::kNone) break;
    if (auto to = follow(rules_[found.place].target_, std::move(found.params), request)) return to;
    from = found.place + 1;
  }
  return {};
}

Destination RuleTable::follow(const RuleTarget& target, MatchParams&& params,
                              const httputil::HTTPServerRequest& request) {
  if (target.rules_ != nullptr) return target.rules_->find(request);
  Destination to;
  if (target.handler_class_ != nullptr) {
    to.handler_class = target.handler_class_;
    to.init = target.kept_.get();
    to.params = std::move(params);
  } else if (auto* router = dynamic_cast<Router*>(target.delegate_)) {
    to.delegate = router->find_handler(request);
  } else {
    to.delegate = target.delegate_->start_request(request.server_connection, request.connection);
  }
  return to;
}

std::optional<std::string> RuleTable::reverse(std::string_view name,
                                              const std::vector<std::string>& args) const {
  const auto found = names_.find(name);
  if (found != names_.end()) return rules_[found->second].matcher_->reverse(args);
  for (const Rule& rule : rules_) {
    const RuleTarget& target = rule.target_;
    std::optional<std::string> path;
    if (target.rules_ != nullptr) {
      path = target.rules_->reverse(name, args);
    } else if (const auto* router = dynamic_cast<const ReversibleRouter*>(target.delegate_)) {
      path = router->reverse(name, args);
    }
    if (path) return path;
  }
  return std::nullopt;
}

}  // namespace tornado::routing::detail
