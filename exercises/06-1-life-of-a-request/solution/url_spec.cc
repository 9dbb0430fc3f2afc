#include "06-request-handler/url_spec.h"

#include <re2/re2.h>

#include <cstddef>
#include <stdexcept>

#include "06-request-handler/escape.h"

namespace mini {

URLSpec::URLSpec(std::string pattern, std::string name, Factory make, Initialize initialize)
    : pattern_(std::make_shared<re2::RE2>(pattern, re2::RE2::Quiet)),
      name_(std::move(name)),
      make_(std::move(make)),
      initialize_(std::move(initialize)) {
  if (!pattern_->ok()) throw std::invalid_argument(pattern + ": " + pattern_->error());
}

std::optional<PathArgs> URLSpec::match(const std::string& path) const {
  const auto count = static_cast<std::size_t>(pattern_->NumberOfCapturingGroups());
  std::vector<re2::StringPiece> groups(count + 1);  // groups[0] is the whole path
  if (!pattern_->Match(path, 0, path.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                       static_cast<int>(groups.size()))) {
    return std::nullopt;
  }
  PathArgs args;
  for (std::size_t i = 1; i <= count; ++i) {
    args.push_back(url_unescape({groups[i].data(), groups[i].size()}, false));
  }
  return args;
}

std::string URLSpec::reverse(const PathArgs& args) const {
  const std::string& pattern = pattern_->pattern();
  if (args.size() != static_cast<std::size_t>(pattern_->NumberOfCapturingGroups())) {
    throw std::invalid_argument(pattern + " has another number of groups");
  }
  std::string path;
  auto arg = args.begin();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '(' && arg != args.end()) {
      i = pattern.find(')', i);
      path += url_escape(*arg++);
    } else if (std::string_view("(.*+?[{|\\").find(pattern[i]) == std::string_view::npos) {
      path += pattern[i];
    } else {
      throw std::invalid_argument(pattern + " cannot be reversed");
    }
  }
  if (match(path) != args) throw std::invalid_argument(path + " does not match " + pattern);
  return path;
}

}  // namespace mini
