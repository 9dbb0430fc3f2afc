// One request in, one response out, and an orderly goodbye.
#pragma once

#include <functional>
#include <string>

#include "01-blocking-server/request.h"
#include "01-blocking-server/socket.h"

namespace mini {

// [response]
struct Response {
  int status = 200;
  std::string body;
};

using Handler = std::function<Response(const Request&)>;
// [/response]

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
