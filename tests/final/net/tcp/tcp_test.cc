// Rows TCP-01 to TCP-06 (without TLS), TCC-01, TCC-02; cancelling operations in progress.
#include <tornado/tcpclient.h>
#include <tornado/tcpserver.h>

#include <thread>
#include <utility>

#include "../net_test_tools.h"

namespace tornado {
namespace {

using iostream::IOStream;
using netutil::Address;
using netutil::Family;
using test::LogLines;
using test::run;
using test::run_until;

class EchoServer : public tcpserver::TCPServer {
 public:
  using TCPServer::TCPServer;
  int connections = 0;

 protected:
  Future<void> handle_stream(IOStream stream, Address) override {
    ++connections;
    for (;;) {
      const std::string line = co_await stream.read_until("\n");
      co_await stream.write(line);
    }
  }
};

// `EchoServer().listen(80)` would stop listening at the end of the line.
template <class S>
concept ListensWithoutName = requires(S&& server) { std::move(server).listen(80); } ||
                             requires(S&& server) { std::move(server).bind(80); } ||
                             requires(S&& server) { std::move(server).start(); };
static_assert(!ListensWithoutName<EchoServer>);

Future<std::string> ask(std::string host, std::uint16_t port, std::string line) {
  const tcpclient::TCPClient client;
  const IOStream stream = co_await client.connect(host, port);
  co_await stream.write(line + "\n");
  co_return co_await stream.read_until("\n");
}

// TCP-02
TEST(TCPServer, listens_on_all_interfaces_and_serves) {
  LogLines lines;
  ioloop::IOLoop loop;
  EchoServer server;
  server.listen(0);
  ASSERT_NE(server.port(), 0);
  for (const Address& address : server.addresses()) {
    const std::string host = address.family() == Family::kInet ? "127.0.0.1" : "::1";
    EXPECT_EQ(run(loop, [&] { return ask(host, server.port(), "hello " + host); }),
              "hello " + host + "\n");
  }
  run(loop, []() -> Future<void> { co_await gen::sleep(0.005); });
  EXPECT_TRUE(lines.empty()) << lines.text();  // a client that leaves is not an error
}

// TCP-02
TEST(TCPServer, accepted_sockets_send_at_once) {
  ioloop::IOLoop loop;
  struct Server : tcpserver::TCPServer {
    Future<void> handle_stream(IOStream stream, Address) override {
      socklen_t size = sizeof nodelay;
      ::getsockopt(stream.fileno(), 6, 1, &nodelay, &size);
      return {};
    }
    int nodelay = -1;
  } server;
  server.listen(0, "127.0.0.1");
  run(loop, [&]() -> Future<void> {
    const tcpclient::TCPClient client;
    co_await client.connect("127.0.0.1", server.port());
  });
  run_until(loop, [&] { return server.nodelay != -1; });
  EXPECT_EQ(server.nodelay, 1);
}

// TCP-03
TEST(TCPServer, bind_then_start) {
  ioloop::IOLoop loop;
  EchoServer server;
  server.bind(0, "127.0.0.1");
  ASSERT_NE(server.port(), 0);
  auto early = ask("127.0.0.1", server.port(), "early");  // waits in the backlog
  run(loop, []() -> Future<void> { co_await gen::sleep(0.005); });
  EXPECT_EQ(server.connections, 0);
  server.start();
  EXPECT_THROW(server.start(), std::logic_error);
  run_until(loop, [&] { return early.done(); });
  EXPECT_EQ(early.result(), "early\n");
}

// TCP-04
TEST(TCPServer, sockets_bound_elsewhere) {
  ioloop::IOLoop loop;
  EchoServer server;
  auto sockets = netutil::bind_sockets(0, "127.0.0.1");
  const std::uint16_t port = sockets.front().getsockname().port();
  server.add_sockets(std::move(sockets));
  auto more = netutil::bind_sockets(0, "127.0.0.1");
  const std::uint16_t other = more.front().getsockname().port();
  server.add_socket(std::move(more.front()));
  EXPECT_EQ(run(loop, [&] { return ask("127.0.0.1", port, "a"); }), "a\n");
  EXPECT_EQ(run(loop, [&] { return ask("127.0.0.1", other, "b"); }), "b\n");
}

// TCP-05
TEST(TCPServer, stop_leaves_connections_alive) {
  ioloop::IOLoop loop;
  EchoServer server;
  server.listen(0, "127.0.0.1");
  const std::uint16_t port = server.port();
  const IOStream stream =
      run(loop, [&] { return tcpclient::TCPClient().connect("127.0.0.1", port); });
  run_until(loop, [&] { return server.connections == 1; });
  server.stop();
  server.stop();
  EXPECT_EQ(server.port(), 0);
  run(loop, [stream]() -> Future<void> {
    co_await stream.write("still\n");
    EXPECT_EQ(co_await stream.read_until("\n"), "still\n");
  });
  auto refused = tcpclient::TCPClient().connect("127.0.0.1", port);
  run_until(loop, [&] { return refused.done(); });
  EXPECT_TRUE(test::holds<iostream::StreamClosedError>(refused.exception()));
}

// TCP-06
TEST(TCPServer, errors_of_handle_stream_are_logged) {
  for (const bool coroutine : {false, true}) {
    LogLines lines;
    ioloop::IOLoop loop;
    struct Server : tcpserver::TCPServer {
      Future<void> handle_stream(IOStream stream, Address) override {
        if (!waits) throw std::runtime_error("at once");
        return later(stream);
      }
      static Future<void> later(IOStream stream) {
        co_await stream.read_bytes(1);
        throw std::runtime_error("later");
      }
      bool waits = false;
    } server;
    server.waits = coroutine;
    server.listen(0, "127.0.0.1");
    run(loop, [&]() -> Future<void> {
      const tcpclient::TCPClient client;
      const IOStream stream = co_await client.connect("127.0.0.1", server.port());
      co_await stream.write("x");
      co_await stream.read_until_close();
    });
    EXPECT_EQ(lines.count("Error in connection callback"), 1U) << lines.text();
  }
}

TEST(TCPServer, two_servers_on_one_loop_and_one_destroyed) {
  ioloop::IOLoop loop;
  EchoServer first;
  first.listen(0, "127.0.0.1");
  auto second = std::make_unique<EchoServer>();
  second->listen(0, "127.0.0.1");
  const std::uint16_t gone = second->port();
  EXPECT_NE(first.port(), gone);
  EXPECT_EQ(run(loop, [&] { return ask("127.0.0.1", gone, "2"); }), "2\n");
  second.reset();
  EXPECT_EQ(run(loop, [&] { return ask("127.0.0.1", first.port(), "1"); }), "1\n");
  EXPECT_THROW(run(loop, [&] { return ask("127.0.0.1", gone, "2"); }), iostream::StreamClosedError);
}

TEST(TCPServer, start_and_stop_of_server_and_loop_leave_no_descriptor) {
  const auto before = test::open_descriptors();
  for (int i = 0; i < 20; ++i) {
    ioloop::IOLoop loop;
    EchoServer server;
    server.listen(0, "127.0.0.1");
    std::vector<IOStream> open;
    run(loop, [&]() -> Future<void> {
      const tcpclient::TCPClient client;
      for (int k = 0; k < 5; ++k) {
        auto connecting = client.connect("127.0.0.1", server.port());
        const IOStream stream = co_await connecting;
        open.push_back(stream);
      }
    });
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

// ---- client -------------------------------------------------------------------------------------

// Resolves to the addresses it is given.
class FixedResolver : public netutil::Resolver {
 public:
  explicit FixedResolver(std::vector<Address> answer) : answer_(std::move(answer)) {}
  Future<std::vector<Address>> resolve(std::string, std::uint16_t, Family) override {
    Future<std::vector<Address>> future;
    if (!answer_.empty()) future.set_result(answer_);
    return future;  // otherwise never completed
  }

 private:
  std::vector<Address> answer_;
};

// A port that nobody listens on while this object lives.
struct DeadPort {
  DeadPort() {
    sockaddr_storage storage;
    const unsigned length = Address("127.0.0.1", 0).to_sockaddr(storage);
    EXPECT_EQ(::bind(socket.fileno(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  }
  Address address() const { return socket.getsockname(); }
  netutil::Socket socket{Family::kInet};
};

// A listener whose backlog is full, so that a connect to it gets no reply.
class FullPort {
 public:
  FullPort() {
    sockaddr_storage storage;
    const unsigned length = Address("127.0.0.1", 0).to_sockaddr(storage);
    EXPECT_EQ(::bind(listener_.fileno(), reinterpret_cast<sockaddr*>(&storage), length), 0);
    EXPECT_EQ(::listen(listener_.fileno(), 0), 0);
    const unsigned to = address().to_sockaddr(storage);
    for (netutil::Socket& filler : fillers_) {
      ::connect(filler.fileno(), reinterpret_cast<sockaddr*>(&storage), to);
    }
  }
  Address address() const { return listener_.getsockname(); }

 private:
  netutil::Socket listener_{Family::kInet};
  netutil::Socket fillers_[4] = {netutil::Socket(Family::kInet), netutil::Socket(Family::kInet),
                                 netutil::Socket(Family::kInet), netutil::Socket(Family::kInet)};
};

class TCPClientTest : public testing::Test {
 protected:
  TCPClientTest() { server.listen(0, "127.0.0.1"); }

  Future<IOStream> connect(std::vector<Address> addresses, tcpclient::ConnectOptions options = {}) {
    const tcpclient::TCPClient client(std::make_shared<FixedResolver>(std::move(addresses)));
    return client.connect("host", 1, std::move(options));
  }
  IOStream finish(Future<IOStream> connecting) {
    return run(loop, [connecting] { return connecting; });
  }

  ioloop::IOLoop loop;
  EchoServer server;
};

// TCC-01
TEST_F(TCPClientTest, connects_by_name) {
  EXPECT_EQ(run(loop, [&] { return ask("localhost", server.port(), "hi"); }), "hi\n");
}

// TCC-01
TEST_F(TCPClientTest, a_port_is_not_cut_to_16_bits) {
  const auto connecting = tcpclient::TCPClient().connect("127.0.0.1", 65536 + 80);
  ASSERT_TRUE(connecting.done());
  EXPECT_THROW(connecting.result(), std::invalid_argument);
}

// TCC-01
TEST_F(TCPClientTest, goes_on_to_the_next_address) {
  const DeadPort dead;
  const IOStream stream =
      finish(connect({dead.address(), dead.address(), Address("127.0.0.1", server.port())}));
  EXPECT_FALSE(stream.closed());
}

// TCC-01
TEST_F(TCPClientTest, the_last_error_when_all_fail) {
  const DeadPort dead;
  auto connecting = connect({dead.address(), dead.address()});
  run_until(loop, [&] { return connecting.done(); });
  try {
    connecting.result();
    ADD_FAILURE() << "connected to nobody";
  } catch (const iostream::StreamClosedError& error) {
    EXPECT_EQ(test::real_errno(error.real_error), ECONNREFUSED);
  }
}

// TCC-01
TEST_F(TCPClientTest, the_second_family_joins_after_300_ms) {
  const auto before = test::open_descriptors();
  const auto v6 = netutil::bind_sockets(0, "::1");
  const FullPort full;
  const double begin = loop.time();
  {
    const IOStream stream = finish(connect({full.address(), v6.front().getsockname()}));
    EXPECT_GE(loop.time() - begin, 0.3);
    EXPECT_LT(loop.time() - begin, 5);
    // The loser is closed. Left open: the stream, the listener, the full port with its four.
    EXPECT_EQ(test::open_descriptors(), before + 1 + 1 + 5);
  }
}

// TCC-01
TEST_F(TCPClientTest, a_failed_first_family_does_not_wait) {
  const auto v6 = netutil::bind_sockets(0, "::1");
  const DeadPort dead;
  const double begin = loop.time();
  finish(connect({dead.address(), v6.front().getsockname()}));
  EXPECT_LT(loop.time() - begin, 0.3);
}

// TCC-01
TEST_F(TCPClientTest, timeout_while_connecting_and_while_resolving) {
  const auto before = test::open_descriptors();
  tcpclient::ConnectOptions options;
  options.timeout = 0.05;
  {
    const FullPort full;
    auto connecting = connect({full.address()}, options);
    run_until(loop, [&] { return connecting.done(); });
    EXPECT_TRUE(test::holds<gen::TimeoutError>(connecting.exception()));
    EXPECT_EQ(test::open_descriptors(), before + 5);
  }
  auto resolving = connect({}, options);
  run_until(loop, [&] { return resolving.done(); });
  EXPECT_TRUE(test::holds<gen::TimeoutError>(resolving.exception()));
}

// TCC-01
TEST_F(TCPClientTest, cancelling_closes_the_sockets) {
  const FullPort full;
  const auto before = test::open_descriptors();
  auto connecting = connect({full.address()});
  run_until(loop, [&] { return test::open_descriptors() == before + 1; });
  EXPECT_TRUE(connecting.cancel());
  run_until(loop, [&] { return connecting.done(); });
  EXPECT_TRUE(connecting.cancelled());
  EXPECT_EQ(test::open_descriptors(), before);
}

// IOS-02
TEST_F(TCPClientTest, a_cancelled_connect_closes_the_stream) {
  const IOStream stream{netutil::Socket(netutil::Family::kInet)};
  auto connecting = stream.connect(Address("127.0.0.1", server.port()));
  EXPECT_TRUE(connecting.cancel());
  EXPECT_TRUE(connecting.cancelled());
  EXPECT_TRUE(stream.closed());
}

// IOS-08
TEST_F(TCPClientTest, a_cancelled_coroutine_ends_its_read_and_leaves_the_bytes) {
  auto [socket, peer] = test::tcp_pair();
  const IOStream stream(std::move(socket));
  run(loop, [&, &raw = peer]() -> Future<void> {
    const auto read = [](IOStream from) -> Future<void> { co_await from.read_bytes(6); };
    auto reading = read(stream);
    test::raw_send(raw, "abc");
    co_await gen::moment;
    reading.cancel();
    EXPECT_FALSE(stream.reading());
    EXPECT_THROW(co_await reading, concurrent::CancelledError);
    EXPECT_THROW(co_await gen::with_deadline(loop.time(), stream.read_until("\n")),
                 gen::TimeoutError);
    test::raw_send(raw, "def");
    EXPECT_EQ(co_await stream.read_bytes(6), "abcdef");
    EXPECT_FALSE(stream.closed());
  });
}

// TCC-01
TEST_F(TCPClientTest, a_name_that_is_not_there) {
  auto connecting = tcpclient::TCPClient().connect("an invalid domain", 1);
  run_until(loop, [&] { return connecting.done(); });
  EXPECT_TRUE(test::holds<netutil::ResolveError>(connecting.exception()));
}

// TCC-01
// TCC-02
TEST_F(TCPClientTest, source_ip_and_source_port) {
  struct Watcher : tcpserver::TCPServer {
    Future<void> handle_stream(IOStream, Address address) override {
      peers.push_back(address);
      return {};
    }
    std::vector<Address> peers;
  } watcher;
  watcher.listen(0, "127.0.0.1");
  const Address to("127.0.0.1", watcher.port());
  tcpclient::ConnectOptions options;
  options.source_ip = "127.0.0.7";
  finish(connect({to}, options));
  run_until(loop, [&] { return watcher.peers.size() == 1; });
  EXPECT_EQ(watcher.peers[0].ip(), "127.0.0.7");

  std::uint16_t free_port = 0;
  {
    const DeadPort unused;
    free_port = unused.address().port();
  }
  tcpclient::ConnectOptions by_port;
  by_port.source_port = free_port;
  finish(connect({to}, by_port));
  run_until(loop, [&] { return watcher.peers.size() == 2; });
  EXPECT_EQ(watcher.peers[1], Address("127.0.0.1", free_port));

  options.source_ip = "not an address";
  auto failing = connect({to}, options);
  run_until(loop, [&] { return failing.done(); });
  EXPECT_TRUE(test::holds<iostream::StreamClosedError>(failing.exception()));
}

TEST(TCPClientLoop, a_loop_closed_while_connecting_leaves_nothing) {
  const auto before = test::open_descriptors();
  {
    ioloop::IOLoop loop;
    const FullPort full;
    const tcpclient::TCPClient client(
        std::make_shared<FixedResolver>(std::vector<Address>{full.address()}));
    tcpclient::ConnectOptions options;
    options.timeout = 100;
    auto connecting = client.connect("host", 1, options);
    run(loop, []() -> Future<void> { co_await gen::sleep(0.002); });
    EXPECT_FALSE(connecting.done());
    loop.close();
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace tornado
