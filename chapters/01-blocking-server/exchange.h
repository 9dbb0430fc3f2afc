// One request in, one response out, and a graceful close.
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

// Returns the bytes of a response: status line, Content-Length, Connection: close, body. The
// response to HEAD has the same head as GET's, and no body (RFC 9110, 9.3.2).
std::string to_bytes(const Response& response, bool with_body = true);

// Prepares a graceful close, in which the last byte we wrote arrives (RFC 9112, 9.6): sends FIN,
// then reads and drops what the client still sends, for at most a second and kMaxBody bytes. The
// caller closes the socket.
void end_in_order(Socket& client);

// Serves a connection from its first byte to its last: reads a request, answers it, ends in order.
// Throws nothing, whatever the client does. A handler that throws is answered 500.
void serve_connection(Socket& client, const Handler& handler);

}  // namespace mini
