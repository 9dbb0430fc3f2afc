// Internal header: a part of an open file, on its way to a client.
#pragma once

#include <tornado/core/pointers.h>

#include <cstddef>
#include <cstdint>

namespace tornado::core {

// Owns the descriptor of an open file, and closes it when its last owner is gone. A response that
// is still being sent keeps its file open, even if the file is renamed or removed meanwhile.
class File final : public Counted {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}

  int fileno() const noexcept { return fd_; }
  // Reads up to `size` bytes at `offset`, independent of any other read. Returns how many it read,
  // fewer than `size` only at the file's end, or -1 and sets errno.
  std::ptrdiff_t read_at(char* buffer, std::size_t size, std::uint64_t offset) const noexcept;

 private:
  ~File() override;

  const int fd_;
};

struct FileRange {
  FileRange(Ref<File> of, std::uint64_t from, std::uint64_t size) noexcept
      : file(std::move(of)), offset(from), length(size) {}

  Ref<File> file;
  std::uint64_t offset;
  std::uint64_t length;
};

}  // namespace tornado::core
