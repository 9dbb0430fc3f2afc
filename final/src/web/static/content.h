// Internal header. A file as a response has it: found below a folder and opened.
#pragma once

#include <sys/stat.h>
#include <tornado/core/file.h>

#include <string>
#include <string_view>

namespace tornado::web::detail {

// The path without "." and "..", from "/" on: as text, nothing is looked up. Python:
// os.path.abspath.
std::string absolute_path(std::string_view path);

// Whether `path` is `root` or below it, both as absolute_path() makes them. "/root-evil" is not
// below "/root".
bool is_below(std::string_view root, std::string_view path);

struct StaticContent {
  std::string path;
  core::Ref<core::File> file;  // none: nothing is open
  struct stat status{};

  bool is_folder() const noexcept { return S_ISDIR(status.st_mode); }
  bool is_regular() const noexcept { return S_ISREG(status.st_mode); }
  std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(status.st_size); }
};

// Opens a file, or a folder, without waiting for anything, and asks what it is. A path that
// symbolic links lead out of `root` fails with EXDEV, unless `follow_symlinks`. Answers an errno, 0
// if there was no error.
int open_content(const std::string& root, const std::string& path, bool follow_symlinks,
                 StaticContent& content);
// The same without a root: for a path that is not a client's.
int open_content(const std::string& path, StaticContent& content);

}  // namespace tornado::web::detail
