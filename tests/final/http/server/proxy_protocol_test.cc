// A server behind a proxy that speaks the PROXY protocol.
#include <tornado/ssl.h>

#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::HTTPServerOptions;
using httputil::HTTPServerRequest;

void show_ip(const HTTPServerRequest& request) {
  answer(*request.connection, "client " + request.remote_ip + ".");
}

const std::string kClient = "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n";
const std::string kOther = "PROXY TCP4 192.0.2.8 192.0.2.1 56324 443\r\n";

class ProxyProtocolTest : public ::testing::Test {
 protected:
  static HTTPServerOptions behind_proxy() {
    HTTPServerOptions options;
    options.proxy_protocol = true;
    return options;
  }
  static ioloop::IOLoopOptions loop_options(ioloop::Clock& clock) {
    ioloop::IOLoopOptions made;
    made.clock = &clock;
    return made;
  }

  LogLines log_;
  ioloop::VirtualClock clock_;
  ioloop::IOLoop loop_{loop_options(clock_)};
};

TEST_F(ProxyProtocolTest, the_header_names_the_client_of_every_request) {
  const auto server = make_server(show_ip, behind_proxy());
  Client client(loop_, server->port());
  client.send(kClient + get() + get());
  client.until("client 192.0.2.7.", 2);
  client.send(get());
  client.until("client 192.0.2.7.", 3);
}

TEST_F(ProxyProtocolTest, the_header_may_arrive_byte_by_byte) {
  const auto server = make_server(show_ip, behind_proxy());
  Client client(loop_, server->port());
  for (const char c : kClient + get()) {
    client.send(std::string(1, c));
    some_rounds(loop_);
  }
  client.until("client 192.0.2.7.");
}

TEST_F(ProxyProtocolTest, a_proxy_that_speaks_for_itself_keeps_its_address) {
  const auto server = make_server(show_ip, behind_proxy());
  Client client(loop_, server->port());
  client.send("PROXY UNKNOWN\r\n" + get());
  client.until("client 127.0.0.1.");
}

TEST_F(ProxyProtocolTest, anything_else_closes_the_connection_without_a_response) {
  const auto server = make_server(show_ip, behind_proxy());
  for (const std::string& bytes : {get(), std::string("PROXY TCP4 x y 1 2\r\n") + get()}) {
    Client client(loop_, server->port());
    client.send(bytes);
    EXPECT_EQ(client.until_end(), "");
  }
  EXPECT_EQ(log_.count("malformed PROXY header"), 1U);  // one line a second
  EXPECT_EQ(server->connection_count(), 0U);
}

TEST_F(ProxyProtocolTest, a_header_that_never_comes_ends_with_the_header_timeout) {
  HTTPServerOptions options = behind_proxy();
  options.header_timeout = 5;
  const auto server = make_server(show_ip, options);
  Client client(loop_, server->port());
  client.send("PROXY TCP4");
  EXPECT_EQ(client.until_end(), "");
  EXPECT_GE(clock_.time(), 5);
}

TEST_F(ProxyProtocolTest, an_end_within_the_header_is_not_an_error) {
  const auto server = make_server(show_ip, behind_proxy());
  Client client(loop_, server->port());
  client.send("PROXY TCP4");
  client.half_close();
  EXPECT_EQ(client.until_end(), "");
  EXPECT_TRUE(log_.empty()) << log_.text();
}

TEST_F(ProxyProtocolTest, max_connections_per_address_counts_the_clients_of_the_proxy) {
  HTTPServerOptions options = behind_proxy();
  options.max_connections_per_address = 1;
  const auto server = make_server(show_ip, options);
  Client first(loop_, server->port());
  first.send(kClient + get());
  first.until("client 192.0.2.7.");
  Client other(loop_, server->port());
  other.send(kOther + get());
  other.until("client 192.0.2.8.");
  Client second(loop_, server->port());
  second.send(kClient + get());
  EXPECT_EQ(second.until_end(), "");
  EXPECT_EQ(log_.count("192.0.2.7: max_connections_per_address"), 1U);
  first.close();
  run_until(loop_, [&] { return server->connection_count() == 1; });
  Client third(loop_, server->port());
  third.send(kClient + get());
  third.until("client 192.0.2.7.");
}

TEST_F(ProxyProtocolTest, a_connection_without_a_header_gives_way_when_the_server_is_full) {
  HTTPServerOptions options = behind_proxy();
  options.max_connections = 1;
  const auto server = make_server(show_ip, options);
  Client silent(loop_, server->port());
  run_until(loop_, [&] { return server->connection_count() == 1; });
  Client client(loop_, server->port());
  client.send(kClient + get());
  client.until("client 192.0.2.7.");
  EXPECT_EQ(silent.until_end(), "");
}

TEST_F(ProxyProtocolTest, does_not_go_with_tls) {
  HTTPServerOptions options = behind_proxy();
  options.ssl_options.emplace();
  EXPECT_THROW(HTTPServer(show_ip, options), std::invalid_argument);
}

}  // namespace
}  // namespace tornado::test
