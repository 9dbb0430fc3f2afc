// A queue of bytes: they enter at one end and leave at the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mini {

// [buffer]
class Buffer {
 public:
  void append(std::string bytes);
  // Returns the waiting bytes. The view is valid until the buffer changes.
  std::string_view view() const { return std::string_view(bytes_).substr(gone_); }
  std::size_t size() const { return bytes_.size() - gone_; }
  bool empty() const { return size() == 0; }

  // Removes the first `count` bytes.
  void drop(std::size_t count);
  // Removes the first `count` bytes and returns them.
  std::string take(std::size_t count);

 private:
  std::string bytes_;
  std::size_t gone_ = 0;  // bytes at the front of bytes_ that were removed already
};
// [/buffer]

}  // namespace mini
