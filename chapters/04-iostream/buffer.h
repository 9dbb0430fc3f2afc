// Bytes that wait: they come in at one end and go out at the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mini {

// [buffer]
class Buffer {
 public:
  void append(std::string bytes);
  // What waits. Valid until the next call that changes the buffer.
  std::string_view view() const { return std::string_view(bytes_).substr(gone_); }
  std::size_t size() const { return bytes_.size() - gone_; }
  bool empty() const { return size() == 0; }

  // Forgets the first `count` bytes.
  void drop(std::size_t count);
  // Hands them out.
  std::string take(std::size_t count);

 private:
  std::string bytes_;
  std::size_t gone_ = 0;  // so many of bytes_, at the front, do not wait any more
};
// [/buffer]

}  // namespace mini
