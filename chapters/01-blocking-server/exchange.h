// One request in, one response out, and an orderly goodbye: just enough HTTP/1.1 to be polite.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
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

// [response]
struct Response {
  int status = 200;
  std::string body;
};

using Handler = std::function<Response(const Request&)>;
// [/response]

// Reads one request to its end. Nothing if the client left before that.
std::optional<Request> read_request(Socket& client);

// The bytes that answer: status line, Content-Length, Connection: close, the body. The answer to
// HEAD has the head that GET would have, and no body (RFC 9110 9.3.2).
std::string to_bytes(const Response& response, bool with_body = true);

// Ends the connection so that the last byte we wrote arrives: says goodbye, then reads and drops
// what the client still sends, for at most a second and kMaxBody bytes (RFC 9112 9.6). The caller
// closes.
void end_in_order(Socket& client);

// The whole life of a connection in this chapter: read a request, answer it, end. Whatever the
// client does, nothing is thrown; a handler that throws is answered 500.
void serve_connection(Socket& client, const Handler& handler);

}  // namespace mini
