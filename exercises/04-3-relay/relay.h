// Copies the bytes that some streams receive to others.
#pragma once

#include <cstddef>
#include <memory>

#include "04-3-relay/budget.h"
#include "04-iostream/iostream.h"

class Relay {
 public:
  static constexpr std::size_t kPiece = 64 * 1024;  // bytes that are read at once, at most

  // No more than `memory` bytes, at least kPiece, ever wait in all the destinations together.
  explicit Relay(std::size_t memory) : budget_(std::make_shared<Budget>(memory)) {}

  // Sends everything that arrives from `source` to `destination`, as fast as both and the memory
  // allow. When the source ends, ends the destination in order, after all that arrived. When the
  // destination closes, closes the source. Sets the close callbacks of both. The copy may outlive
  // the relay.
  void copy(std::shared_ptr<mini::IOStream> source, std::shared_ptr<mini::IOStream> destination);

 private:
  std::shared_ptr<Budget> budget_;
};
