// Internal header. The course's pages.
#pragma once

#include <tornado/web.h>

#include <vector>

#include "live.h"
#include "repository.h"
#include "search.h"

namespace course {

// What the pages are made of.
struct Sources {
  const Repository* repository = nullptr;
  const SearchIndex* search = nullptr;
  LiveResults* live = nullptr;
};

// Returns the site's routes. The sources must outlive the application that gets them.
std::vector<tornado::web::URLSpec> routes(const Sources& sources);

}  // namespace course
