// Internal header: which files have changed, by asking for their times again and again.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace tornado::autoreload {

// What tells two versions of a file apart.
struct Stamp {
  std::uint64_t device = 0;
  std::uint64_t number = 0;  // the inode's
  std::int64_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // when it was last written
  bool is_program = false;                    // a file that may be run

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

// Nothing if there is no such file, or if it is no plain file.
std::optional<Stamp> stamp_of(const std::string& path);

// Files and folders that are watched.
class FileWatch {
 public:
  // From now on.
  void add(const std::string& path);
  // The first file that was changed since the last call, or since it was seen first; "" for none.
  std::string changed();

 private:
  std::string changed_at(const std::string& path);
  bool is_changed(const std::string& path);

  std::set<std::string> paths_;
  std::map<std::string, Stamp> seen_;
};

// The program that runs, and the one that would run next.
class ProgramWatch {
 public:
  // The program of this process, which may have been replaced on disk already.
  ProgramWatch();
  // For tests: a file, taken for one that runs.
  explicit ProgramWatch(const std::string& path);

  // Looks at the file again.
  void look();
  // Whether it is not the one that runs.
  bool is_changed() const { return !now_ || *now_ != running_; }
  // Whether it can be run: there, allowed to, a program (ELF) of which nothing is missing, and not
  // written to since the look before.
  bool is_whole() const;

  // It cannot be run after all: wait for the next one.
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
