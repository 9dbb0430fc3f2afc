// Internal header: detects changed files by asking for their times again and again.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace tornado::autoreload {

// Distinguishes two versions of a file.
struct Stamp {
  std::uint64_t device = 0;
  std::uint64_t number = 0;  // inode number
  std::int64_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // last modification
  bool is_program = false;                    // an executable file

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

// Returns nullopt if there is no such file, or if it is not a regular file.
std::optional<Stamp> stamp_of(const std::string& path);

// A set of watched files and folders.
class FileWatch {
 public:
  // Watches `path` from now on.
  void add(const std::string& path);
  // Returns the first file that changed since the last call or since it was first seen, or "" if
  // none did.
  std::string changed();

 private:
  std::string changed_at(const std::string& path);
  bool is_changed(const std::string& path);

  std::set<std::string> paths_;
  std::map<std::string, Stamp> seen_;
};

// The running program, and the one that would run next.
class ProgramWatch {
 public:
  // The program of this process, which may have been replaced on disk already.
  ProgramWatch();
  // For tests: treats this file as the running program.
  explicit ProgramWatch(const std::string& path);

  // Examines the file again.
  void look();
  // Returns whether the file differs from the running program.
  bool is_changed() const { return !now_ || *now_ != running_; }
  // Returns whether the file can be run: it exists, is executable, is a complete program (ELF), and
  // was not written to since the previous look().
  bool is_whole() const;

  // Gives up on this version, which cannot be run after all, and waits for the next one.
  void give_up() {
    if (now_) running_ = *now_;
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Stamp running_;
  std::optional<Stamp> now_;
  std::optional<Stamp> before_;
};

}  // namespace tornado::autoreload
