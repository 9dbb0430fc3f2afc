// Internal header. The blog's pages.
#pragma once

#include <tornado/web.h>

#include <string>
#include <vector>

#include "database.h"

namespace blog {

std::vector<tornado::web::URLSpec> routes(Database* database);

}  // namespace blog
