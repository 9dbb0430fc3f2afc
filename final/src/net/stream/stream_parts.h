// Internal header: the parts of a Stream that exist only for a time.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "net/stream/stream.h"

namespace tornado::iostream::detail {

// Keeps a stream for the length of a call in which its last handle may go.
class Stream::Keep {
 public:
  explicit Keep(Stream& stream) noexcept : stream_(stream) { stream_.retain(); }
  Keep(const Keep&) = delete;
  Keep& operator=(const Keep&) = delete;
  ~Keep() { stream_.release(); }

 private:
  Stream& stream_;
};

// While a connect or a handshake is under way.
struct Stream::Connecting : core::Pooled {
  void fail(const std::exception_ptr& error) const {
    if (future.done()) return;
    future.set_exception(error);
    static_cast<void>(future.exception());  // looked at: see PendingRead::fail
  }

  Future<IOStream> future;
  bool claimed = false;    // somebody has the future
  bool connected = false;  // the descriptor is; the handshake remains
  ioloop::Timeout timer;   // of the handshake
};

// What has come, and nobody has taken yet.
struct Stream::Unread : core::Pooled {
  std::string_view view() const noexcept { return std::string_view(bytes).substr(begin); }

  std::string bytes;  // from begin on
  std::size_t begin = 0;
};

// After close_after_flush().
struct Stream::Linger : core::Pooled {
  ioloop::Timeout timer;  // once all output has left
  std::size_t budget = kLingerBytes;
};

// Made with the first of them: of many streams most do nothing, and have none.
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
