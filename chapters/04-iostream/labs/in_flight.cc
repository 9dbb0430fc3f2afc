// Sends 20 MB and then ends the connection, in three ways. The client sends one line more than the
// server reads, as clients do.
#include <sys/socket.h>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "04-iostream/tcpserver.h"

namespace {

using Stream = std::shared_ptr<mini::IOStream>;

const std::string kAnswer(20'000'000, 'x');

// [ways]
void close_at_once(const Stream& stream) {
  stream->write(kAnswer);
  stream->close();
}

void close_when_sent(const Stream& stream) {
  stream->write(kAnswer, [stream] { stream->close(); });
}

void end_in_order(const Stream& stream) {
  stream->write(kAnswer);
  stream->end_in_order();
}
// [/ways]

class Server : public mini::TCPServer {
 public:
  Server(mini::IOLoop& loop, std::function<void(const Stream&)> answer)
      : TCPServer(loop), answer_(std::move(answer)) {
    listen(0);
  }

 private:
  void handle_stream(Stream stream) override {
    stream->read_until("\n", [this, stream](const std::string&) { answer_(stream); });
  }

  std::function<void(const Stream&)> answer_;
};

void count(const Stream& stream, std::size_t& total) {
  const auto on_piece = [stream, &total](const std::string& piece) {
    total += piece.size();
    count(stream, total);
  };
  stream->read_bytes(65536, on_piece, true);
}

void try_way(const char* name, const std::function<void(const Stream&)>& answer) {
  mini::IOLoop loop;
  const Server server(loop, answer);
  const Stream client =
      mini::IOStream::create(loop, mini::Socket(::socket(AF_INET, SOCK_STREAM, 0)));
  std::size_t total = 0;
  client->connect(server.port(), "127.0.0.1", nullptr);
  client->write("a question\n");
  loop.call_later(0.05, [&] {
    client->write("and one more line\n");
    count(client, total);
  });
  client->set_close_callback([&] { loop.stop(); });
  loop.start();
  std::printf("%s: %4.1f of 20.0 MB, then %s\n", name, static_cast<double>(total) / 1e6,
              client->error() ? client->error().message().c_str() : "the end");
}

}  // namespace

int main() {
  try_way("write, close               ", close_at_once);
  try_way("write, close when it is out", close_when_sent);
  try_way("write, end_in_order        ", end_in_order);
}
