#include <array>

#include "01-blocking-server/request.h"

namespace mini {
namespace {

// Appends what the next read returns. Returns false if the client has finished sending.
bool read_more(Socket& client, std::string& data, std::string& newest) {
  std::array<char, 4096> piece;
  const std::size_t size = client.read(piece.data(), piece.size());
  newest.assign(piece.data(), size);
  data += newest;
  return size > 0;
}

}  // namespace

std::optional<Request> read_request(Socket& client) {
  Request request;
  std::string data;
  std::string newest;
  while (newest.find("\r\n\r\n") == newest.npos) {
    if (data.size() > kMaxHead) {
      request.refusal = 431;
      return request;
    }
    if (!read_more(client, data, newest)) return std::nullopt;
  }
  const std::size_t end_of_head = data.find("\r\n\r\n");
  request.refusal = parse_head(std::string_view(data).substr(0, end_of_head), request);
  std::size_t body_size = 0;
  if (request.refusal == 0) request.refusal = find_body_size(request, body_size);
  if (request.refusal != 0) return request;

  data.erase(0, end_of_head + 4);
  while (data.size() < body_size) {
    if (!read_more(client, data, newest)) return std::nullopt;
  }
  request.body = data.substr(0, body_size);
  return request;
}

}  // namespace mini
