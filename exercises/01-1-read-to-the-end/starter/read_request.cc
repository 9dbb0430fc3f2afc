#include <array>

#include "01-blocking-server/request.h"

namespace mini {

std::optional<Request> read_request(Socket& client) {
  // This works with a fast client, on a kind network, and on your own machine on most days.
  std::array<char, 4096> piece;
  const std::size_t size = client.read(piece.data(), piece.size());
  const std::string_view data(piece.data(), size);

  // TODO: read on until the blank line has arrived, however it was cut.
  const std::size_t end_of_head = data.find("\r\n\r\n");
  if (end_of_head == data.npos) return std::nullopt;

  Request request;
  request.refusal = parse_head(data.substr(0, end_of_head), request);

  // TODO: find out how long the body is, and read it.
  return request;
}

}  // namespace mini
