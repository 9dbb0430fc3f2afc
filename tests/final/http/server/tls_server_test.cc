// HTTPServer behind TLS.
#include <tornado/tcpclient.h>

#include "../../net/tls/tls_test_tools.h"
#include "server_test_tools.h"

namespace tornado {
namespace {

using iostream::IOStream;
using iostream::SSLIOStream;
using test::run;
using test::run_until;

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() : server(&TlsServerTest::serve, options()) { server.listen(0, "127.0.0.1"); }
  static httpserver::HTTPServerOptions options() {
    httpserver::HTTPServerOptions options;
    options.ssl_options = test::server_options();
    return options;
  }
  static void serve(httputil::HTTPServerRequest request) {
    test::answer(*request.connection,
                 request.path == "/big" ? std::string(2 << 20, 'b') : request.full_url());
  }
  IOStream connect() {
    tcpclient::ConnectOptions options;
    options.ssl_options = test::client_options();
    return run(loop,
               [&] { return tcpclient::TCPClient().connect("localhost", server.port(), options); });
  }
  void wait_until_empty() {
    run_until(loop, [&] { return server.connection_count() == 0; });
  }

  ioloop::IOLoop loop;
  httpserver::HTTPServer server;
};

// HS-07
TEST_F(TlsServerTest, requests_are_https) {
  const IOStream stream = connect();
  for (int i = 0; i < 3; ++i) {
    stream.write("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string head = run(loop, [&] { return stream.read_until("\r\n\r\n"); });
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_EQ(run(loop, [&] { return stream.read_bytes(19); }), "https://localhost/a");
  }
}

// HS-07
TEST_F(TlsServerTest, the_protocol_can_be_named_otherwise) {
  auto named = options();
  named.protocol = "http";
  httpserver::HTTPServer other(&TlsServerTest::serve, named);
  other.listen(0, "127.0.0.1");
  tcpclient::ConnectOptions to;
  to.ssl_options = test::client_options();
  const IOStream stream =
      run(loop, [&] { return tcpclient::TCPClient().connect("localhost", other.port(), to); });
  stream.write("GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const std::string all = run(loop, [&] { return stream.read_until_close(); });
  EXPECT_TRUE(all.ends_with("\r\n\r\nhttp://localhost/a")) << all;
}

// HU-05
TEST_F(TlsServerTest, a_request_knows_the_clients_certificate) {
  auto asking = test::server_options();
  asking.ca_certs = test::authority().file();
  asking.cert_reqs = ssl::CertReqs::kOptional;
  auto with_authority = options();
  with_authority.ssl_options = asking;
  httpserver::HTTPServer other(
      [](httputil::HTTPServerRequest request) {
        const auto certificate = request.get_ssl_certificate();
        test::answer(*request.connection, certificate ? certificate->subject : "none");
      },
      with_authority);
  other.listen(0, "127.0.0.1");
  test::CertificateSpec spec;
  spec.common_name = "a client";
  const auto identity = test::authority().issue(spec);
  for (const bool shown : {true, false}) {
    auto client = test::client_options();
    if (shown) client.certfile = identity.file;
    tcpclient::ConnectOptions to;
    to.ssl_options = client;
    const IOStream stream =
        run(loop, [&] { return tcpclient::TCPClient().connect("localhost", other.port(), to); });
    stream.write("GET / HTTP/1.0\r\n\r\n");
    const std::string all = run(loop, [&] { return stream.read_until_close(); });
    EXPECT_TRUE(all.ends_with(shown ? "\r\n\r\nCN=a client" : "\r\n\r\nnone")) << all;
  }
}

TEST_F(TlsServerTest, the_last_answer_ends_in_good_order) {
  const IOStream stream = connect();
  stream.write("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = run(loop, [&] { return stream.read_until_close(); });
  EXPECT_GT(all.size(), std::size_t{2} << 20);
  wait_until_empty();
}

TEST_F(TlsServerTest, pipelined_requests_in_one_record) {
  const IOStream stream = connect();
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += test::get("/" + std::to_string(i));
  stream.write(requests + test::get("/last", "Connection: close\r\n"));
  const std::string all = run(loop, [&] { return stream.read_until_close(); });
  EXPECT_EQ(test::occurrences(all, "HTTP/1.1 200 OK"), 51U);
  EXPECT_TRUE(all.ends_with("https://x/last"));
}

TEST_F(TlsServerTest, a_client_without_tls_is_refused_and_nobody_else) {
  const IOStream good = connect();
  test::Client plain(loop, server.port());
  plain.send(test::get());
  plain.until_end();
  EXPECT_EQ(plain.received.find("HTTP/1.1"), std::string::npos);
  test::Client silent(loop, server.port());
  silent.half_close();
  silent.until_end();
  test::Client rude(loop, server.port());
  rude.send("\x16\x03\x01");
  rude.reset();
  run_until(loop, [&] { return server.connection_count() == 1; });
  good.write(test::get());
  EXPECT_TRUE(run(loop, [&] { return good.read_until("\r\n"); }) == "HTTP/1.1 200 OK\r\n");
}

TEST_F(TlsServerTest, close_all_connections_includes_unfinished_handshakes) {
  const IOStream good = connect();
  const test::Client silent(loop, server.port());
  run_until(loop, [&] { return server.connection_count() == 2; });
  run(loop, [&] { return server.close_all_connections(); });
  EXPECT_EQ(server.connection_count(), 0U);
}

// HS-01
TEST_F(TlsServerTest, options_that_do_not_work_are_found_at_construction) {
  httpserver::HTTPServerOptions bad;
  bad.ssl_options = ssl::SSLOptions();
  EXPECT_THROW(httpserver::HTTPServer(&TlsServerTest::serve, bad), std::invalid_argument);
}

// TCC-01
TEST(TlsClient, the_certificate_must_be_for_the_host) {
  ioloop::IOLoop loop;
  httpserver::HTTPServerOptions options;
  options.ssl_options = test::server_options();
  httpserver::HTTPServer server([](httputil::HTTPServerRequest) {}, options);
  server.listen(0, "127.0.0.1");
  tcpclient::ConnectOptions to;
  to.ssl_options = test::client_options();
  auto mapping = std::vector<netutil::OverrideResolver::Entry>();
  mapping.emplace_back("example.org", "127.0.0.1");
  const tcpclient::TCPClient client(std::make_shared<netutil::OverrideResolver>(
      netutil::Resolver::default_resolver(), std::move(mapping)));
  auto connecting = client.connect("example.org", server.port(), to);
  run_until(loop, [&] { return connecting.done(); });
  EXPECT_TRUE(test::holds<ssl::SSLCertVerificationError>(connecting.exception()));
}

// TCC-01
TEST(TlsClient, the_timeout_covers_the_handshake) {
  ioloop::IOLoop loop;
  const auto silent = netutil::bind_sockets(0, "127.0.0.1");  // connects, and sends nothing
  tcpclient::ConnectOptions to;
  to.ssl_options = test::client_options();
  to.timeout = 0.05;
  const auto before = test::open_descriptors();
  auto connecting = tcpclient::TCPClient().connect("localhost", silent[0].getsockname().port(), to);
  run_until(loop, [&] { return connecting.done(); });
  EXPECT_TRUE(test::holds<gen::TimeoutError>(connecting.exception()));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(TlsClient, a_cancelled_connect_leaves_no_handshake_behind) {
  ioloop::IOLoop loop;
  const auto silent = netutil::bind_sockets(0, "127.0.0.1");
  const auto before = test::open_descriptors();
  tcpclient::ConnectOptions to;
  to.ssl_options = test::client_options();
  to.timeout = 1000;
  auto connecting = tcpclient::TCPClient().connect("localhost", silent[0].getsockname().port(), to);
  netutil::Socket accepted;
  run_until(loop, [&] {
    accepted = netutil::Socket(::accept4(silent[0].fileno(), nullptr, nullptr, SOCK_NONBLOCK));
    return static_cast<bool>(accepted);
  });
  std::string hello;
  run_until(loop, [&] { return !(hello += test::raw_receive(accepted)).empty(); });
  connecting.cancel();
  run_until(loop, [&] { return connecting.done() && test::at_end(accepted); });
  EXPECT_TRUE(connecting.cancelled());
  accepted.close();
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(TlsClient, options_that_do_not_work_are_the_futures_error) {
  ioloop::IOLoop loop;
  const auto listening = netutil::bind_sockets(0, "127.0.0.1");
  tcpclient::ConnectOptions to;
  ssl::SSLOptions options;
  options.ca_certs = "no such file";
  to.ssl_options = options;
  auto connecting =
      tcpclient::TCPClient().connect("localhost", listening[0].getsockname().port(), to);
  run_until(loop, [&] { return connecting.done(); });
  EXPECT_TRUE(test::holds<std::invalid_argument>(connecting.exception()));
}

}  // namespace
}  // namespace tornado
