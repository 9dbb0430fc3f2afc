#include "web/handler/spool_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tornado::web::detail {
namespace {

// Subject to the umask, so that a saved file looks like any other.
constexpr mode_t kMode = 0666;
constexpr std::size_t kCopyPiece = 262'144;

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("write");
    }
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

// A new named file, which is removed if the work on it fails.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode)) {
    if (fd_ < 0) throw_errno(path);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (fd_ >= 0) {
      ::close(fd_);
      ::unlink(path_.c_str());
    }
  }
  int fileno() const noexcept { return fd_; }
  void keep() {
    if (::close(std::exchange(fd_, -1)) != 0) throw_errno(path_);
  }

 private:
  const std::string& path_;
  int fd_;
};

// For file systems that cannot create unnamed files.
int open_and_unlink(const std::string& directory) {
  std::string path = directory + "/tornado-upload-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(path.c_str());
  return fd;
}

}  // namespace

void SpoolFile::open(const std::string& directory) {
  fd_ = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode);
  if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    fd_ = open_and_unlink(directory);
  }
  if (fd_ < 0) throw_errno("a temporary file in " + directory);
}

SpoolFile::~SpoolFile() {
  if (fd_ >= 0) ::close(fd_);
}

void SpoolFile::append(std::string_view data) const {
  write_all(fd_, data);
}

std::string SpoolFile::read(std::uint64_t offset, std::size_t size) const {
  std::string data(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count =
        ::pread(fd_, data.data() + got, size - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("read");
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  data.resize(got);
  return data;
}

void SpoolFile::link_or_copy_to(const std::string& path) const {
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return;
  if (errno == EEXIST) throw_errno(path);
  // Another file system, or an unlinked file. If nothing works, the copy reports the error.
  NewFile copy(path);
  for (std::uint64_t offset = 0;;) {
    const std::string piece = read(offset, kCopyPiece);
    if (piece.empty()) break;
    write_all(copy.fileno(), piece);
    offset += piece.size();
  }
  copy.keep();
}

std::string default_spool_directory() {
  const char* const named = ::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/var/tmp";
}

void write_new_file(const std::string& path, std::string_view content) {
  NewFile file(path);
  write_all(file.fileno(), content);
  file.keep();
}

}  // namespace tornado::web::detail
