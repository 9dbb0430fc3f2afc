// Internal header. The project's files: which of them the site shows, and what is in them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace course {

class Repository {
 public:
  // `root` is the project's folder. Throws std::filesystem::filesystem_error if it is not there.
  explicit Repository(const std::filesystem::path& root);

  // Where the file or folder is that `path` names from the root, with or without a slash at its
  // end. Nothing if it is not there or not for readers: what begins with a dot, what was built,
  // what a reader has written for an exercise, and whatever lies outside, by ".." or by a symbolic
  // link.
  std::optional<std::filesystem::path> find(std::string_view path) const;

  // What is in a file; nothing if find() finds none, or if it has more than kMostBytes.
  std::optional<std::string> read(std::string_view path) const;

  // The names in a folder that find() would find, in their order, folders with a slash at the end.
  std::vector<std::string> names(std::string_view folder) const;

  const std::filesystem::path& root() const noexcept { return root_; }

  static constexpr std::size_t kMostBytes = 4'194'304;

 private:
  std::filesystem::path root_;
};

// The bytes of any file; nothing if it is not there or has more than Repository::kMostBytes.
std::optional<std::string> read_file(const std::filesystem::path& path);

}  // namespace course
