// Internal header. The blog's pages.
#pragma once

#include <tornado/web.h>

#include <vector>

#include "database.h"

namespace blog {

// The database must outlive the application that gets the routes.
std::vector<tornado::web::URLSpec> routes(Database* database);

// The setting default_handler_class: the blog's own page for what is nowhere.
tornado::routing::RuleTarget not_found(Database* database);

}  // namespace blog
