#include "net/process/file_watch.h"

#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace tornado::autoreload {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSelf = "/proc/self/exe";

// Returns the path of the program's file. The kernel marks it as deleted once another file has
// taken its place.
std::string path_of_self() {
  std::error_code ignored;
  std::string path = fs::read_symlink(kSelf, ignored).string();
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

bool is_of_an_editor(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name.ends_with('~');
}

bool fits(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return offset <= size && length <= size - offset;
}

// Returns whether the file is a program with every part that its headers mention. A linker that was
// stopped, or ran out of disk space, leaves an incomplete one.
bool is_whole_program(const std::string& path, std::uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  ElfW(Ehdr) head{};
  if (!file.read(reinterpret_cast<char*>(&head), sizeof head)) return false;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return false;
  constexpr unsigned char kOurs = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (head.e_ident[EI_CLASS] != kOurs) return true;  // execv() will decide
  if (!fits(head.e_shoff, std::uint64_t{head.e_shnum} * head.e_shentsize, size)) return false;
  if (!fits(head.e_phoff, std::uint64_t{head.e_phnum} * sizeof(ElfW(Phdr)), size)) return false;
  file.seekg(static_cast<std::streamoff>(head.e_phoff));
  for (int i = 0; i < head.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) return false;
    if (!fits(segment.p_offset, segment.p_filesz, size)) return false;
  }
  return true;
}

}  // namespace

std::optional<Stamp> stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  Stamp stamp;
  stamp.device = status.st_dev;
  stamp.number = status.st_ino;
  stamp.size = status.st_size;
  stamp.seconds = status.st_mtim.tv_sec;
  stamp.nanoseconds = status.st_mtim.tv_nsec;
  stamp.is_program = ::access(path.c_str(), X_OK) == 0;
  return stamp;
}

bool FileWatch::is_changed(const std::string& path) {
  const auto stamp = stamp_of(path);
  if (!stamp) return false;  // perhaps between two versions
  const auto [seen, is_new] = seen_.emplace(path, *stamp);
  if (is_new || seen->second == *stamp) return false;
  seen->second = *stamp;
  return true;
}

// Checks a file, or all files of a folder, and returns the first that changed.
std::string FileWatch::changed_at(const std::string& path) {
  std::error_code problem;
  if (!fs::is_directory(path, problem)) return is_changed(path) ? path : std::string();
  std::string found;
  auto at = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied,
                                             problem);
  // A folder that is removed meanwhile ends the walk.
  for (; !problem && at != fs::recursive_directory_iterator(); at.increment(problem)) {
    if (is_of_an_editor(at->path())) {
      at.disable_recursion_pending();
    } else if (is_changed(at->path().string()) && found.empty()) {
      found = at->path().string();
    }
  }
  return found;
}

void FileWatch::add(const std::string& path) {
  if (paths_.insert(path).second) changed_at(path);  // records the present state, to compare with
}

std::string FileWatch::changed() {
  std::string found;
  for (const std::string& path : paths_) {
    std::string file = changed_at(path);
    if (found.empty()) found = std::move(file);
  }
  return found;
}

ProgramWatch::ProgramWatch() : path_(path_of_self()), running_(stamp_of(kSelf).value_or(Stamp())) {
  // Some container file systems give the same file different inode numbers by the two paths.
  const auto stored = stamp_of(path_);
  if (stored && stored->size == running_.size && stored->seconds == running_.seconds &&
      stored->nanoseconds == running_.nanoseconds) {
    running_ = *stored;
  }
}

ProgramWatch::ProgramWatch(const std::string& path)
    : path_(path), running_(stamp_of(path).value_or(Stamp())) {}

void ProgramWatch::look() {
  before_ = now_;
  now_ = stamp_of(path_);
}

bool ProgramWatch::is_whole() const {
  if (!now_) return false;
  if (!is_changed()) return true;
  return now_ == before_ && now_->is_program &&
         is_whole_program(path_, static_cast<std::uint64_t>(now_->size));
}

}  // namespace tornado::autoreload
