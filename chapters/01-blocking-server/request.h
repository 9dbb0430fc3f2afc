// One HTTP/1.1 request: what it holds, what its bytes mean, and how it is read from a socket.
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
  std::vector<std::pair<std::string, std::string>> headers;  // in the order they came
  std::string body;
  int refusal = 0;  // if not 0: do not serve this request, answer it with this status

  // Returns the value of the first header with this name, in any case; nullptr if there is none.
  const std::string* header(const std::string& name) const;
  // Returns the value of `name` in the target's query, not decoded; empty if there is none.
  std::string argument(const std::string& name) const;
};

// Parses a head, without the blank line that ends it, into `request`. Returns 0, or the status to
// refuse it with. Needs no socket.
int parse_head(std::string_view head, Request& request);

// Sets `size` to the number of bytes of body that follow the head (RFC 9112, 6.3). Returns 0, or
// the status to refuse the request with.
int find_body_size(const Request& request, std::size_t& size);

// Reads one request to its end. Returns nothing if the client leaves before that.
std::optional<Request> read_request(Socket& client);

}  // namespace mini
