// Internal header. The file of a response: found below a folder and opened.
#pragma once

#include <sys/stat.h>
#include <tornado/core/file.h>

#include <string>
#include <string_view>

namespace tornado::web::detail {

// Returns the absolute path without "." and "..". Works on the text alone; nothing is looked up.
// Python: os.path.abspath.
std::string absolute_path(std::string_view path);

// Whether `path` is `root` or below it, both as returned by absolute_path(). "/root-evil" is not
// below "/root".
bool is_below(std::string_view root, std::string_view path);

struct StaticContent {
  std::string path;
  core::Ref<core::File> file;  // empty: nothing is open
  struct stat status{};

  bool is_folder() const noexcept { return S_ISDIR(status.st_mode); }
  bool is_regular() const noexcept { return S_ISREG(status.st_mode); }
  std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(status.st_size); }
};

// Opens a file or a folder, never waiting for a FIFO or a device, and reads its status. Fails with
// EXDEV if symbolic links lead `path` out of `root`, unless `follow_symlinks`. Returns an errno, or
// 0 for success.
int open_content(const std::string& root, const std::string& path, bool follow_symlinks,
                 StaticContent& content);
// The same without a root, for a path that does not come from a client.
int open_content(const std::string& path, StaticContent& content);

}  // namespace tornado::web::detail
