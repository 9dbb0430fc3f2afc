// A request that comes in pieces, when nobody may wait for the next piece.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "01-blocking-server/request.h"

namespace mini {

// [collector]
// read_request() of chapter 01, turned inside out: it asked for the next piece, and this one is
// told. What its local variables kept from one piece to the next are members.
class RequestCollector {
 public:
  // Takes what has arrived. The request, when it is whole or refused: then this object has done its
  // work.
  std::optional<Request> add(std::string_view piece);

 private:
  bool take_head();

  std::string received_;  // and not taken apart yet
  bool has_head_ = false;
  std::size_t body_size_ = 0;
  Request request_;
};
// [/collector]

}  // namespace mini
