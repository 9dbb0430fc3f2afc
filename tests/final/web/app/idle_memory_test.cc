// The cost of an idle connection: the memory that its objects allocate, counted, so that the result
// does not depend on the machine or its other work.
#include <fcntl.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../websocket/websocket_tools.h"
#include "counting_new.h"

namespace tornado::test {
namespace {

struct Hello : web::RequestHandler {
  void get() { write("hello"); }
};

struct Silent : websocket::WebSocketHandler {
  void on_message(std::string_view) { write_message(request.headers.get("User-Agent")); }
};

// A server and its clients. Created in a new thread, with empty pools: memory that another crowd
// left there would be used without being counted.
class Crowd {
 public:
  Crowd() {
    clients_.reserve(kWarm + kCounted);
    // The loop's table of descriptors doubles at a point that depends on the rest of the process.
    // This gives it its final size.
    const netutil::Socket low(netutil::Family::kInet);
    const netutil::Socket high(::fcntl(low.fileno(), F_DUPFD_CLOEXEC, 1000));
    loop_.add_handler(high.fileno(), [](int, std::uint32_t) {}, ioloop::IOLoop::READ);
    loop_.remove_handler(high.fileno());
  }

  // Opens a connection, sends `request`, and reads until `end` has arrived. Keeps no memory for it.
  void open(std::string_view request, std::string_view end) {
    const netutil::Socket& client = clients_.emplace_back(connect_to(port()));
    send(client, request);
    until(client, end);
  }
  static void send(const netutil::Socket& client, std::string_view bytes) {
    ASSERT_EQ(::send(client.fileno(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void until(const netutil::Socket& client, std::string_view end) {
    std::string got;
    run_until(loop_, [&] {
      char buffer[4096];
      const ssize_t count = ::recv(client.fileno(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (count > 0) got.append(buffer, static_cast<std::size_t>(count));
      return got.ends_with(end);
    });
  }

  // Returns the bytes that each of many connections uses.
  double bytes_each(std::string_view request, std::string_view end) {
    for (int i = 0; i < kWarm; ++i) open(request, end);
    const long before = bytes_taken();
    for (int i = 0; i < kCounted; ++i) open(request, end);
    return static_cast<double>(bytes_taken() - before) / kCounted;
  }

  const netutil::Socket& last() const { return clients_.back(); }

 private:
  static constexpr int kWarm = 20;  // fills the pools and the tables
  static constexpr int kCounted = 200;

  static web::Settings quiet() {
    web::Settings settings;
    settings.log_function = [](const web::RequestHandler&) {};
    return settings;
  }
  std::uint16_t port() const { return server_.port(); }

  ioloop::IOLoop loop_;
  web::Application app_{{web::url<Hello>("/"), web::url<Silent>("/ws")}, quiet()};
  httpserver::HTTPServer& server_ = app_.listen(0, "127.0.0.1");
  std::vector<netutil::Socket> clients_;
};

void with_crowd(void (*test)(Crowd&)) {
  std::thread([test] {
    Crowd crowd;
    test(crowd);
  }).join();
}

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

TEST(IdleMemory, a_connection_that_was_answered) {
  with_crowd([](Crowd& crowd) {
    EXPECT_LE(crowd.bytes_each("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "hello"), 352);
  });
}

TEST(IdleMemory, a_websocket) {
  with_crowd([](Crowd& crowd) {
    EXPECT_LE(crowd.bytes_each(std::string(kUpgrade) + "\r\n", "\r\n\r\n"), 992);
  });
}

// A browser's head is longer. It is stored without spare room, and the handler can still read its
// request.
TEST(IdleMemory, a_websocket_of_a_browser) {
  with_crowd([](Crowd& crowd) {
    const std::string agent(600, 'a');
    const std::string request = std::string(kUpgrade) + "User-Agent: " + agent + "\r\n\r\n";
    EXPECT_LE(crowd.bytes_each(request, "\r\n\r\n"), 1616);
    crowd.send(crowd.last(), text("?"));
    crowd.until(crowd.last(), agent);
  });
}

}  // namespace
}  // namespace tornado::test
