// Internal header: one pending read of an IOStream.
#pragma once

#include <tornado/concurrent.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace tornado::iostream::detail {

class Stream;

// One unfinished read. A stream has at most one.
class PendingRead : public core::Pooled {
 public:
  PendingRead() = default;
  PendingRead(const PendingRead&) = delete;
  PendingRead& operator=(const PendingRead&) = delete;
  virtual ~PendingRead() = default;

  // Takes the bytes it needs off the front of `unread`. Returns true if it is complete. Bytes that
  // it leaves are shown again, followed by more. Throws UnsatisfiableReadError.
  virtual bool take(std::string_view& unread) = 0;
  // Returns how many bytes it has taken so far, which count towards the stream's limit.
  virtual std::size_t held() const noexcept { return 0; }
  // Called when the input has ended in good order. Returns true if that completes the read.
  virtual bool take_end() { return false; }
  // Called if the read cannot complete, or was cancelled. Returns the bytes it held.
  virtual std::string give_back() { return {}; }

  // Completes the future of a complete read.
  virtual void finish() = 0;
  // Fails the future with an exception that nobody has to retrieve: a peer that leaves is routine.
  virtual void fail(const std::exception_ptr& exception) = 0;
  // Called when `stream` makes this its pending read. Cancelling the future calls `cancel` from
  // then on, which completes the future and frees this.
  using Cancel = void(Stream& stream, core::FutureStateBase& future);
  virtual void begin(Stream& stream, Cancel& cancel) noexcept = 0;
};

struct ReadAndFuture {
  std::unique_ptr<PendingRead> read;
  Future<std::string> future;
};

// The reads of IOStream, described there. They throw std::invalid_argument for arguments that make
// no sense.
ReadAndFuture make_read_until(std::string delimiter, std::size_t max_bytes);
ReadAndFuture make_read_until_regex(std::string_view regex, std::size_t max_bytes);
ReadAndFuture make_read_bytes(std::size_t count, bool partial);
ReadAndFuture make_read_into(std::string buffer, bool partial);
ReadAndFuture make_read_until_close();

}  // namespace tornado::iostream::detail
