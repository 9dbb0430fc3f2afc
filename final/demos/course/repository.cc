#include "repository.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace fs = std::filesystem;

namespace course {
namespace {

constexpr std::array<std::string_view, 9> kFolders = {
    "chapters", "cmake", "deploy", "docs", "exercises", "final", "scripts", "slides", "tests"};

// "a/b/" has the parts "a" and "b"; "a//b" has an empty one.
std::vector<std::string_view> parts_of(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  std::vector<std::string_view> parts;
  for (std::size_t slash = 0; slash != path.npos;) {
    slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash != path.npos) path.remove_prefix(slash + 1);
  }
  return parts;
}

bool is_for_readers(const std::vector<std::string_view>& parts) {
  const auto hidden = [](std::string_view part) {
    return part.empty() || part.front() == '.' || part == "__pycache__" ||
           part.find('\0') != part.npos;
  };
  if (std::ranges::any_of(parts, hidden)) return false;
  const bool known = std::ranges::find(kFolders, parts.front()) != kFolders.end();
  const bool work = parts.size() >= 3 && parts[0] == "exercises" && parts[2] == "work";
  return (known || parts.size() == 1) && !work;
}

}  // namespace

Repository::Repository(const fs::path& root) : root_(fs::canonical(root)) {}

// [find]
std::optional<fs::path> Repository::find(std::string_view path) const {
  const std::vector<std::string_view> parts = parts_of(path);
  if (!is_for_readers(parts)) return std::nullopt;
  fs::path wanted = root_;
  fs::file_type type = fs::file_type::directory;
  for (const std::string_view part : parts) {
    // A path through a symbolic link is a second name for the same file, and is rejected.
    if (type != fs::file_type::directory) return std::nullopt;
    wanted /= part;
    std::error_code error;
    type = fs::symlink_status(wanted, error).type();
  }
  const bool folder = type == fs::file_type::directory;
  const bool known =
      parts.size() > 1 || !folder || std::ranges::find(kFolders, parts.front()) != kFolders.end();
  if (!known || (!folder && type != fs::file_type::regular)) return std::nullopt;
  return wanted;
}
// [/find]

std::optional<std::string> Repository::read(std::string_view path) const {
  const std::optional<fs::path> found = find(path);
  return found && !path.ends_with('/') ? read_file(*found) : std::nullopt;
}

std::vector<std::string> Repository::names(std::string_view folder) const {
  std::vector<std::string> names;
  const std::optional<fs::path> found = find(folder);
  if (!found) return names;
  std::string prefix(folder);
  if (!prefix.ends_with('/')) prefix += '/';
  std::error_code error;
  for (fs::directory_iterator entry(*found, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code gone;
    const bool is_folder = entry->is_directory(gone);
    const bool is_shown = !entry->is_symlink(gone) && (is_folder || entry->is_regular_file(gone));
    if (is_shown && is_for_readers(parts_of(prefix + name)))
      names.push_back(name + (is_folder ? "/" : ""));
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::string> read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > Repository::kMostBytes) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));  // it may have shrunk meanwhile
  return bytes;
}

}  // namespace course
