// TLS streams as streams: what passes through them, what stops them, and how they end.
#include "net/tls/tls_stream.h"

#include <openssl/ssl.h>

#include "../../../support/allocated.h"
#include "tls_test_tools.h"

namespace tornado {
namespace {

using iostream::IOStream;
using iostream::IOStreamOptions;
using iostream::SSLIOStream;
using iostream::StreamClosedError;
using test::client_options;
using test::run;
using test::run_until;
using test::server_options;

// Runs the loop round by round, without pauses, until `condition()` holds.
template <class Condition>
void turn_until(ioloop::IOLoop& loop, Condition condition) {
  loop.run_sync(
      [&]() -> Future<void> {
        while (!condition()) co_await gen::moment;
      },
      test::kPatience);
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + (i >> 8));
  return text;
}

// A wire with somebody on it: each end is connected to one end of the relay, which passes on what
// it chooses.
class Relay {
 public:
  Relay() {
    std::tie(client_end, from_client_) = test::tcp_pair();
    std::tie(server_end, from_server_) = test::tcp_pair();
  }

  // Passes on at most `limit` bytes of those that have arrived, counted per direction.
  void to_server(std::size_t limit = SIZE_MAX) {
    sent_up += move(from_client_, from_server_, limit, up_);
  }
  void to_client(std::size_t limit = SIZE_MAX) {
    sent_down += move(from_server_, from_client_, limit, down_);
  }
  void both(std::size_t limit = SIZE_MAX) {
    to_server(limit);
    to_client(limit);
  }
  void cut() {
    from_client_.close();
    from_server_.close();
  }
  void reset() {
    test::raw_reset(from_client_);
    test::raw_reset(from_server_);
  }
  void forge_to_server(std::string_view bytes) { test::raw_send(from_server_, bytes); }
  // Ends the client's input, and nothing else.
  void end_to_client() { ::shutdown(from_client_.fileno(), SHUT_WR); }

  netutil::Socket client_end;
  netutil::Socket server_end;
  std::size_t sent_up = 0;
  std::size_t sent_down = 0;

 private:
  // `rest` is what was read and could not be passed on yet.
  static std::size_t move(const netutil::Socket& from, const netutil::Socket& to, std::size_t limit,
                          std::string& rest) {
    rest += test::raw_receive(from);
    const std::size_t size = std::min(limit, rest.size());
    const ssize_t sent = size > 0 ? ::send(to.fileno(), rest.data(), size, MSG_NOSIGNAL) : 0;
    if (sent <= 0) return 0;
    rest.erase(0, static_cast<std::size_t>(sent));
    return static_cast<std::size_t>(sent);
  }

  netutil::Socket from_client_;
  netutil::Socket from_server_;
  std::string up_;
  std::string down_;
};

class TlsStreamTest : public ::testing::Test {
 protected:
  // Connects both ends, without a handshake.
  void connect_plain(const IOStreamOptions& options = {}) {
    const auto plain = test::stream_pair(options);
    server = plain.server;
    client = plain.client;
  }
  void connect(const IOStreamOptions& options = {}) {
    connect_plain(options);
    begin();
    finish();
  }
  void connect(Relay& relay) {
    server = IOStream(std::move(relay.server_end));
    client = IOStream(std::move(relay.client_end));
    begin();
    turn_until(loop, [&] {
      relay.both();
      return server_done.done() && client_done.done();
    });
    server = server_done.result();
    client = client_done.result();
  }
  void begin() {
    server_done = server.start_tls(true, server_context());
    client_done = client.start_tls(false, client_context(), "localhost");
  }
  void finish() {
    run_until(loop, [&] { return server_done.done() && client_done.done(); });
    server = server_done.result();
    client = client_done.result();
  }
  static const ssl::SSLContext& server_context() {
    static const ssl::SSLContext context(server_options());
    return context;
  }
  static const ssl::SSLContext& client_context() {
    static const ssl::SSLContext context(client_options());
    return context;
  }

  ioloop::IOLoop loop;
  IOStream server;
  IOStream client;
  Future<IOStream> server_done;
  Future<IOStream> client_done;
};

// ---- bytes --------------------------------------------------------------------------------------

TEST_F(TlsStreamTest, sixteen_mebibytes_each_way_at_once) {
  connect();
  const std::string data = pattern(16 << 20);
  const auto written = client.write(data);
  const auto answered = server.write(data);
  const auto got = server.read_bytes(data.size());
  const auto back = client.read_bytes(data.size());
  run_until(loop, [&] { return got.done() && back.done(); });
  EXPECT_TRUE(got.result() == data);
  EXPECT_TRUE(back.result() == data);
  EXPECT_TRUE(written.done());
  EXPECT_TRUE(answered.done());
}

TEST_F(TlsStreamTest, a_writer_waits_for_a_reader_that_does_not_read) {
  connect();
  const std::string data = pattern(16 << 20);
  const auto written = client.write(data);
  for (int i = 0; i < 200; ++i) run(loop, []() -> Future<void> { co_await gen::moment; });
  EXPECT_FALSE(written.done());
  EXPECT_TRUE(client.writing());
  std::size_t total = 0;
  run(loop, [&]() -> Future<void> {
    while (total < data.size()) {
      const std::string piece = co_await server.read_bytes(100'000, true);
      EXPECT_TRUE(std::string_view(data).substr(total, piece.size()) == piece);
      total += piece.size();
    }
    co_await written;
  });
  EXPECT_FALSE(client.writing());
}

// The streams of a thread share one buffer for encrypted output. While several have to wait, each
// has its own, which it must free afterwards.
TEST_F(TlsStreamTest, an_idle_stream_owns_no_encrypted_output) {
  constexpr std::size_t kStreams = 20;
  const std::string data = pattern(128 << 10);  // encrypted in two pieces; the second has to wait
  std::vector<std::pair<IOStream, IOStream>> pairs;
  for (std::size_t i = 0; i < 1 + kStreams; ++i) {
    auto [server_end, client_end] = test::tcp_pair();
    const int small = 4096;
    ASSERT_EQ(::setsockopt(server_end.fileno(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    const int half = 32 << 10;  // too small for both pieces
    ASSERT_EQ(::setsockopt(client_end.fileno(), SOL_SOCKET, SO_RCVBUF, &half, sizeof half), 0);
    server = IOStream(std::move(server_end));
    client = IOStream(std::move(client_end));
    begin();
    finish();
    pairs.emplace_back(server, client);
  }
  const auto write_and_read = [&](std::size_t first, std::size_t end) {
    std::vector<Future<void>> written;
    for (std::size_t i = first; i < end; ++i) written.push_back(pairs[i].first.write(data));
    run(loop, []() -> Future<void> { co_await gen::moment; });
    for (const Future<void>& write : written) EXPECT_FALSE(write.done());
    run(loop, [&]() -> Future<void> {
      for (std::size_t i = first; i < end; ++i) {
        for (std::size_t left = data.size(); left > 0;) {
          left -=
              (co_await pairs[i].second.read_bytes(std::min<std::size_t>(left, 4096), true)).size();
        }
        co_await written[i - first];
      }
    });
  };
  write_and_read(0, 1);  // allocates what the streams share
  const std::size_t before = test::allocated();
  write_and_read(1, 1 + kStreams);
  EXPECT_LT(test::allocated(), before + kStreams * 40'000);
}

// Records are bigger than what is read at a time: the decrypted rest waits inside TLS.
TEST_F(TlsStreamTest, small_reads_of_big_records) {
  IOStreamOptions options;
  options.read_chunk_size = 100;
  connect(options);
  const std::string data = pattern(300'000);
  client.write(data);
  run(loop, [&]() -> Future<void> {
    EXPECT_TRUE(co_await server.read_bytes(150'000) == data.substr(0, 150'000));
    for (int i = 0; i < 50; ++i) co_await gen::moment;  // nothing is read, and nothing is lost
    EXPECT_TRUE(co_await server.read_bytes(150'000) == data.substr(150'000));
  });
}

TEST_F(TlsStreamTest, small_writes_share_records) {
  connect();
  std::string all;
  for (int i = 0; i < 5000; ++i) {
    all += std::to_string(i);
    client.write(std::to_string(i));
    if (i % 100 == 0) {
      const std::string big = pattern(20'000);
      all += big;
      client.write(big);
    }
  }
  const auto got = server.read_bytes(all.size());
  run_until(loop, [&] { return got.done(); });
  EXPECT_TRUE(got.result() == all);
}

TEST_F(TlsStreamTest, byte_by_byte) {
  Relay relay;
  server = IOStream(std::move(relay.server_end));
  client = IOStream(std::move(relay.client_end));
  begin();
  turn_until(loop, [&] {
    relay.both(1);
    return server_done.done() && client_done.done();
  });
  server = server_done.result();
  client = client_done.result();
  client.write("question");
  server.write("answer");
  const auto up = server.read_bytes(8);
  const auto down = client.read_bytes(6);
  turn_until(loop, [&] {
    relay.both(1);
    return up.done() && down.done();
  });
  EXPECT_EQ(up.result(), "question");
  EXPECT_EQ(down.result(), "answer");
}

TEST_F(TlsStreamTest, operations_started_before_the_handshake_wait_for_it) {
  auto [server_socket, client_socket] = test::tcp_pair();
  const SSLIOStream early_server(std::move(server_socket), server_context(), true);
  const SSLIOStream early_client(std::move(client_socket), client_context(), false, "localhost");
  const auto got = early_server.read_until("\n");
  const auto back = early_client.read_until("\n");
  early_client.write("hello\n");
  early_server.write("welcome\n");
  run_until(loop, [&] { return got.done() && back.done(); });
  EXPECT_EQ(got.result(), "hello\n");
  EXPECT_EQ(back.result(), "welcome\n");
}

// IOS-17
TEST_F(TlsStreamTest, wait_for_handshake_once) {
  auto [server_socket, client_socket] = test::tcp_pair();
  const SSLIOStream waited(std::move(server_socket), server_context(), true);
  const auto done = waited.wait_for_handshake();
  EXPECT_THROW(static_cast<void>(waited.wait_for_handshake()), std::runtime_error);
  EXPECT_EQ(waited.version(), "");
  EXPECT_EQ(waited.cipher(), "");
  const SSLIOStream other(std::move(client_socket), client_context(), false, "localhost");
  run_until(loop, [&] { return done.done(); });
  EXPECT_EQ(done.result(), waited);
  const auto again = waited.wait_for_handshake();
  EXPECT_TRUE(again.done());
  EXPECT_EQ(again.result(), waited);
}

TEST_F(TlsStreamTest, SSLIOStream_is_a_view_of_a_stream_that_speaks_tls) {
  connect_plain();
  EXPECT_FALSE(SSLIOStream::is_tls(client));
  EXPECT_FALSE(SSLIOStream::is_tls(IOStream()));
  EXPECT_THROW(SSLIOStream{client}, std::invalid_argument);
  connect();
  EXPECT_TRUE(SSLIOStream::is_tls(client));
  EXPECT_EQ(SSLIOStream(client), client);
}

TEST_F(TlsStreamTest, connect_makes_the_connection_and_the_handshake) {
  const auto listening = netutil::bind_sockets(0, "127.0.0.1");
  const SSLIOStream stream(netutil::Socket(netutil::Family::kInet), client_context(), false,
                           "localhost");
  const auto done = stream.connect(listening.front().getsockname());
  netutil::Socket accepted;
  run_until(loop, [&] {
    accepted = netutil::Socket(::accept4(listening.front().fileno(), nullptr, nullptr, 0));
    return static_cast<bool>(accepted);
  });
  const SSLIOStream peer(std::move(accepted), server_context(), true);
  run_until(loop, [&] { return done.done(); });
  EXPECT_EQ(done.result(), stream);
  EXPECT_EQ(stream.peer_certificate()->subject, "CN=localhost");
}

TEST_F(TlsStreamTest, keys_are_changed_when_the_peer_asks) {
  connect();
  auto* const ssl =
      const_cast<SSL*>(static_cast<iostream::detail::TlsStream&>(client.impl()).ssl());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    client.write("new keys\n");
    const auto got = server.read_until("\n");
    run_until(loop, [&] { return got.done(); });
    EXPECT_EQ(got.result(), "new keys\n");
    server.write("mine too\n");
    const auto back = client.read_until("\n");
    run_until(loop, [&] { return back.done(); });
    EXPECT_EQ(back.result(), "mine too\n");
  }
}

// ---- start_tls ----------------------------------------------------------------------------------

// IOS-16
TEST_F(TlsStreamTest, start_tls_in_the_middle_of_a_conversation) {
  connect_plain();
  bool closed = false;
  server.set_close_callback([&] { closed = true; });
  run(loop, [&]() -> Future<void> {
    co_await client.write("STARTTLS\r\n");
    co_await server.read_until("\r\n");
    co_await server.write("220 go ahead\r\n");
    co_await client.read_until("\r\n");
  });
  const IOStream plain = server;
  begin();
  finish();
  EXPECT_TRUE(plain.closed());
  EXPECT_TRUE(test::holds<StreamClosedError>(plain.read_bytes(1).exception()));
  client.write("secret\r\n");
  const auto got = server.read_until("\r\n");
  run_until(loop, [&] { return got.done(); });
  EXPECT_EQ(got.result(), "secret\r\n");
  EXPECT_FALSE(closed);
  client.close();
  run_until(loop, [&] { return closed; });  // the callback moved to the new stream
}

// CVE-2011-0411 and similar: what arrived in plain text must not count as sent under TLS.
// IOS-16
TEST_F(TlsStreamTest, start_tls_refuses_bytes_that_came_before_it) {
  connect_plain();
  run(loop, [&]() -> Future<void> {
    co_await client.write("STARTTLS\r\nMAIL FROM:<mallory>\r\n");
    co_await server.read_until("\r\n");
  });
  EXPECT_THROW(static_cast<void>(server.start_tls(true, server_context())), std::invalid_argument);
  EXPECT_FALSE(server.closed());
  const auto rest = server.read_until("\r\n");  // left as it was
  EXPECT_EQ(rest.result(), "MAIL FROM:<mallory>\r\n");
}

TEST_F(TlsStreamTest, start_tls_takes_bytes_still_in_the_kernel_for_a_bad_handshake) {
  connect_plain();
  client.write("STARTTLS\r\n");
  const auto line = server.read_until("\r\n");
  run_until(loop, [&] { return line.done(); });
  client.write("MAIL FROM:<mallory>\r\n");
  run(loop, []() -> Future<void> { co_await gen::moment; });
  server_done = server.start_tls(true, server_context());
  run_until(loop, [&] { return server_done.done(); });
  EXPECT_TRUE(test::holds<ssl::SSLError>(server_done.exception()));
}

// IOS-16
TEST_F(TlsStreamTest, start_tls_only_when_idle) {
  connect_plain();
  const auto reading = server.read_bytes(1);
  EXPECT_THROW(static_cast<void>(server.start_tls(true, server_context())), std::invalid_argument);
  client.write(std::string(32 << 20, 'x'));
  EXPECT_THROW(static_cast<void>(client.start_tls(false, client_context(), "localhost")),
               std::invalid_argument);
  server.close();
  EXPECT_THROW(static_cast<void>(server.start_tls(true, server_context())), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(IOStream().start_tls(true, server_context())), std::logic_error);
}

// Small writes need not be awaited: they leave before the handshake.
TEST_F(TlsStreamTest, start_tls_right_after_a_write) {
  connect_plain();
  server.write("220 go ahead\r\n");
  server_done = server.start_tls(true, server_context());
  const auto line = client.read_until("\r\n");
  run_until(loop, [&] { return line.done(); });
  EXPECT_EQ(line.result(), "220 go ahead\r\n");
  client_done = client.start_tls(false, client_context(), "localhost");
  finish();
}

// ---- handshakes that fail -----------------------------------------------------------------------

TEST_F(TlsStreamTest, garbage_instead_of_a_hello) {
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string(100, '\0'),
        std::string("\x16\x03\x01\xff\xff\x01"), pattern(70'000), std::string("SSH-2.0-x\r\n")}) {
    const test::LogLines lines;
    auto [server_socket, peer] = test::tcp_pair();
    const SSLIOStream stream(std::move(server_socket), server_context(), true);
    const auto done = stream.wait_for_handshake();
    test::raw_send(peer, garbage);
    ::shutdown(peer.fileno(), SHUT_WR);
    run_until(loop, [&] { return done.done(); });
    EXPECT_TRUE(test::holds<ssl::SSLError>(done.exception()));
    EXPECT_TRUE(stream.closed());
    EXPECT_LE(lines.count("SSL Error on"), 1U) << lines.text();
  }
}

TEST_F(TlsStreamTest, plain_http_on_a_tls_port_is_named) {
  auto [server_socket, peer] = test::tcp_pair();
  const SSLIOStream stream(std::move(server_socket), server_context(), true);
  const auto done = stream.wait_for_handshake();
  test::raw_send(peer, "GET / HTTP/1.1\r\n\r\n");
  run_until(loop, [&] { return done.done(); });
  EXPECT_EQ(test::message_of(done.exception()), "http request");
}

TEST_F(TlsStreamTest, a_server_that_does_not_speak_tls) {
  auto [server_socket, client_socket] = test::tcp_pair();
  const SSLIOStream stream(std::move(client_socket), client_context(), false, "localhost");
  const auto done = stream.wait_for_handshake();
  test::raw_send(server_socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
  run_until(loop, [&] { return done.done(); });
  EXPECT_EQ(test::message_of(done.exception()), "wrong version number");
}

// Cuts the connection after each byte that one side sends, until its peer needs no more.
TEST_F(TlsStreamTest, cut_after_every_byte_of_the_handshake) {
  const auto descriptors = test::open_descriptors();
  for (const bool up : {true, false}) {
    std::size_t limit = 0;
    for (bool failed = true; failed; ++limit) {
      Relay relay;
      server = IOStream(std::move(relay.server_end));
      client = IOStream(std::move(relay.client_end));
      begin();
      turn_until(loop, [&] {
        relay.to_server(up ? limit - relay.sent_up : SIZE_MAX);
        relay.to_client(up ? SIZE_MAX : limit - relay.sent_down);
        if ((up ? relay.sent_up : relay.sent_down) == limit) relay.cut();
        return server_done.done() && client_done.done();
      });
      failed = (up ? server_done : client_done).exception() != nullptr;
      static_cast<void>((up ? client_done : server_done).exception());
    }
    EXPECT_GT(limit, 200U);  // a hello alone is longer
  }
  server = client = IOStream();
  server_done = client_done = Future<IOStream>();
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST_F(TlsStreamTest, reset_during_the_handshake) {
  for (const std::size_t limit : {0U, 1U, 100U, 500U}) {
    Relay relay;
    server = IOStream(std::move(relay.server_end));
    client = IOStream(std::move(relay.client_end));
    begin();
    bool reset = false;
    turn_until(loop, [&] {
      relay.to_server();
      relay.to_client(limit - relay.sent_down);
      if (relay.sent_up > 0 && relay.sent_down == limit && !std::exchange(reset, true)) {
        relay.reset();
      }
      return server_done.done() && client_done.done();
    });
    for (const auto& done : {server_done, client_done}) {
      ASSERT_TRUE(test::holds<StreamClosedError>(done.exception()))
          << test::message_of(done.exception());
      try {
        done.result();
      } catch (const StreamClosedError& error) {
        EXPECT_EQ(test::real_errno(error.real_error), ECONNRESET);
      }
    }
  }
}

TEST(TlsTimeout, a_peer_that_says_nothing_or_drips_is_sent_away) {
  for (const bool drips : {false, true}) {
    ioloop::VirtualClock clock;
    ioloop::IOLoopOptions options;
    options.clock = &clock;
    ioloop::IOLoop loop(options);
    auto [server_socket, peer] = test::tcp_pair();
    const SSLIOStream stream(std::move(server_socket), server_options(), true);
    const auto done = stream.wait_for_handshake();
    const double begin = loop.time();
    while (!done.done()) {
      // A record header that promises 512 bytes, then one of them per second.
      if (drips) ::send(peer.fileno(), "\x16\x03\x01\x02\x00\x01", 1, MSG_NOSIGNAL);
      loop.run_sync([]() -> Future<void> { co_await gen::sleep(1); });
    }
    EXPECT_TRUE(test::holds<ioloop::TimeoutError>(done.exception()) ||
                (drips && test::holds<ssl::SSLError>(done.exception())));
    EXPECT_LE(loop.time() - begin, 61);
    EXPECT_TRUE(stream.closed());
  }
}

TEST(TlsTimeout, is_the_options_and_ends_with_the_handshake) {
  ioloop::VirtualClock clock;
  ioloop::IOLoopOptions options;
  options.clock = &clock;
  ioloop::IOLoop loop(options);
  auto impatient = server_options();
  impatient.handshake_timeout = 3;
  auto [silent, peer] = test::tcp_pair();
  const SSLIOStream stream(std::move(silent), impatient, true);
  const auto done = stream.wait_for_handshake();
  const double begin = loop.time();
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(done); });
  EXPECT_TRUE(test::holds<ioloop::TimeoutError>(done.exception()));
  EXPECT_NEAR(loop.time() - begin, 3, 0.01);

  auto [server_socket, client_socket] = test::tcp_pair();
  auto patient = server_options();
  patient.handshake_timeout = 1e6;  // virtual time flies while the two talk
  auto patient_client = client_options();
  patient_client.handshake_timeout = 0;
  const SSLIOStream server(std::move(server_socket), patient, true);
  const SSLIOStream client(std::move(client_socket), patient_client, false, "localhost");
  const auto ready = client.wait_for_handshake();
  turn_until(loop, [&] { return ready.done(); });
  EXPECT_EQ(ready.exception(), nullptr);
  loop.run_sync([]() -> Future<void> { co_await gen::sleep(2e6); });
  EXPECT_FALSE(server.closed());
  EXPECT_FALSE(client.closed());
}

TEST_F(TlsStreamTest, closing_during_the_handshake) {
  connect_plain();
  begin();
  auto [server_socket, peer] = test::tcp_pair();
  const SSLIOStream stream(std::move(server_socket), server_context(), true);
  const auto done = stream.wait_for_handshake();
  const auto read = stream.read_bytes(1);
  stream.close();
  run_until(loop, [&] { return done.done() && read.done(); });
  EXPECT_TRUE(test::holds<StreamClosedError>(done.exception()));
  EXPECT_TRUE(test::holds<StreamClosedError>(read.exception()));
  finish();
}

TEST(TlsLoop, a_loop_closed_during_handshakes_leaves_nothing) {
  const auto before = test::open_descriptors();
  {
    ioloop::IOLoop loop;
    auto [server_socket, client_socket] = test::tcp_pair();
    const SSLIOStream server(std::move(server_socket), server_options(), true);
    const SSLIOStream client(std::move(client_socket), client_options(), false, "localhost");
    const auto waiting = client.wait_for_handshake();
    loop.run_sync([]() -> Future<void> { co_await gen::moment; });
    loop.close();
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

// ---- the end ------------------------------------------------------------------------------------

TEST_F(TlsStreamTest, an_end_in_good_order_ends_read_until_close) {
  connect();
  client.write("all of it");
  const auto all = server.read_until_close();
  client.close();
  run_until(loop, [&] { return all.done(); });
  EXPECT_EQ(all.result(), "all of it");
  EXPECT_EQ(server.error(), nullptr);
}

TEST_F(TlsStreamTest, a_truncated_stream_is_an_error_where_its_end_matters) {
  Relay relay;
  connect(relay);
  server.write("half of i");
  const auto all = client.read_until_close();
  bool cut = false;
  turn_until(loop, [&] {
    relay.to_client();
    if (relay.sent_down > 0 && !server.writing() && !std::exchange(cut, true)) {
      relay.end_to_client();
    }
    return all.done();
  });
  try {
    all.result();
    ADD_FAILURE() << "took the part for the whole";
  } catch (const StreamClosedError& error) {
    EXPECT_TRUE(test::holds<ssl::SSLEOFError>(error.real_error));
  }
  EXPECT_TRUE(test::holds<ssl::SSLEOFError>(client.error()));
  // The bytes that came can still be read by a caller who knows how many there are.
  EXPECT_EQ(client.read_bytes(9).result(), "half of i");
}

TEST_F(TlsStreamTest, truncation_after_a_message_of_known_length_is_tolerated) {
  Relay relay;
  connect(relay);
  server.write("nine byte");
  const auto message = client.read_bytes(9);
  turn_until(loop, [&] {
    relay.to_client();
    return message.done();
  });
  relay.end_to_client();
  EXPECT_EQ(message.result(), "nine byte");
}

TEST_F(TlsStreamTest, half_close_leaves_the_other_direction_open) {
  connect();
  const std::string answer = pattern(4 << 20);
  client.write("question");
  client.impl().shutdown_after_flush();
  const auto all = client.read_until_close();
  run(loop, [&]() -> Future<void> {
    EXPECT_EQ(co_await server.read_bytes(8), "question");
    co_await server.write(answer);
    server.close();
  });
  run_until(loop, [&] { return all.done(); });
  EXPECT_TRUE(all.result() == answer);
}

TEST_F(TlsStreamTest, nobody_claims_to_be_complete_when_output_was_lost) {
  Relay relay;
  connect(relay);
  server.write(std::string(32 << 20, 'x'));  // more than the kernel takes
  const auto all = client.read_until_close();
  run(loop, []() -> Future<void> { co_await gen::moment; });
  server.close();
  turn_until(loop, [&] {
    relay.to_client();
    if (server.closed()) relay.end_to_client();
    return all.done();
  });
  EXPECT_TRUE(test::holds<StreamClosedError>(all.exception()));
}

TEST_F(TlsStreamTest, a_close_callback_tells_of_the_peers_end) {
  connect();
  bool closed = false;
  server.set_close_callback([&] { closed = true; });
  client.close();
  run_until(loop, [&] { return closed; });
  EXPECT_EQ(server.error(), nullptr);
}

TEST_F(TlsStreamTest, a_peer_that_breaks_the_protocol_later_is_closed) {
  Relay relay;
  connect(relay);
  const auto read = server.read_bytes(1);
  // A record that was encrypted with none of the keys.
  relay.forge_to_server(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'f'));
  run_until(loop, [&] { return read.done(); });
  EXPECT_TRUE(test::holds<ssl::SSLError>(server.error()));
  EXPECT_EQ(test::message_of(server.error()), "decryption failed or bad record mac");
}

TEST_F(TlsStreamTest, a_reader_that_leaves_ends_the_writer) {
  connect();
  const auto written = server.write(std::string(32 << 20, 'x'));
  run(loop, []() -> Future<void> { co_await gen::moment; });
  client.close();
  run_until(loop, [&] { return written.done(); });
  EXPECT_TRUE(test::holds<StreamClosedError>(written.exception()));
}

}  // namespace
}  // namespace tornado
