#include "02-select/request_collector.h"

#include <utility>

namespace mini {

// [add]
std::optional<Request> RequestCollector::add(std::string_view piece) {
  received_ += piece;
  if (!has_head_ && !take_head()) return std::nullopt;
  if (request_.refusal == 0) {
    if (received_.size() < body_size_) return std::nullopt;
    request_.body = received_.substr(0, body_size_);
  }
  return std::move(request_);
}

// Returns whether there is enough to go on: a complete head, or one that is refused.
bool RequestCollector::take_head() {
  const std::size_t end = received_.find("\r\n\r\n");
  if (end == received_.npos) {
    if (received_.size() > kMaxHead) request_.refusal = 431;
    return request_.refusal != 0;
  }
  request_.refusal = parse_head(std::string_view(received_).substr(0, end), request_);
  if (request_.refusal == 0) request_.refusal = find_body_size(request_, body_size_);
  received_.erase(0, end + 4);
  has_head_ = true;
  return true;
}
// [/add]

}  // namespace mini
