// Internal header. A service with Google's endpoints, for one program on this machine: people log
// in there without an account at Google.
#pragma once

#include <tornado/web.h>

#include <string>
#include <vector>

namespace provider {

// The program that may send people here, as Google's console would know it.
struct Client {
  std::string id;
  std::string secret;
  std::string redirect_path;
  int port = 0;  // of its pages, on this machine
};

// The path of each endpoint is that of Google's.
inline constexpr const char* kAuthorizePath = "/o/oauth2/v2/auth";
inline constexpr const char* kTokenPath = "/oauth2/v4/token";
inline constexpr const char* kUserinfoPath = "/oauth2/v1/userinfo";

// The service's pages. `client` may be completed until the first request comes; it must outlive the
// application that gets the routes.
std::vector<tornado::web::URLSpec> routes(const Client* client);

// A text that nobody can guess.
std::string random_text();

}  // namespace provider
