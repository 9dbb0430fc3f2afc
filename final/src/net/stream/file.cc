#include <tornado/core/file.h>
#include <unistd.h>

#include <cerrno>

namespace tornado::core {

File::~File() {
  ::close(fd_);
}

std::ptrdiff_t File::read_at(char* buffer, std::size_t size, std::uint64_t offset) const noexcept {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(fd_, buffer + done, size - done, static_cast<off_t>(offset + done));
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return static_cast<std::ptrdiff_t>(done);
}

}  // namespace tornado::core
