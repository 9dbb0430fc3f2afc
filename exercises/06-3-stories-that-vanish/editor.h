// A site of stories: everybody reads them, and who has the key writes them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "06-request-handler/url_spec.h"

struct Stories {
  std::map<std::string, std::string> texts;
  std::string key;  // the argument `key` of those who may write
};

// The route /story/N: GET shows a story. POST writes it, with the argument `text`; DELETE removes
// it. Who asks for one of these without the key is sent to /login, and nothing else happens.
// `stories` must outlive the routes.
std::vector<mini::URLSpec> story_routes(Stories& stories);
