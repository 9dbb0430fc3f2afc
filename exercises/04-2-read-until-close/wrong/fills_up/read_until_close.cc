#include "04-2-read-until-close/read_until_close.h"

#include <utility>

namespace {

constexpr std::size_t kPiece = 64 * 1024;

void collect(const std::shared_ptr<mini::IOStream>& stream, const std::shared_ptr<std::string>& all,
             std::size_t max_bytes) {
  const auto on_piece = [stream, all, max_bytes](const std::string& piece) {
    if (piece.size() > max_bytes - all->size()) {
      *all += piece.substr(0, max_bytes - all->size());
      return stream->close(std::make_error_code(std::errc::message_size));
    }
    *all += piece;
    collect(stream, all, max_bytes);
  };
  stream->read_bytes(kPiece, on_piece, true);
}

}  // namespace

void read_until_close(const std::shared_ptr<mini::IOStream>& stream,
                      const std::function<void(std::string data, std::error_code error)>& callback,
                      std::size_t max_bytes) {
  const auto all = std::make_shared<std::string>();
  stream->set_close_callback(
      [stream, all, callback] { callback(std::move(*all), stream->error()); });
  collect(stream, all, max_bytes);
}
