// Internal header. The course's pages.
#pragma once

#include <tornado/web.h>

#include <vector>

#include "repository.h"

namespace course {

// Returns the site's routes. The repository must outlive the application that gets them.
std::vector<tornado::web::URLSpec> routes(const Repository* repository);

}  // namespace course
