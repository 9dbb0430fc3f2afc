#include "web/wsgi/input.h"

#include <tornado/ioloop.h>

#include <algorithm>
#include <utility>

namespace tornado::wsgi {
namespace {

Future<void> ready() {
  Future<void> future;
  future.set_result();
  return future;
}

}  // namespace

Input::Input() : Input(std::string()) {}

Input::Input(std::string body) : body_(std::make_shared<Body>()) {
  body_->size = body.size();
  body_->memory = std::move(body);
}

std::string Input::read(std::size_t size) const {
  Body& body = *body_;
  const std::uint64_t left = body.size - body.position;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
  if (count == 0) return {};
  std::string piece = body.file.fileno() < 0
                          ? body.memory.substr(static_cast<std::size_t>(body.position), count)
                          : body.file.read(body.position, count);
  body.position += piece.size();
  return piece;
}

std::uint64_t Input::size() const noexcept {
  return body_->size;
}

int Input::fileno() const noexcept {
  return body_->file.fileno();
}

BodyWriter::BodyWriter(std::size_t max_buffer_size, std::string directory)
    : max_buffer_size_(max_buffer_size), directory_(std::move(directory)) {}

bool BodyWriter::fits_memory(std::size_t size) const noexcept {
  return body_->size + size <= max_buffer_size_;
}

Future<void> BodyWriter::append(std::string chunk) {
  Input::Body& body = *body_;
  const bool fits = fits_memory(chunk.size());
  body.size += chunk.size();
  if (fits) {
    body.memory += chunk;
    return ready();
  }
  auto write = [shared = body_, directory = directory_, piece = std::move(chunk)] {
    if (shared->file.fileno() < 0) {
      shared->file.open(directory.empty() ? web::detail::default_spool_directory() : directory);
      shared->file.append(std::exchange(shared->memory, {}));
    }
    shared->file.append(piece);
  };
  return ioloop::IOLoop::current().run_in_executor(nullptr, std::move(write));
}

Input BodyWriter::input() const {
  Input input;
  input.body_ = body_;
  return input;
}

}  // namespace tornado::wsgi
