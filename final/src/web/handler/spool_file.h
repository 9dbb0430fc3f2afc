// Internal header. Files without a name, for bytes on their way through. Every function here may
// block: they are called on threads of the loop's pool.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::web::detail {

// A file that no folder knows; it goes with its descriptor.
class SpoolFile {
 public:
  SpoolFile() = default;
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile();

  int fileno() const noexcept { return fd_; }  // -1: none

  // Each throws std::system_error. open() makes the file, in `directory`.
  void open(const std::string& directory);
  void append(std::string_view data) const;
  std::string read(std::uint64_t offset, std::size_t size) const;
  // Gives it a name that nothing else has; a copy where it cannot have one.
  void link_or_copy_to(const std::string& path) const;

 private:
  int fd_ = -1;
};

// $TMPDIR, or /var/tmp.
std::string default_spool_directory();
// Makes a file that must not be there yet. Throws std::system_error.
void write_new_file(const std::string& path, std::string_view content);

}  // namespace tornado::web::detail
