// Internal header. The blog's pages.
#pragma once

#include <tornado/web.h>

#include <vector>

#include "database.h"

namespace blog {

// Returns the blog's routes. The database must outlive the application that gets them.
std::vector<tornado::web::URLSpec> routes(Database* database);

// For the setting default_handler_class: the blog's own 404 page.
tornado::routing::RuleTarget not_found(Database* database);

}  // namespace blog
