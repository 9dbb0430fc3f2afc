// Internal header. The project's files: which of them the site shows, and their contents.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace course {

class Repository {
 public:
  // `root` is the project's folder. Throws std::filesystem::filesystem_error if it does not exist.
  explicit Repository(const std::filesystem::path& root);

  // Finds the file or folder that `path` names, relative to the root, with or without a slash at
  // its end. Returns nothing if it does not exist or is not for readers: names that begin with a
  // dot, build output, a reader's solutions, and anything outside the root, reached by ".." or by a
  // symbolic link.
  std::optional<std::filesystem::path> find(std::string_view path) const;

  // Returns the contents of a file; nothing if find() finds none, or if it is larger than
  // kMostBytes.
  std::optional<std::string> read(std::string_view path) const;

  // Returns the names in a folder that find() would find, in order; folders end with a slash.
  std::vector<std::string> names(std::string_view folder) const;

  const std::filesystem::path& root() const noexcept { return root_; }

  static constexpr std::size_t kMostBytes = 4'194'304;

 private:
  std::filesystem::path root_;
};

// Returns the bytes of any file; nothing if it does not exist or is larger than
// Repository::kMostBytes.
std::optional<std::string> read_file(const std::filesystem::path& path);

}  // namespace course
