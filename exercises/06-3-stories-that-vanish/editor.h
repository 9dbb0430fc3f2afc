// A site of stories. Everybody may read them; writing them takes the key.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "06-request-handler/url_spec.h"

struct Stories {
  std::map<std::string, std::string> texts;
  std::string key;  // every request but a GET has it as the argument `key`
};

// Returns the route /story/N. GET shows a story, POST writes it from the argument `text`, DELETE
// removes it. A request of any method but GET without the key is redirected to /login, and does
// nothing else.
// `stories` must outlive the routes.
std::vector<mini::URLSpec> story_routes(Stories& stories);
