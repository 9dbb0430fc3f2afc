// Internal header: Output, the bytes of a stream that have not left yet.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/file.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct iovec;

namespace tornado::iostream::detail {

// A chain of strings. Small pieces are gathered in the last one; a big piece is moved in and never
// copied. Created when there is something to write, and returned to the thread's pool when
// everything has left. Its first string keeps its memory there, so that a small response allocates
// nothing.
//
// Parts of files are queued between the bytes of the strings. Each knows its position, so the
// strings need not know of them.
class Output {
 public:
  // Pieces up to this size are copied into the last string.
  static constexpr std::size_t kSmall = 4096;
  // One system call takes up to this many strings.
  static constexpr int kMaxParts = 64;

  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Returns how many bytes have not left.
  std::size_t size() const noexcept {
    return sealed_ + (chunks_.empty() ? 0 : chunks_.back().size()) - sent_of_first_ + in_files_;
  }

  // Returns how many bytes have left since this was taken from the pool.
  std::uint64_t sent() const noexcept { return sent_; }

  void append(std::string_view data);
  void append(std::string&& data);
  // Queues a part of a file after everything that is here now. Its length must not be 0.
  void append(core::FileRange range);
  // Returns the last string, to append to.
  std::string& tail();

  // Completes `future` when everything that is here now has left.
  void add_future(const Future<void>& future);

  bool has_file() const noexcept { return !files_.empty(); }
  // Returns the part of a file that comes next, or null if strings come next. Valid until the next
  // call.
  const core::FileRange* next_file() const noexcept {
    return has_file() && files_.front().begin == sent_ ? &files_.front().range : nullptr;
  }
  // Fills `parts`, for writev, with the strings up to the next file. Returns how many parts there
  // are.
  int fill(iovec* parts) const noexcept;
  // Called when `count` bytes have left. Frees strings and completes futures.
  void advance(std::size_t count);
  // Fails the futures, whose exceptions nobody has to retrieve.
  void fail(const std::exception_ptr& exception);
  // Drops everything except some memory for reuse. Returns false if that is too much to keep.
  bool clear() noexcept;

 private:
  struct PendingWrite {
    std::uint64_t end;  // counted from the first byte ever
    Future<void> future;
  };

  struct QueuedFile {
    std::uint64_t begin;  // counted as PendingWrite::end
    core::FileRange range;
  };

  void start_chunk(std::string&& chunk);
  void advance_strings(std::size_t count);

  std::vector<std::string> chunks_;  // from first_ on
  std::size_t first_ = 0;
  std::size_t sent_of_first_ = 0;  // bytes of chunks_[first_] that have left
  std::size_t sealed_ = 0;         // bytes in all chunks from first_ on but the last
  std::uint64_t sent_ = 0;
  std::size_t in_files_ = 0;  // bytes
  std::vector<QueuedFile> files_;
  std::vector<PendingWrite> writes_;  // from first_write_ on
  std::size_t first_write_ = 0;
};

// Owns an Output and returns it to the pool.
struct OutputReturner {
  void operator()(Output* output) const noexcept;
};
using OutputHandle = std::unique_ptr<Output, OutputReturner>;

// Takes an Output from the pool, or creates one.
OutputHandle take_output();

}  // namespace tornado::iostream::detail
