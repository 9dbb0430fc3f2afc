// AsyncHTTPClient over TLS.
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>

#include "../../net/tls/tls_test_tools.h"
#include "client_test_tools.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;
using httpclient::HTTPStreamClosedError;

class ClientTlsTest : public ClientTest {
 protected:
  // Speaks TLS on each connection, and responds to each request with `text`.
  void reply_over_tls(std::string text, const ssl::SSLOptions& with = server_options(),
                      bool then_cut = false) {
    const ssl::SSLContext context(with);
    serve([this, text, context, then_cut](iostream::IOStream stream, int) -> Future<void> {
      try {
        auto upgrade = stream.start_tls(true, context);
        const iostream::IOStream secure = co_await upgrade;
        for (;;) {
          co_await secure.read_until("\r\n\r\n");
          ++requests;
          co_await secure.write(text);
          if (then_cut) {
            ::shutdown(secure.fileno(), SHUT_RDWR);
            co_return;
          }
        }
      } catch (const ssl::SSLError& error) {
        server_error = error.what();
      }
    });
  }
  std::string https(const std::string& host = "localhost") const {
    return "https://" + host + ":" + std::to_string(server->port()) + "/";
  }
  HTTPRequest trusting(const std::string& url) const {
    HTTPRequest request(url);
    request.ca_certs = authority().file();
    return request;
  }

  int requests = 0;
  std::string server_error;
};

TEST_F(ClientTlsTest, https_is_checked_and_the_connection_kept) {
  reply_over_tls(ok("secret"));
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, trusting(https())).body, "secret");
  EXPECT_EQ(fetch_with(client, trusting(https())).body, "secret");
  EXPECT_EQ(server->connections, 1);
  EXPECT_EQ(fetch_with(client, trusting(https("127.0.0.1"))).body, "secret");
}

// The end of the last record is still in the kernel when the first response is complete and the
// queued fetch begins.
// HC-19
TEST_F(ClientTlsTest, a_record_after_the_response_does_not_answer_the_next_request) {
  constexpr std::size_t kRecord = 16'384;
  const std::size_t head = ok(std::string(10'000, 'x')).size() - 10'000;
  const std::string first = ok(std::string(2 * kRecord - head, 'x'));
  ASSERT_EQ(first.size(), 2 * kRecord);
  reply_over_tls(first + ok(std::string(kRecord - head, 'y')));
  options.max_clients = 1;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  loop.run_sync([&]() -> Future<void> {
    const auto one = client.fetch(trusting(https()));
    const auto two = client.fetch(trusting(https()));
    const HTTPResponse response = co_await one;
    EXPECT_EQ(response.body.front(), 'x');
    const HTTPResponse next = co_await two;
    EXPECT_EQ(next.body.front(), 'x');
  });
  EXPECT_EQ(server->connections, 2);
}

TEST_F(ClientTlsTest, an_authority_that_nobody_trusts) {
  reply_over_tls(ok("secret"));
  try {
    fetch(https());
    FAIL();
  } catch (const HTTPClientError& error) {
    EXPECT_EQ(error.code, 599);
    EXPECT_TRUE(holds<ssl::SSLCertVerificationError>(error.cause));
  }
  EXPECT_EQ(requests, 0);
}

TEST_F(ClientTlsTest, a_certificate_for_another_host) {
  CertificateSpec other;
  other.common_name = "example.org";
  other.alt_names = "DNS:example.org";
  static const Identity identity = authority().issue(other);
  ssl::SSLOptions with;
  with.certfile = identity.file;
  reply_over_tls(ok("secret"), with);
  try {
    fetch(trusting(https()));
    FAIL();
  } catch (const HTTPClientError& error) {
    EXPECT_TRUE(holds<ssl::SSLCertVerificationError>(error.cause));
  }
  EXPECT_EQ(requests, 0);
}

TEST_F(ClientTlsTest, validate_cert_off_and_no_sharing_with_those_that_check) {
  reply_over_tls(ok("secret"));
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest careless(https());
  careless.validate_cert = false;
  EXPECT_EQ(fetch_with(client, careless).body, "secret");
  EXPECT_THROW(fetch_with(client, HTTPRequest(https())), HTTPClientError);
  EXPECT_EQ(requests, 1);
}

TEST_F(ClientTlsTest, a_certificate_of_ours) {
  ssl::SSLOptions asking = server_options();
  asking.ca_certs = authority().file();
  reply_over_tls(ok("known"), asking);
  HTTPRequest request = trusting(https());
  EXPECT_THROW(fetch(request), HTTPClientError);
  static const Identity ours = authority().issue();
  request.client_cert = ours.file;
  request.client_key = ours.file;
  EXPECT_EQ(fetch(request).body, "known");
}

TEST_F(ClientTlsTest, ssl_options_of_the_request) {
  reply_over_tls(ok("secret"));
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest request(https());
  request.ssl_options = ssl::SSLContext(client_options());
  EXPECT_EQ(fetch_with(client, request).body, "secret");
  EXPECT_EQ(fetch_with(client, request).body, "secret");
  EXPECT_EQ(server->connections, 1);
  request.ssl_options = ssl::SSLContext(client_options());
  EXPECT_EQ(fetch_with(client, request).body, "secret");
  EXPECT_EQ(server->connections, 2) << "another context";
}

TEST_F(ClientTlsTest, a_file_that_is_not_there) {
  reply_over_tls(ok("secret"));
  HTTPRequest request(https());
  request.ca_certs = "/nonexistent/ca.pem";
  EXPECT_THROW(fetch(request), std::invalid_argument);
}

// A name whose resolution takes time.
class SlowResolver final : public netutil::Resolver {
 public:
  Future<std::vector<netutil::Address>> resolve(std::string /*host*/, std::uint16_t port,
                                                netutil::Family /*family*/) override {
    co_await gen::sleep(1);
    std::vector<netutil::Address> addresses;
    addresses.emplace_back("127.0.0.1", port);
    co_return addresses;
  }
};

// HC-08
TEST_F(ClientTlsTest, time_info_has_each_step_from_the_start) {
  const ssl::SSLContext context(server_options());
  serve([context](iostream::IOStream stream, int) -> Future<void> {
    co_await gen::sleep(2);
    auto upgrade = stream.start_tls(true, context);
    const iostream::IOStream secure = co_await upgrade;
    for (;;) {
      co_await secure.read_until("\r\n\r\n");
      co_await gen::sleep(3);
      co_await secure.write(ok("slow"));
    }
  });
  options.resolver = std::make_shared<SlowResolver>();
  const AsyncHTTPClient client(httpclient::force_instance, options);
  const httpclient::TimeInfo first = fetch_with(client, trusting(https())).time_info;
  EXPECT_EQ(first.queue, 0);
  EXPECT_NEAR(first.namelookup, 1, 0.1);
  EXPECT_NEAR(first.connect, 1, 0.1);
  EXPECT_GE(first.connect, first.namelookup);
  EXPECT_NEAR(first.appconnect, 3, 0.1);
  EXPECT_NEAR(first.pretransfer, 3, 0.1);
  EXPECT_GE(first.pretransfer, first.appconnect);
  EXPECT_NEAR(first.starttransfer, 6, 0.1);
  EXPECT_NEAR(first.total, 6, 0.1);
  EXPECT_EQ(first.redirect, 0);
  const httpclient::TimeInfo second = fetch_with(client, trusting(https())).time_info;
  EXPECT_EQ(second.namelookup, 0) << "the connection was open";
  EXPECT_EQ(second.connect, 0);
  EXPECT_EQ(second.appconnect, 0);
  EXPECT_NEAR(second.pretransfer, 0, 0.1);
  EXPECT_NEAR(second.starttransfer, 3, 0.1);
}

// The steps are those of the last request; a reused connection has none.
// HC-08
TEST_F(ClientTlsTest, time_info_after_a_redirect) {
  reply_over_tls("HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: /\r\n\r\n");
  options.resolver = std::make_shared<SlowResolver>();
  HTTPRequest request = trusting(https());
  request.max_redirects = 1;
  const httpclient::TimeInfo times = fetch(request, false).time_info;
  EXPECT_NEAR(times.redirect, 1, 0.1);
  EXPECT_EQ(times.connect, 0);
  EXPECT_EQ(times.appconnect, 0);
  EXPECT_NEAR(times.pretransfer, 1, 0.1);
}

TEST_F(ClientTlsTest, a_body_until_close_must_end_as_tls_ends) {
  reply_over_tls("HTTP/1.1 200 OK\r\n\r\nhalf a", server_options(), true);
  try {
    fetch(trusting(https()));
    FAIL();
  } catch (const HTTPStreamClosedError& error) {
    EXPECT_TRUE(holds<ssl::SSLEOFError>(error.cause));
  }
}

TEST_F(ClientTlsTest, a_server_without_tls) {
  reply({ok("plain")});
  EXPECT_THROW(fetch(trusting(https())), HTTPClientError);
}

TEST_F(ClientTlsTest, a_handshake_that_does_not_end) {
  serve([](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  try {
    fetch(trusting(https()));
    FAIL();
  } catch (const httpclient::HTTPTimeoutError& error) {
    EXPECT_EQ(error.phase, httpclient::TimeoutPhase::kConnect);
  }
}

// HC-12
TEST_F(ClientTlsTest, credentials_do_not_go_from_https_to_http) {
  reply({ok("plain")});
  const std::string plain = "http://localhost:" + std::to_string(server->port()) + "/";
  auto plain_replies = std::move(replies);
  reply_over_tls("HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: " + plain + "\r\n\r\n");
  HTTPRequest request = trusting(https());
  request.auth_username = "me";
  EXPECT_EQ(fetch(request).body, "plain");
  EXPECT_EQ(plain_replies->heads[0].find("Authorization"), std::string::npos);
}

}  // namespace
}  // namespace tornado::test
