// Internal header. A service with Google's endpoints, for one program on this machine: people log
// in without a Google account.
#pragma once

#include <tornado/web.h>

#include <string>
#include <vector>

namespace provider {

// The program that may send people here, as it would be registered in Google's console.
struct Client {
  std::string id;
  std::string secret;
  std::string redirect_path;
  int port = 0;  // of its pages, on this machine
};

// Each endpoint has the same path as Google's.
inline constexpr const char* kAuthorizePath = "/o/oauth2/v2/auth";
inline constexpr const char* kTokenPath = "/oauth2/v4/token";
inline constexpr const char* kUserinfoPath = "/oauth2/v1/userinfo";

// Returns the service's routes. `client` may be completed until the first request arrives; it must
// outlive the application that gets the routes.
std::vector<tornado::web::URLSpec> routes(const Client* client);

// Returns an unpredictable text.
std::string random_text();

}  // namespace provider
