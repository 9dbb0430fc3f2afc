// Internal header: what a read of an IOStream waits for.
#pragma once

#include <tornado/concurrent.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace tornado::iostream::detail {

// One read, not yet done. A stream has at most one.
class PendingRead : public core::Pooled {
 public:
  PendingRead() = default;
  PendingRead(const PendingRead&) = delete;
  PendingRead& operator=(const PendingRead&) = delete;
  virtual ~PendingRead() = default;

  // Takes what it needs off the front of `unread`; true if it is complete. Bytes it leaves are
  // shown again, with more behind them. Throws UnsatisfiableReadError.
  virtual bool take(std::string_view& unread) = 0;
  // Bytes it has taken so far: they count for the stream's limit.
  virtual std::size_t held() const noexcept { return 0; }
  // No more will come, in good order. True if that completes it.
  virtual bool take_end() { return false; }
  // It will not be complete: the bytes it held.
  virtual std::string give_back() { return {}; }

  // Completes the future of a read that is complete.
  virtual void finish() = 0;
  // Nobody has to look at the exception.
  virtual void fail(const std::exception_ptr& exception) = 0;
  // The future was cancelled.
  virtual bool abandoned() const noexcept = 0;
};

struct ReadAndFuture {
  std::unique_ptr<PendingRead> read;
  Future<std::string> future;
};

// The reads of IOStream: see there. They throw std::invalid_argument for arguments that make no
// sense.
ReadAndFuture make_read_until(std::string delimiter, std::size_t max_bytes);
ReadAndFuture make_read_until_regex(std::string_view regex, std::size_t max_bytes);
ReadAndFuture make_read_bytes(std::size_t count, bool partial);
ReadAndFuture make_read_into(std::string buffer, bool partial);
ReadAndFuture make_read_until_close();

}  // namespace tornado::iostream::detail
