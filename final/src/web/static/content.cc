#include "web/static/content.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

namespace tornado::web::detail {
namespace {

using core::File;
using core::Ref;

// Opening a FIFO without a writer, or a device, must not block the loop.
constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

// Fails with ELOOP if the path contains a symbolic link; with ENOSYS, or EPERM in some containers,
// if the system call is missing.
int open_without_links(const char* path) {
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_NO_SYMLINKS;
  return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

// The path of the opened file, with all links followed. Read from the descriptor, so nobody can
// change a link between the check and the use.
bool opened_below(const std::string& root, int descriptor) {
  std::array<char, PATH_MAX> root_space;
  std::array<char, PATH_MAX> file_space;
  if (::realpath(root.c_str(), root_space.data()) == nullptr) return false;
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), file_space.data(), file_space.size());
  if (size <= 0) return false;
  return is_below(root_space.data(), {file_space.data(), static_cast<std::size_t>(size)});
}

int ask(int descriptor, StaticContent& content) {
  content.file = Ref<File>(new File(descriptor));
  return ::fstat(descriptor, &content.status) == 0 ? 0 : errno;
}

}  // namespace

std::string absolute_path(std::string_view path) {
  std::string result;
  if (!path.starts_with('/')) result = std::filesystem::current_path().string();
  if (result == "/") result.clear();
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      result.resize(result.empty() ? 0 : result.rfind('/'));
    } else {
      result.append("/").append(part);
    }
  }
  return result.empty() ? "/" : result;
}

bool is_below(std::string_view root, std::string_view path) {
  if (root == "/") return true;
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

int open_content(const std::string& path, StaticContent& content) {
  content.path = path;
  const int descriptor = ::open(path.c_str(), kFlags);
  return descriptor < 0 ? errno : ask(descriptor, content);
}

int open_content(const std::string& root, const std::string& path, bool follow_symlinks,
                 StaticContent& content) {
  content.path = path;
  const int descriptor = follow_symlinks ? -1 : open_without_links(path.c_str());
  if (descriptor >= 0) return ask(descriptor, content);
  if (!follow_symlinks && errno != ELOOP && errno != ENOSYS && errno != EPERM) return errno;
  if (const int error = open_content(path, content)) return error;
  if (follow_symlinks || opened_below(root, content.file->fileno())) return 0;
  content.file = {};
  return EXDEV;
}

}  // namespace tornado::web::detail
