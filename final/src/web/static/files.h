// Internal header. The settings of static files.
#pragma once

#include <tornado/web.h>

#include <vector>

namespace tornado::web::detail {

// Whether the versions of files are cached: the setting static_hash_cache.
bool keeps_versions(const Settings& settings);

// Returns the routes of the setting static_path, if it is set, followed by `handlers`.
std::vector<URLSpec> with_static_routes(std::vector<URLSpec> handlers, const Settings& settings);

}  // namespace tornado::web::detail
