// Internal header. What the settings of static files mean.
#pragma once

#include <tornado/web.h>

#include <vector>

namespace tornado::web::detail {

// Whether the versions of files are kept: the setting static_hash_cache.
bool keeps_versions(const Settings& settings);

// The routes of the setting static_path, if it is there, before `handlers`.
std::vector<URLSpec> with_static_routes(std::vector<URLSpec> handlers, const Settings& settings);

}  // namespace tornado::web::detail
