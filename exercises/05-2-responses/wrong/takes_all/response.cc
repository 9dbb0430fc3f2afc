#include "05-2-responses/response.h"

#include <stdexcept>

#include "05-http/text.h"

namespace {

// "HTTP/1.1 200 OK". The words at the end are for people, and may be missing.
int parse_status(std::string_view line) {
  const bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  const auto status = version ? mini::to_size(line.substr(9, 3), 10) : std::nullopt;
  if (!status || *status < 100 || *status > 599) throw std::runtime_error("malformed status line");
  return static_cast<int>(*status);
}

Response parse_head(std::string_view head) {
  Response response;
  const auto line = mini::take_before(head, "\r\n");
  response.status = parse_status(line.value_or(head));
  if (line && !response.headers.parse(head)) throw std::runtime_error("malformed field");
  return response;
}

bool has_body(const Response& response, std::string_view method) {
  return method != "HEAD" && response.status != 204 && response.status != 304;
}

}  // namespace

std::optional<Response> take_response(mini::Buffer& waiting, std::string_view method, bool ended) {
  Response response;
  std::size_t start = 0;  // of the body
  // A loop, not a recursive call: the server chooses how many of these there are.
  while (response.status < 200) {
    waiting.drop(start);  // a 1xx: the response is still to come
    const std::size_t end = waiting.view().find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (ended) throw std::runtime_error("the response is truncated");
      return std::nullopt;
    }
    response = parse_head(waiting.view().substr(0, end));
    start = end + 4;
  }
  const std::string_view bytes = waiting.view();
  std::size_t size = 0;
  if (has_body(response, method)) {
    if (response.headers.get("Transfer-Encoding")) throw std::runtime_error("unknown coding");
    size = bytes.size() - start;
    if (const auto length = response.headers.get("Content-Length")) {
      const auto promised = mini::to_size(*length, 10);
      if (!promised) throw std::runtime_error("malformed length");
      if (size < *promised && ended) throw std::runtime_error("the body is truncated");
      if (size < *promised) return std::nullopt;
    } else if (!ended) {
      return std::nullopt;
    }
  }
  response.body = bytes.substr(start, size);
  waiting.drop(start + size);
  return response;
}
