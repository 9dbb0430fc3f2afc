#include "04-2-read-until-close/read_until_close.h"

#include <utility>

namespace {

constexpr std::size_t kPiece = 64 * 1024;

void collect(const std::shared_ptr<mini::IOStream>& stream, const std::shared_ptr<std::string>& all,
             const std::function<void(std::string data, std::error_code error)>& callback) {
  const auto on_piece = [stream, all, callback](const std::string& piece) {
    *all += piece;
    if (piece.size() < kPiece) {
      stream->close();  // less than there was room for: that was all
      return callback(std::move(*all), {});
    }
    collect(stream, all, callback);
  };
  stream->read_bytes(kPiece, on_piece, true);
}

}  // namespace

void read_until_close(const std::shared_ptr<mini::IOStream>& stream,
                      const std::function<void(std::string data, std::error_code error)>& callback,
                      std::size_t /*max_bytes*/) {
  const auto all = std::make_shared<std::string>();
  stream->set_close_callback(
      [stream, all, callback] { callback(std::move(*all), stream->error()); });
  collect(stream, all, callback);
}
