// Internal header. A request's body for an application: in memory, and on disk if it is long.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/wsgi.h>

#include <cstdint>
#include <memory>
#include <string>

#include "web/handler/spool_file.h"

namespace tornado::wsgi {

// Written by the loop's thread, or by one that it lends this to; after that it belongs to the
// application.
struct Input::Body {
  std::string memory;  // the whole body, or empty if there is a file
  web::detail::SpoolFile file{};
  std::uint64_t size = 0;
  std::uint64_t position = 0;  // of the next read
};

// Collects a body as it arrives.
class BodyWriter {
 public:
  // As in WSGIOptions.
  BodyWriter(std::size_t max_buffer_size, std::string directory);

  // Returns whether the body stays in memory when `size` bytes are appended.
  bool fits_memory(std::size_t size) const noexcept;
  // Returns a future that is done when the next piece may come; it fails with std::system_error if
  // the disk does. A thread of the loop's pool writes the disk.
  Future<void> append(std::string chunk);
  // Returns the input written so far.
  Input input() const;

 private:
  std::size_t max_buffer_size_;
  std::string directory_;
  std::shared_ptr<Input::Body> body_ = std::make_shared<Input::Body>();
};

}  // namespace tornado::wsgi
