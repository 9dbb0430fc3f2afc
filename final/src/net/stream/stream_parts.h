// Internal header: the parts of a Stream that exist only for a time.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "net/stream/stream.h"

namespace tornado::iostream::detail {

// Exists while a connect or a handshake is in progress.
struct Stream::Connecting : core::Pooled {
  Future<IOStream> future;
  bool claimed = false;    // the future was handed out
  bool connected = false;  // the descriptor is connected; the handshake remains
  ioloop::Timeout timer;   // of the handshake
};

// Bytes that have arrived and that nobody has taken yet.
struct Stream::Unread : core::Pooled {
  std::string_view view() const noexcept { return std::string_view(bytes).substr(begin); }

  std::string bytes;  // from begin on
  std::size_t begin = 0;
};

// Exists after close_after_flush().
struct Stream::Linger : core::Pooled {
  ioloop::Timeout timer;  // set once all output has left
  std::size_t budget = kLingerBytes;
};

// Created with the first of its members. Of many streams, most are idle and have none.
struct Stream::Stages : core::Pooled {
  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<Linger> linger;
  std::exception_ptr error;  // why the stream was closed
};

inline Stream::Connecting* Stream::connecting() const noexcept {
  return stages_ != nullptr ? stages_->connecting.get() : nullptr;
}

inline Stream::Linger* Stream::linger() const noexcept {
  return stages_ != nullptr ? stages_->linger.get() : nullptr;
}

}  // namespace tornado::iostream::detail
