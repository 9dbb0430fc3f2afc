// Internal header. The body of a request for an application: in memory, and on disk if it is long.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/wsgi.h>

#include <cstdint>
#include <memory>
#include <string>

#include "web/handler/spool_file.h"

namespace tornado::wsgi {

// The loop's thread writes it, or lends it to one that writes; after that it is the application's.
struct Input::Body {
  std::string memory;  // all of it, or nothing if there is a file
  web::detail::SpoolFile file{};
  std::uint64_t size = 0;
  std::uint64_t position = 0;  // of the next read
};

// Takes a body as it arrives.
class BodyWriter {
 public:
  // As in WSGIOptions.
  BodyWriter(std::size_t max_buffer_size, std::string directory);

  // The future is done when the next piece may come; it fails with std::system_error if the disk
  // does. The disk is written on a thread of the loop's pool.
  Future<void> append(std::string chunk);
  // What has been written.
  Input input() const;

 private:
  std::size_t max_buffer_size_;
  std::string directory_;
  std::shared_ptr<Input::Body> body_ = std::make_shared<Input::Body>();
};

}  // namespace tornado::wsgi
