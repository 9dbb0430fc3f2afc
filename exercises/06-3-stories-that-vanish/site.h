// A site of stories. Everybody may read and write them. The keeper of the site also has a desk.
#pragma once

#include <vector>

#include "06-3-stories-that-vanish/store.h"
#include "06-request-handler/url_spec.h"

// Returns the route /story/N. GET shows a story, POST writes it from the argument `text`, DELETE
// removes it.
std::vector<mini::URLSpec> story_routes(Store& store);

// Returns the route /desk, for those who have the key as the argument `key`; others get a 403,
// whatever they ask. DELETE removes the stories that the arguments `number` name, or none of them
// if one does not exist. POST gives the story `from` the number `to`, and replaces what is there.
std::vector<mini::URLSpec> desk_routes(Store& store);

inline constexpr const char* kKey = "sesame";
