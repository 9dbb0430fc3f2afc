// Internal header. Unnamed files, for bytes on their way through. Every function here may block:
// call them on threads of the loop's pool.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::web::detail {

// A file without a name in any folder; it disappears with its descriptor.
class SpoolFile {
 public:
  SpoolFile() = default;
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile();

  int fileno() const noexcept { return fd_; }  // -1: not open

  // Each throws std::system_error. open() creates the file, in `directory`.
  void open(const std::string& directory);
  void append(std::string_view data) const;
  std::string read(std::uint64_t offset, std::size_t size) const;
  // Gives the file a new name, or copies it where that is impossible.
  void link_or_copy_to(const std::string& path) const;

 private:
  int fd_ = -1;
};

// Returns $TMPDIR, or /var/tmp.
std::string default_spool_directory();
// Creates a file that must not exist yet. Throws std::system_error.
void write_new_file(const std::string& path, std::string_view content);

}  // namespace tornado::web::detail
