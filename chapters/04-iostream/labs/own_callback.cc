// A server with one fault, for section 7 of the lesson. It remembers the name that a guest sends,
// and forgets that a function may free its own caller. own_callback [PORT]
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "03-ioloop/nonblocking.h"

namespace {

// A minimal stream: passes on whatever arrives, until it is closed.
class SmallStream {
 public:
  using Callback = std::function<void(std::string)>;

  SmallStream(mini::IOLoop& loop, mini::Socket socket) : loop_(loop), socket_(std::move(socket)) {}
  ~SmallStream() { loop_.remove_handler(socket_.fd()); }
  SmallStream(const SmallStream&) = delete;
  SmallStream& operator=(const SmallStream&) = delete;

  void start(Callback callback) {
    callback_ = std::move(callback);
    loop_.add_handler(socket_.fd(), [this](int, std::uint32_t) { read(); }, mini::IOLoop::READ);
  }

  // [fault]
  void close() {
    loop_.remove_handler(socket_.fd());
    socket_.close();
    const Callback unused = std::exchange(callback_, nullptr);  // no more calls
  }
  // [/fault]

 private:
  void read() {
    std::array<char, 4096> piece;
    std::size_t size = 0;
    try {
      size = mini::try_read(socket_, piece.data(), piece.size()).value_or(0);
    } catch (const std::system_error&) {
    }
    callback_(std::string(piece.data(), size));
  }

  mini::IOLoop& loop_;
  mini::Socket socket_;
  Callback callback_;
};

// [guest]
// A guest's only owner is the callback of its stream.
struct Guest {
  Guest(mini::IOLoop& loop, mini::Socket socket) : stream(loop, std::move(socket)) {}

  void on_data(const std::string& data) {
    if (data.empty()) {  // the guest has left
      stream.close();
      std::printf("%s has left\n", name.c_str());
      std::fflush(stdout);
    } else {
      name = "The honourable guest " + data.substr(0, data.find('\n'));
    }
  }

  SmallStream stream;
  std::string name = "Somebody";
};

void welcome(mini::IOLoop& loop, mini::Socket socket) {
  const auto guest = std::make_shared<Guest>(loop, std::move(socket));
  guest->stream.start([guest](const std::string& data) { guest->on_data(data); });
}
// [/guest]

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  mini::IOLoop loop;
  mini::Socket listener = mini::Socket::listen(static_cast<std::uint16_t>(port));
  mini::set_nonblocking(listener);
  loop.add_handler(
      listener.fd(),
      [&](int, std::uint32_t) {
        if (auto socket = mini::try_accept(listener)) welcome(loop, std::move(*socket));
      },
      mini::IOLoop::READ);
  loop.start();
}
