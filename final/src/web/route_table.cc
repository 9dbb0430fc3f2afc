#include "web/route_table.h"

#include <cxxabi.h>
#include <tornado/log.h>

#include <cstdlib>
#include <stdexcept>

#include "web/pattern.h"

namespace tornado::web {
namespace {

std::string class_name(const detail::HandlerClass& handler_class) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(handler_class.type->name(), nullptr, nullptr, &status), &std::free);
  return name != nullptr ? name.get() : handler_class.type->name();
}

constexpr std::array<const char*, detail::kVerbCount> kVerbNames = {
    "get", "head", "post", "delete_", "patch", "put", "options", "any_method"};

// A verb that cannot take the pattern's captures is a mistake of the program, told when the route
// is made and not when the first request comes.
void check_arity(const std::string& pattern, int groups,
                 const detail::HandlerClass& handler_class) {
  for (std::size_t i = 0; i < detail::kVerbCount; ++i) {
    const detail::VerbEntry& verb = handler_class.verbs[i];
    if (verb.call == nullptr || verb.arity == detail::kAnyArity || verb.arity == groups) continue;
    throw std::invalid_argument("route '" + pattern + "' has " + std::to_string(groups) +
                                " groups, but " + class_name(handler_class) + "::" + kVerbNames[i] +
                                "() takes " + std::to_string(verb.arity) + " arguments");
  }
}

}  // namespace

URLSpec::URLSpec(std::string pattern, const detail::HandlerClass& handler_class,
                 std::shared_ptr<const void> init, std::string name)
    : pattern_(std::move(pattern)),
      name_(std::move(name)),
      handler_class_(&handler_class),
      init_(std::move(init)),
      compiled_(std::make_shared<const detail::Pattern>(pattern_)) {
  check_arity(pattern_, compiled_->group_count(), handler_class);
}

namespace detail {

RouteTable::RouteTable(std::vector<URLSpec> routes) : routes_(std::move(routes)) {
  for (std::size_t place = 0; place < routes_.size(); ++place) {
    const URLSpec& route = routes_[place];
    if (const auto& literal = route.compiled_->literal()) {
      literals_.emplace(*literal, place);  // the first of equal ones stays
    } else {
      patterns_.push_back(place);
    }
    if (route.name_.empty()) continue;
    if (names_.contains(route.name_)) {
      log::app_log.warning("Multiple handlers named " + route.name_ + "; replacing previous value");
    }
    names_[route.name_] = place;
  }
}

Match RouteTable::find(std::string_view path) const {
  const auto found = literals_.find(path);
  const std::size_t limit = found != literals_.end() ? found->second : routes_.size();
  Match match;
  for (const std::size_t place : patterns_) {
    if (place > limit) break;
    if (routes_[place].compiled_->match(path, match.captures)) {
      match.route = &routes_[place];
      return match;
    }
  }
  if (limit < routes_.size()) match.route = &routes_[limit];
  return match;
}

const URLSpec& RouteTable::named(std::string_view name) const {
  const auto found = names_.find(name);
  if (found == names_.end()) {
    throw std::out_of_range(std::string(name) + " not found in named urls");
  }
  return routes_[found->second];
}

std::string RouteTable::reverse(std::string_view name, const std::vector<std::string>& args) const {
  return named(name).compiled_->reverse(args);
}

}  // namespace detail
}  // namespace tornado::web
