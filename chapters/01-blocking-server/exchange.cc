#include "01-blocking-server/exchange.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

namespace mini {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};  // with a client that does not close

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

// [answer]
Response answer(const Request& request, const Handler& handler) {
  if (request.refusal != 0) return {request.refusal, reason(request.refusal) + std::string("\n")};
  try {
    return handler(request);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", request.target.c_str(), error.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", request.target.c_str());
  }
  return {500, "Internal Server Error\n"};
}
// [/answer]

}  // namespace

// [to_bytes]
std::string to_bytes(const Response& response, bool with_body) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " " +
                      reason(response.status) + "\r\n" +
                      "Content-Type: text/plain; charset=UTF-8\r\n" +
                      "Content-Length: " + std::to_string(response.body.size()) + "\r\n" +
                      "Connection: close\r\n\r\n";
  return with_body ? bytes + response.body : bytes;
}
// [/to_bytes]

// [end_in_order]
void end_in_order(Socket& client) {
  client.shutdown_write();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::array<char, 4096> dropped;
  std::size_t total = 0;
  while (total < kMaxBody) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !client.wait_readable(left)) return;
    const std::size_t size = client.read(dropped.data(), dropped.size());
    if (size == 0) return;
    total += size;
  }
}
// [/end_in_order]

// [serve]
void serve_connection(Socket& client, const Handler& handler) {
  try {
    const std::optional<Request> request = read_request(client);
    if (!request) return;
    client.write_all(to_bytes(answer(*request, handler), request->method != "HEAD"));
    end_in_order(client);
  } catch (const std::system_error&) {
    // The client reset the connection, or closed it while we wrote: nobody is left to answer.
  }
}
// [/serve]

}  // namespace mini
