// A request that arrives in pieces, for a server that must not wait for the next piece.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "01-blocking-server/request.h"

namespace mini {

// [collector]
// read_request() of chapter 01, turned inside out: that function asked for the next piece, this
// object is given it. The function's local variables have become members.
class RequestCollector {
 public:
  // Takes the bytes that have arrived. Returns the request once it is complete or refused; do not
  // call add() after that.
  std::optional<Request> add(std::string_view piece);

 private:
  bool take_head();

  std::string received_;  // and not parsed yet
  bool has_head_ = false;
  std::size_t body_size_ = 0;
  Request request_;
};
// [/collector]

}  // namespace mini
