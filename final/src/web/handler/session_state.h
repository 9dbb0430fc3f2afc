// Internal header. What a handler knows of its client's session: cookies, user, language, token.
// Made when a handler first asks for one of them; many never do.
#pragma once

#include <tornado/web.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "web/handler/xsrf_token.h"

namespace tornado::web::detail {

struct SessionState {
  std::vector<std::pair<std::string, std::string>> new_cookies;  // name, Set-Cookie's value
  std::optional<CurrentUser> user;                               // once asked for
  const locale::Locale* locale = nullptr;                        // once asked for
  std::optional<XsrfToken> xsrf;                                 // the cookie's, or a new one
  std::string xsrf_token;                                        // as this response shows it
};

}  // namespace tornado::web::detail
