#include "04-3-relay/relay.h"

#include <utility>

namespace {

constexpr std::size_t kPiece = 64 * 1024;

void copy(const std::shared_ptr<mini::IOStream>& source,
          const std::shared_ptr<mini::IOStream>& destination) {
  const auto on_piece = [source, destination](std::string piece) {
    // The next piece when this one has left: meanwhile the rest waits in the source's kernel.
    destination->write(std::move(piece), [source, destination] { copy(source, destination); });
  };
  source->read_bytes(kPiece, on_piece, true);
}

}  // namespace

void relay(const std::shared_ptr<mini::IOStream>& source,
           const std::shared_ptr<mini::IOStream>& destination) {
  source->set_close_callback([destination] { destination->end_in_order(); });
  copy(source, destination);
}
