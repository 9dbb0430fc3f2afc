#include "04-3-relay/relay.h"

#include <string>
#include <utility>

namespace {

using Stream = std::shared_ptr<mini::IOStream>;

// One copy. The callbacks of its streams own it.
class Copy : public std::enable_shared_from_this<Copy> {
 public:
  Copy(std::shared_ptr<Budget> budget, Stream source, Stream destination)
      : budget_(std::move(budget)),
        source_(std::move(source)),
        destination_(std::move(destination)) {}

  void start();

 private:
  void read();
  void queue(std::string piece);
  void send(std::string piece);
  void on_source_closed();

  const std::shared_ptr<Budget> budget_;
  const Stream source_;
  const Stream destination_;
  bool queued_ = false;  // a piece waits for memory
};

void Copy::start() {
  source_->set_close_callback([self = shared_from_this()] { self->on_source_closed(); });
  destination_->set_close_callback([source = source_] { source->close(); });
  read();
}

void Copy::read() {
  const auto on_piece = [self = shared_from_this()](std::string piece) {
    self->queue(std::move(piece));
  };
  source_->read_bytes(Relay::kPiece, on_piece, true);
}

void Copy::queue(std::string piece) {
  queued_ = true;
  const std::size_t size = piece.size();
  budget_->take(size, [self = shared_from_this(), piece = std::move(piece)] {
    self->queued_ = false;
    self->send(piece);
    if (self->source_->closed()) self->destination_->end_in_order();
  });
}

// The next piece is read when this one has left: meanwhile the rest waits in the source's kernel.
void Copy::send(std::string piece) {
  // A stream that closes frees its callbacks without a call, and with this one its share.
  const auto give_back = [budget = budget_, size = piece.size()](void*) {
    budget->give_back(size);
  };
  const std::shared_ptr<void> share(nullptr, give_back);
  destination_->write(std::move(piece), [self = shared_from_this(), share] { self->read(); });
}

void Copy::on_source_closed() {
  if (!queued_) destination_->end_in_order();
}

}  // namespace

void Relay::copy(Stream source, Stream destination) {
  std::make_shared<Copy>(budget_, std::move(source), std::move(destination))->start();
}
