#include "01-2-deadline/timed_request.h"

#include <array>
#include <chrono>

namespace mini {
namespace {

using Clock = std::chrono::steady_clock;

enum class More { kBytes, kEnd, kLate };

// Appends what the next read returns, unless the deadline passes first.
More read_more(Socket& client, std::string& data, Clock::time_point deadline) {
  std::array<char, 4096> piece;
  const std::size_t size = client.read(piece.data(), piece.size());
  data.append(piece.data(), size);
  if (Clock::now() > deadline) return More::kLate;
  return size > 0 ? More::kBytes : More::kEnd;
}

}  // namespace

std::optional<Request> read_request(Socket& client, std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Request request;
  std::string data;
  std::size_t end_of_head;
  while ((end_of_head = data.find("\r\n\r\n")) == data.npos) {
    request.refusal = data.size() > kMaxHead ? 431 : 0;
    if (request.refusal != 0) return request;
    const More more = read_more(client, data, deadline);
    if (more == More::kEnd) return std::nullopt;
    if (more == More::kLate) {
      request.refusal = 408;
      return request;
    }
  }
  request.refusal = parse_head(std::string_view(data).substr(0, end_of_head), request);
  std::size_t body_size = 0;
  if (request.refusal == 0) request.refusal = find_body_size(request, body_size);
  if (request.refusal != 0) return request;

  data.erase(0, end_of_head + 4);
  while (data.size() < body_size) {
    const More more = read_more(client, data, deadline);
    if (more == More::kEnd) return std::nullopt;
    if (more == More::kLate) {
      request.refusal = 408;
      return request;
    }
  }
  request.body = data.substr(0, body_size);
  return request;
}

}  // namespace mini
