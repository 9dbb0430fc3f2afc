#include "04-iostream/buffer.h"

#include <utility>

namespace mini {

void Buffer::append(std::string bytes) {
  if (empty()) {
    bytes_ = std::move(bytes);
    gone_ = 0;
  } else {
    bytes_ += bytes;
  }
}

// [drop]
// Erasing at the front moves everything after it: if ten thousand short lines arrive at once, the
// last would move ten thousand times. So we count the bytes that are gone, and move the rest when
// they are the larger half: each byte then pays for one move at most. An empty buffer frees its
// memory; an assignment of std::string() would keep it.
void Buffer::drop(std::size_t count) {
  gone_ += count;
  if (empty()) {
    std::string().swap(bytes_);
    gone_ = 0;
  } else if (gone_ > bytes_.size() / 2) {
    bytes_ = bytes_.substr(gone_);
    gone_ = 0;
  }
}
// [/drop]

std::string Buffer::take(std::size_t count) {
  std::string bytes(view().substr(0, count));
  drop(count);
  return bytes;
}

}  // namespace mini
