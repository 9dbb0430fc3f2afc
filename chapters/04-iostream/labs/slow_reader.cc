// Sends 50 MB to a client that takes 1 MB every 10 ms. How much of it waits in our memory?
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "04-iostream/tcpserver.h"

namespace {

using Stream = std::shared_ptr<mini::IOStream>;

constexpr std::size_t kPiece = 100'000;
constexpr std::size_t kPieces = 500;

std::size_t most_unsent = 0;

void send_piece(const Stream& stream, mini::Callback when_sent = nullptr) {
  stream->write(std::string(kPiece, 'x'), std::move(when_sent));
  most_unsent = std::max(most_unsent, stream->unsent());
}

// [senders]
void send_all(const Stream& stream, std::size_t pieces) {
  for (std::size_t i = 0; i < pieces; ++i) send_piece(stream);
}

void send_one_by_one(const Stream& stream, std::size_t pieces) {
  if (pieces == 0) return;
  send_piece(stream, [stream, pieces] { send_one_by_one(stream, pieces - 1); });
}
// [/senders]

using Send = void (*)(const Stream&, std::size_t pieces);

class Sender : public mini::TCPServer {
 public:
  Sender(mini::IOLoop& loop, Send send) : TCPServer(loop), send_(send) { listen(0); }

 private:
  void handle_stream(Stream stream) override { send_(stream, kPieces); }

  const Send send_;
};

// Takes a million bytes, rests for 10 ms, and takes the next.
void read_slowly(const Stream& stream, std::size_t received, mini::IOLoop& loop) {
  if (received == kPiece * kPieces) return loop.stop();
  stream->read_bytes(1'000'000, [stream, received, &loop](const std::string& data) {
    loop.call_later(0.01, [stream, &loop, total = received + data.size()] {
      read_slowly(stream, total, loop);
    });
  });
}

void measure(const char* name, Send send) {
  most_unsent = 0;
  mini::IOLoop loop;
  const Sender sender(loop, send);
  const Stream reader =
      mini::IOStream::create(loop, mini::Socket(::socket(AF_INET, SOCK_STREAM, 0)));
  reader->connect(sender.port(), "127.0.0.1", nullptr);
  read_slowly(reader, 0, loop);
  loop.start();
  std::printf("%s: %.2f MB waited at most\n", name, static_cast<double>(most_unsent) / 1e6);
}

}  // namespace

int main() {
  measure("all at once", send_all);
  measure("the next piece when the last has left", send_one_by_one);
}
