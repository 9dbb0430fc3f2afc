// TLS by host name: certificates for several hosts, resumed sessions, ssl_wrap_socket.
#include "net/tls/session_store.h"
#include "tls_test_tools.h"

namespace tornado {
namespace {

using iostream::SSLIOStream;
using test::authority;
using test::client_options;
using test::run_until;
using test::server_options;
using test::shake_hands;

test::Identity issue_for(const std::string& name) {
  test::CertificateSpec spec;
  spec.common_name = name;
  spec.alt_names = "DNS:" + name;
  return authority().issue(spec);
}

// Returns whose certificate is shown to a client that asks for `host`, or why the client refuses
// it.
std::string shown(ioloop::IOLoop& loop, const ssl::SSLContext& server,
                  const ssl::SSLContext& client, const std::string& host) {
  const auto pair = shake_hands(loop, server, client, host);
  if (pair.client.exception() != nullptr) return test::message_of(pair.client.exception());
  return SSLIOStream(pair.client.result()).peer_certificate()->subject;
}

// ---- certificates by host -----------------------------------------------------------------------

class TlsHosts : public ::testing::Test {
 protected:
  TlsHosts() {
    options = server_options();
    options.host_certificates = {
        {"*.example.org", any.file}, {"www.example.org", www.file}, {"example.com", com.file}};
  }

  static inline const test::Identity any = issue_for("*.example.org");
  static inline const test::Identity www = issue_for("www.example.org");
  static inline const test::Identity com = issue_for("example.com");
  ioloop::IOLoop loop;
  ssl::SSLOptions options;
};

TEST_F(TlsHosts, RFC_6066_3_a_certificate_for_each_host) {
  const ssl::SSLContext server(options);
  for (const auto version : {ssl::TLSVersion::kTLSv1_2, ssl::TLSVersion::kTLSv1_3}) {
    ssl::SSLOptions of_client = client_options();
    of_client.maximum_version = version;
    const ssl::SSLContext client(of_client);
    EXPECT_EQ(shown(loop, server, client, "example.com"), "CN=example.com");
    EXPECT_EQ(shown(loop, server, client, "EXAMPLE.com"), "CN=example.com");
    EXPECT_EQ(shown(loop, server, client, "www.example.org"), "CN=www.example.org");
    EXPECT_EQ(shown(loop, server, client, "ftp.example.org"), "CN=*.example.org");
  }
}

TEST_F(TlsHosts, a_client_that_names_none_of_them_gets_the_default) {
  const ssl::SSLContext server(options);
  const ssl::SSLContext client(client_options());
  EXPECT_EQ(shown(loop, server, client, "localhost"), "CN=localhost");
  EXPECT_EQ(shown(loop, server, client, "127.0.0.1"), "CN=localhost");
  ssl::SSLOptions any_name = client_options();
  any_name.check_hostname = false;
  for (const char* host : {"example.org", "a.b.example.org", ".example.org", "org"}) {
    EXPECT_EQ(shown(loop, server, any_name, host), "CN=localhost") << host;
  }
}

TEST_F(TlsHosts, the_other_options_hold_for_each_host) {
  options.alpn_protocols = {"http/1.1"};
  options.ca_certs = authority().file();
  ssl::SSLOptions of_client = client_options();
  of_client.alpn_protocols = {"http/1.1"};
  const auto without = shake_hands(loop, options, of_client, "example.com");
  EXPECT_NE(without.server.exception(), nullptr) << "a certificate of the client is asked for";
  of_client.certfile = www.file;
  const auto with = shake_hands(loop, options, of_client, "example.com");
  ASSERT_EQ(with.server.exception(), nullptr) << test::message_of(with.server.exception());
  EXPECT_EQ(SSLIOStream(with.server.result()).server_hostname(), "example.com");
  EXPECT_EQ(SSLIOStream(with.server.result()).selected_alpn_protocol(), "http/1.1");
  EXPECT_EQ(SSLIOStream(with.server.result()).peer_certificate()->subject, "CN=www.example.org");
}

TEST_F(TlsHosts, reload_reads_their_files_too) {
  const std::string file = authority().path("renewed.pem");
  test::Authority::save(com, file);
  options.host_certificates = {{"*.example.com", file}};
  const ssl::SSLContext server(options);
  ssl::SSLOptions any_name = client_options();
  any_name.check_hostname = false;
  EXPECT_EQ(shown(loop, server, any_name, "www.example.com"), "CN=example.com");
  test::Authority::save(www, file);
  EXPECT_EQ(shown(loop, server, any_name, "www.example.com"), "CN=example.com");
  server.reload();
  EXPECT_EQ(shown(loop, server, any_name, "www.example.com"), "CN=www.example.org");
}

TEST_F(TlsHosts, the_error_names_what_is_wrong_with_them) {
  const auto refusal = [&](const ssl::HostCertificate& host) {
    options.host_certificates = {host};
    try {
      netutil::ssl_options_to_context(options, true);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("no refusal");
  };
  EXPECT_EQ(refusal({"", com.file}), "ssl_options: host_certificates without host");
  EXPECT_EQ(refusal({"example.com", ""}), "missing key \"certfile\" in ssl_options");
  EXPECT_EQ(refusal({"example.com", "/nonexistent.pem"}),
            "certfile \"/nonexistent.pem\": No such file or directory");
}

// ---- sessions -----------------------------------------------------------------------------------

class TlsSessions : public ::testing::Test {
 protected:
  // Makes a connection on which a byte goes each way, which brings the server's tickets, and closes
  // it in good order. Returns whether it resumed an earlier session.
  bool talk(const ssl::SSLContext& to, const ssl::SSLContext& with,
            const std::string& host = "localhost") {
    const auto pair = shake_hands(loop, to, with, host);
    const SSLIOStream client(pair.client.result());
    const SSLIOStream theirs(pair.server.result());
    theirs.write("x");
    const auto read = client.read_bytes(1);
    run_until(loop, [&] { return read.done(); });
    EXPECT_EQ(read.result(), "x");
    const bool reused = client.session_reused();
    EXPECT_EQ(theirs.session_reused(), reused);
    EXPECT_EQ(client.peer_certificate()->subject, "CN=localhost");
    client.close();
    theirs.close();
    return reused;
  }

  ioloop::IOLoop loop;
  const ssl::SSLContext server{server_options()};
};

TEST_F(TlsSessions, RFC_8446_2_2_the_next_connection_resumes) {
  for (const auto version : {ssl::TLSVersion::kTLSv1_2, ssl::TLSVersion::kTLSv1_3}) {
    ssl::SSLOptions options = client_options();
    options.maximum_version = version;
    const ssl::SSLContext client(options);
    EXPECT_FALSE(talk(server, client));
    EXPECT_TRUE(talk(server, client));
    EXPECT_TRUE(talk(server, client));
  }
}

TEST_F(TlsSessions, other_hosts_other_contexts_and_addresses_do_not) {
  ssl::SSLOptions any_name = client_options();
  any_name.check_hostname = false;
  const ssl::SSLContext client(any_name);
  EXPECT_FALSE(talk(server, client));
  EXPECT_FALSE(talk(server, client, "other.example.org"));
  EXPECT_FALSE(talk(server, ssl::SSLContext(any_name)));
  EXPECT_FALSE(talk(server, client, "127.0.0.1"));
  EXPECT_FALSE(talk(server, client, "127.0.0.1")) << "an address is no name to keep it by";
  EXPECT_TRUE(talk(server, client));
}

// RFC 8446 C.4.
TEST_F(TlsSessions, a_session_is_resumed_once) {
  const ssl::SSLContext client(client_options());
  EXPECT_FALSE(talk(server, client));
  const auto first = shake_hands(loop, server, client);
  const auto second = shake_hands(loop, server, client);
  EXPECT_TRUE(SSLIOStream(first.client.result()).session_reused());
  EXPECT_FALSE(SSLIOStream(second.client.result()).session_reused());
}

TEST_F(TlsSessions, a_server_that_knows_the_session_no_more) {
  const ssl::SSLContext client(client_options());
  EXPECT_FALSE(talk(server, client));
  EXPECT_FALSE(talk(ssl::SSLContext(server_options()), client)) << "a long handshake instead";
  client.reload();
  EXPECT_FALSE(talk(server, client)) << "nor after reload()";
}

TEST_F(TlsSessions, there_is_a_limit_and_the_oldest_goes) {
  ssl::SSLOptions any_name = client_options();
  any_name.check_hostname = false;
  const ssl::SSLContext client(any_name);
  for (std::size_t i = 0; i <= ssl::detail::kMaxStoredSessions; ++i) {
    EXPECT_FALSE(talk(server, client, "h" + std::to_string(i)));
  }
  EXPECT_FALSE(talk(server, client, "h0"));
  EXPECT_TRUE(talk(server, client, "h2"));
}

// Also with a host's own certificate, but not with the session of another host.
TEST_F(TlsSessions, hosts_with_certificates_of_their_own) {
  ssl::SSLOptions options = server_options();
  const test::Identity& localhost = test::localhost_identity();
  options.host_certificates = {{"one.example.org", localhost.file},
                               {"two.example.org", localhost.file}};
  const ssl::SSLContext hosts(options);
  ssl::SSLOptions any_name = client_options();
  any_name.check_hostname = false;
  const ssl::SSLContext client(any_name);
  EXPECT_FALSE(talk(hosts, client, "one.example.org"));
  EXPECT_FALSE(talk(hosts, client, "two.example.org"));
  EXPECT_TRUE(talk(hosts, client, "one.example.org"));
  EXPECT_TRUE(talk(hosts, client, "two.example.org"));
}

// ---- ssl_wrap_socket ----------------------------------------------------------------------------

// NET-10
TEST(SslWrapSocket, both_sides_of_a_connected_socket) {
  ioloop::IOLoop loop;
  auto [one, other] = test::socket_pair();
  const SSLIOStream server = netutil::ssl_wrap_socket(
      std::move(one), netutil::ssl_options_to_context(server_options(), true), "", true);
  const SSLIOStream client = netutil::ssl_wrap_socket(
      std::move(other), netutil::ssl_options_to_context(client_options()), "localhost");
  server.write("hello");
  const auto read = client.read_bytes(5);
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(read.result(), "hello");
  EXPECT_EQ(server.server_hostname(), "localhost");
}

// NET-10
TEST(SslWrapSocket, a_socket_to_be_connected) {
  ioloop::IOLoop loop;
  const auto listening = netutil::bind_sockets(0, "127.0.0.1");
  std::vector<SSLIOStream> served;
  const auto handler = netutil::add_accept_handler(
      listening.front(), [&](netutil::Socket socket, const netutil::Address&) {
        served.push_back(netutil::ssl_wrap_socket(std::move(socket), server_options(), "", true));
      });
  const SSLIOStream client = netutil::ssl_wrap_socket(netutil::Socket(netutil::Family::kInet),
                                                      client_options(), "localhost");
  const auto connected = client.connect(listening.front().getsockname());
  run_until(loop, [&] { return connected.done(); });
  EXPECT_EQ(connected.exception(), nullptr) << test::message_of(connected.exception());
  EXPECT_EQ(client.version(), "TLSv1.3");
}

// NET-10
TEST(SslWrapSocket, options_that_do_not_work) {
  ioloop::IOLoop loop;
  EXPECT_THROW(netutil::ssl_wrap_socket(netutil::Socket(netutil::Family::kInet), client_options()),
               std::invalid_argument)
      << "a client that checks says for whom";
  EXPECT_THROW(
      netutil::ssl_wrap_socket(netutil::Socket(netutil::Family::kInet), client_options(), "", true),
      std::invalid_argument)
      << "a server has a certificate";
}

}  // namespace
}  // namespace tornado
