// Internal header. The URL of a Redis server.
#pragma once

#include <string>

namespace tornado::redis {

struct URL {
  std::string host;
  int port = 6379;
  std::string user;
  std::string password;
  int database = 0;

  // Returns "redis://HOST:PORT", for messages: without the password.
  std::string shown() const;
};

// Throws std::invalid_argument, with what is wrong; the message has no password in it.
URL parse_url(const std::string& text);

}  // namespace tornado::redis
