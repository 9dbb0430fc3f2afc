// What the tests of routes share.
#pragma once

#include <string>

#include "06-request-handler/application.h"
#include "support/story.h"

using mini::PathArgs;
using story::Story;

inline mini::URLSpec route(const std::string& pattern) {
  return mini::url<mini::RequestHandler>(pattern);
}
