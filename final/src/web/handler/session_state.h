// Internal header. A handler's knowledge of its client's session: cookies, user, language, token.
// Created when a handler first asks for one of them; many never do.
#pragma once

#include <tornado/web.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "web/handler/xsrf_token.h"

namespace tornado::web::detail {

struct SessionState {
  std::vector<std::pair<std::string, std::string>> new_cookies;  // name, value of Set-Cookie
  std::optional<CurrentUser> user;                               // empty until requested
  const locale::Locale* locale = nullptr;                        // null until requested
  std::optional<XsrfToken> xsrf;                                 // the cookie's, or a new one
  std::string xsrf_token;  // in the form that this response shows
};

}  // namespace tornado::web::detail
