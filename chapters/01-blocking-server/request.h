// One request of HTTP/1.1: what it holds, what its bytes mean, and how it is read from a socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "01-blocking-server/socket.h"

namespace mini {

// [limits]
inline constexpr std::size_t kMaxHead = 64 * 1024;    // bytes; more is answered 431
inline constexpr std::size_t kMaxBody = 1024 * 1024;  // bytes; more is answered 413
// [/limits]

struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // as they came
  std::string body;
  int refusal = 0;  // not 0: this is no request we serve, answer it with this status

  // The value of the first header with this name, whatever its case. nullptr if there is none.
  const std::string* header(const std::string& name) const;
  // The value of `name` in the target's query, as it stands there; empty if there is none.
  std::string argument(const std::string& name) const;
};

// Reads a head, without the blank line that ends it, into `request`. Returns 0, or the status that
// refuses it. Knows nothing of sockets.
int parse_head(std::string_view head, Request& request);

// How many bytes of body follow the head (RFC 9112 6.3). Returns 0, or the status that refuses it.
int find_body_size(const Request& request, std::size_t& size);

// Reads one request to its end. Nothing if the client left before that.
std::optional<Request> read_request(Socket& client);

}  // namespace mini
