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
  // Milestone 1: what if the pattern is malformed?
}

std::optional<PathArgs> URLSpec::match(const std::string& path) const {
  // Milestone 1: the whole path, and what its groups match, decoded.
  return std::nullopt;
}

std::string URLSpec::reverse(const PathArgs& args) const {
  // Milestone 5: the pattern, with an argument for each group; and then see whether it matches.
  return "";
}

}  // namespace mini
