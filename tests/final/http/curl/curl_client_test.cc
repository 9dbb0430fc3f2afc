// Behaviour that is special to the curl client: proxies, digest, its handles, and what it refuses.
#include <curl/curl.h>
#include <tornado/curl_httpclient.h>

#include "../../net/tls/tls_test_tools.h"
#include "../client/client_test_tools.h"

namespace tornado::test {
namespace {

using curl_httpclient::CurlAsyncHTTPClient;
using curl_httpclient::CurlError;
using httpclient::AsyncHTTPClient;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;

class CurlClientTest : public ClientTest {
 protected:
  CurlClientTest() {
    AsyncHTTPClient::configure(CurlAsyncHTTPClient::make);
    options.resolver = nullptr;
  }
  ~CurlClientTest() override { AsyncHTTPClient::configure(nullptr); }

  // Starts a server that completes the handshake, and then runs `speak`.
  using Speak = std::function<Future<void>(iostream::SSLIOStream)>;
  void serve_tls(Speak speak) {
    const ssl::SSLContext context(server_options());
    serve([context, speak = std::move(speak)](iostream::IOStream stream, int) -> Future<void> {
      try {
        auto upgrade = stream.start_tls(true, context);
        const iostream::IOStream secure = co_await upgrade;
        auto speaking = speak(iostream::SSLIOStream(secure));
        co_await speaking;
      } catch (const ssl::SSLError&) {  // the client trusts other certificates
      }
    });
  }
  // Sets the last server as the proxy.
  HTTPRequest proxied(const std::string& url) const {
    HTTPRequest request(url);
    request.proxy_host = "127.0.0.1";
    request.proxy_port = server->port();
    return request;
  }
};

template <class F>
std::string refusal_of(F call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no refusal";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// HC-06 HC-24
TEST_F(CurlClientTest, configured_by_name_and_by_function) {
  reply({ok("")});
  for (const char* name : {"curl", "tornado.curl_httpclient.CurlAsyncHTTPClient"}) {
    AsyncHTTPClient::configure(name);
    const AsyncHTTPClient client(httpclient::force_instance);
    fetch_with(client, HTTPRequest(server->url()));
  }
  fetch(server->url());
  ASSERT_EQ(replies->heads.size(), 3U);
  for (const std::string& head : replies->heads) {
    EXPECT_TRUE(contains(head, "User-Agent: Mozilla/5.0 (compatible; pycurl)\r\n")) << head;
  }
}

// HC-24
TEST_F(CurlClientTest, what_is_sent) {
  reply({ok("")});
  HTTPRequest request(server->url("/a/../b?q=1#f"));
  request.headers = {{"X-Empty", ""}, {"Accept", "text/plain"}};
  request.user_agent = "mine";
  request.if_modified_since = 0;
  fetch(request);
  const std::string& head = replies->heads.at(0);
  EXPECT_TRUE(head.starts_with("GET /a/../b?q=1 HTTP/1.1\r\nHost: 127.0.0.1:")) << head;
  EXPECT_TRUE(contains(head, "\r\nUser-Agent: mine\r\n")) << head;
  EXPECT_TRUE(contains(head, "\r\nX-Empty:\r\n")) << head;
  EXPECT_TRUE(contains(head, "\r\nAccept: text/plain\r\n")) << head;
  EXPECT_TRUE(contains(head, "\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n")) << head;
  EXPECT_FALSE(contains(head, "Connection")) << head;
  EXPECT_FALSE(contains(head, "Expect")) << head;
}

// HC-24
TEST_F(CurlClientTest, time_info) {
  reply({ok("")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  const HTTPResponse first = fetch_with(client, HTTPRequest(server->url()));
  EXPECT_GT(first.time_info.namelookup, 0);
  EXPECT_GE(first.time_info.connect, first.time_info.namelookup);
  EXPECT_EQ(first.time_info.appconnect, 0);
  EXPECT_GE(first.time_info.pretransfer, first.time_info.connect);
  EXPECT_GE(first.time_info.starttransfer, first.time_info.pretransfer);
  EXPECT_EQ(first.time_info.redirect, 0);
  const HTTPResponse second = fetch_with(client, HTTPRequest(server->url()));
  EXPECT_EQ(second.time_info.connect, 0) << "the connection was open";
  EXPECT_GT(second.time_info.starttransfer, 0);
  EXPECT_EQ(server->connections, 1);
}

TEST_F(CurlClientTest, a_failed_transfer_has_libcurls_code_and_words) {
  reply({ok("")});
  const std::string url = server->url();
  server->stop();
  try {
    fetch(url);
    FAIL();
  } catch (const CurlError& error) {
    EXPECT_EQ(error.code, 599);
    EXPECT_EQ(error.curl_code, CURLE_COULDNT_CONNECT);
    EXPECT_TRUE(std::string(error.what()).starts_with("HTTP 599: Failed to connect to 127.0.0.1"))
        << error.what();
  }
}

TEST_F(CurlClientTest, what_is_refused) {
  const AsyncHTTPClient client(httpclient::force_instance, options);
  const auto refusal = [&](const HTTPRequest& request) {
    return refusal_of([&] { fetch_with(client, request); });
  };
  HTTPRequest request("http://h/");
  request.ssl_options = ssl::SSLContext();
  EXPECT_EQ(refusal(request), "ssl_options is not supported by the curl client");
  request = HTTPRequest("http://h/");
  request.auth_mode = "ntlm";
  EXPECT_EQ(refusal(request), "unsupported auth_mode ntlm");
  request = HTTPRequest("http://h/");
  request.proxy_auth_mode = "ntlm";
  EXPECT_EQ(refusal(request), "unsupported proxy_auth_mode ntlm");
  request = HTTPRequest("http://h/");
  request.proxy_host = "p";
  EXPECT_EQ(refusal(request), "a proxy needs a proxy_host and a proxy_port");
  request.proxy_port = 3128;
  request.proxy_host = "p\r\nX: y";
  EXPECT_EQ(refusal(request), "control character in proxy_host");
  EXPECT_EQ(refusal(HTTPRequest("http://a%0d%0aX:b@h/")), "control character in the user's name");
  request = HTTPRequest("http://h/", "HEAD");
  request.allow_nonstandard_methods = true;
  request.body = "b";
  EXPECT_EQ(refusal(request), "libcurl cannot send a body with HEAD");
}

TEST_F(CurlClientTest, options_that_are_refused) {
  const auto refusal = [&] {
    return refusal_of([&] { AsyncHTTPClient(httpclient::force_instance, options); });
  };
  options.resolver = std::make_shared<netutil::BlockingResolver>();
  EXPECT_EQ(refusal(), "the curl client takes no resolver: libcurl has its own");
  options.resolver = nullptr;
  options.max_clients = 0;
  EXPECT_EQ(refusal(), "AsyncHTTPClient: max_clients is 0, but must be positive");
  options.max_clients = 1;
  netutil::OverrideResolver::Entry entry("a", "b");
  entry.family = netutil::Family::kInet;
  options.hostname_mapping.push_back(entry);
  EXPECT_EQ(refusal(), "hostname_mapping with a family is not supported by the curl client");
}

TEST_F(CurlClientTest, network_interface_is_an_address_or_a_name) {
  reply({ok("")});
  HTTPRequest request(server->url());
  request.network_interface = "127.0.0.2";
  fetch(request);
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  auto* const address = reinterpret_cast<sockaddr*>(&peer);
  ASSERT_EQ(::getpeername(server->streams.at(0).fileno(), address, &length), 0);
  EXPECT_EQ(netutil::Address(address, length).ip(), "127.0.0.2");
  request.network_interface = "lo";
  fetch(request);
  request.network_interface = "no-such-interface";
  EXPECT_THROW(fetch(request), CurlError);
}

// ---- handles ------------------------------------------------------------------------------------

// HC-24
TEST_F(CurlClientTest, nothing_of_a_request_is_there_for_the_next) {
  reply({ok("one", "Set-Cookie: a=b\r\n"), ok("two")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest first("http://u:p@127.0.0.1:" + std::to_string(server->port()) + "/", "PUT");
  first.body = "";
  first.headers.add("X-First", "1");
  first.user_agent = "first";
  first.validate_cert = false;
  first.if_modified_since = 1;
  first.prepare_curl_callback = [](void* easy) {
    curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(easy, CURLOPT_REFERER, "http://first/");
  };
  EXPECT_EQ(fetch_with(client, first).body, "one");
  EXPECT_TRUE(contains(replies->heads.at(0), "\r\nReferer: http://first/\r\n"));
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "two");
  EXPECT_EQ(replies->heads.at(1),
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server->port()) +
                "\r\nUser-Agent: Mozilla/5.0 (compatible; pycurl)\r\nAccept: */*\r\n"
                "Accept-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(server->connections, 1);
}

// HC-24
TEST_F(CurlClientTest, prepare_curl_callback_cannot_take_the_callbacks_away) {
  reply({ok("body")});
  HTTPRequest request(server->url());
  std::string taken;
  request.prepare_curl_callback = [&](void* easy) {
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, nullptr);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, nullptr);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "all");
  };
  EXPECT_EQ(fetch(request).body, "body");
  request.prepare_curl_callback = [](void*) { throw std::logic_error("unprepared"); };
  EXPECT_THROW(fetch(request), std::logic_error);
}

TEST_F(CurlClientTest, prepare_curl_callback_may_close_the_client) {
  reply({ok("body")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest request(server->url());
  request.prepare_curl_callback = [&](void*) { client.close(); };
  EXPECT_THROW(fetch_with(client, request), httpclient::HTTPStreamClosedError);
  EXPECT_EQ(server->connections, 0);
}

TEST_F(CurlClientTest, a_prepared_timeout_is_a_timeout) {
  serve([](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  HTTPRequest request(server->url());
  request.request_timeout = 0;
  request.prepare_curl_callback = [](void* easy) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20L);
  };
  EXPECT_THROW(fetch(request), httpclient::HTTPTimeoutError);
}

// ---- digest -------------------------------------------------------------------------------------

std::string challenge(int code, const std::string& field, const std::string& body = "no") {
  return "HTTP/1.1 " + std::to_string(code) + " No\r\n" + field +
         ": Digest realm=\"r\", nonce=\"abc\", qop=\"auth\", algorithm=MD5\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// HC-24
TEST_F(CurlClientTest, digest_authentication) {
  reply({challenge(401, "WWW-Authenticate"), ok("in")});
  HTTPRequest request(server->url("/secret"));
  request.auth_username = "u";
  request.auth_password = "p";
  request.auth_mode = "digest";
  std::string headers;
  std::string streamed;
  request.header_callback = [&](std::string line) { headers += line; };
  request.streaming_callback = [&](std::string piece) { streamed += piece; };
  EXPECT_EQ(fetch(request).code, 200);
  EXPECT_EQ(headers, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(streamed, "in");
  ASSERT_EQ(replies->heads.size(), 2U);
  EXPECT_FALSE(contains(replies->heads[0], "Authorization"));
  EXPECT_TRUE(contains(replies->heads[1],
                       "Authorization: Digest username=\"u\", realm=\"r\", nonce=\"abc\", "
                       "uri=\"/secret\""))
      << replies->heads[1];
  EXPECT_FALSE(contains(replies->heads[1], "u:p"));
}

// HC-24
TEST_F(CurlClientTest, digest_with_a_wrong_password) {
  reply({challenge(401, "WWW-Authenticate", "try again")});
  HTTPRequest request("http://u:wrong@127.0.0.1:" + std::to_string(server->port()) + "/");
  request.auth_mode = "digest";
  const HTTPResponse response = fetch(request, false);
  EXPECT_EQ(response.code, 401);
  EXPECT_EQ(response.body, "try again");
  EXPECT_EQ(replies->heads.size(), 2U);
}

// HC-24
TEST_F(CurlClientTest, digest_with_a_body_producer) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    const std::string first = co_await stream.read_until("\r\n\r\n");
    EXPECT_TRUE(contains(first, "Content-Length: 0\r\n")) << first;
    co_await stream.write(challenge(401, "WWW-Authenticate"));
    got = co_await stream.read_until("0\r\n\r\n");
    co_await stream.write(ok("in"));
  });
  HTTPRequest request(server->url(), "POST");
  request.auth_username = "u";
  request.auth_mode = "digest";
  request.body_producer = [](httpclient::BodyWriter write) -> Future<void> {
    co_await write("hello");
  };
  EXPECT_EQ(fetch(request).body, "in");
  EXPECT_TRUE(got.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n")) << got;
}

// HC-12
TEST_F(CurlClientTest, digest_credentials_do_not_go_to_another_server) {
  reply({challenge(401, "WWW-Authenticate")});
  const std::string there = server->url("/x");
  auto there_replies = std::move(replies);
  reply({challenge(401, "WWW-Authenticate"),
         "HTTP/1.1 302 Go\r\nLocation: " + there + "\r\nContent-Length: 0\r\n\r\n"});
  HTTPRequest request(server->url());
  request.auth_username = "u";
  request.auth_password = "p";
  request.auth_mode = "digest";
  EXPECT_EQ(fetch(request, false).code, 401);
  ASSERT_EQ(there_replies->heads.size(), 1U);
  EXPECT_FALSE(contains(there_replies->heads[0], "Authorization"));
}

// RFC 9110 10.1.1: a client that gets a 417 repeats the request without the expectation.
// HC-17
TEST_F(CurlClientTest, a_server_that_refuses_the_expectation) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    for (;;) {
      const std::string head = co_await stream.read_until("\r\n\r\n");
      if (contains(head, "Expect: 100-continue")) {
        co_await stream.write("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
      } else {
        got = head + co_await stream.read_bytes(4);
        co_await stream.write(ok("thanks"));
      }
    }
  });
  HTTPRequest request(server->url(), "POST");
  request.body = "body";
  request.expect_100_continue = true;
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_TRUE(got.ends_with("\r\n\r\nbody")) << got;
  got.clear();
  request.expect_100_continue = false;
  request.headers.add("Expect", "100-continue");
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_TRUE(got.ends_with("\r\n\r\nbody")) << got;
}

// ---- https --------------------------------------------------------------------------------------

// A TLS server that says whether its connection resumed a session, and closes it on request.
class CurlTlsTest : public CurlClientTest {
 protected:
  CurlTlsTest() {
    serve_tls([](iostream::SSLIOStream secure) -> Future<void> {
      const std::string session = secure.session_reused() ? "resumed" : "new";
      for (;;) {
        const std::string head = co_await secure.read_until("\r\n\r\n");
        const bool last = contains(head, "GET /last ");
        const std::string reply = ok(session, last ? "Connection: close\r\n" : "");
        co_await secure.write(reply);
        if (last) secure.close();
      }
    });
  }
  HTTPRequest trusting(const std::string& path) const {
    HTTPRequest request("https://127.0.0.1:" + std::to_string(server->port()) + path);
    request.ca_certs = authority().file();
    return request;
  }
};

TEST_F(CurlTlsTest, https_is_checked_and_the_connection_kept) {
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, trusting("/")).body, "new");
  const HTTPResponse second = fetch_with(client, trusting("/"));
  EXPECT_EQ(second.body, "new");
  EXPECT_EQ(second.time_info.appconnect, 0) << "no second handshake";
  EXPECT_EQ(server->connections, 1);
}

TEST_F(CurlTlsTest, RFC_8446_2_2_the_next_connection_resumes_the_session) {
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, trusting("/last")).body, "new");
  EXPECT_EQ(fetch_with(client, trusting("/last")).body, "resumed");
  EXPECT_EQ(fetch_with(client, trusting("/last")).body, "resumed");
  EXPECT_EQ(server->connections, 3);
  EXPECT_EQ(fetch(trusting("/last")).body, "new") << "another client";
}

TEST_F(CurlTlsTest, a_client_that_checks_resumes_no_session_of_one_that_does_not) {
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest careless = trusting("/last");
  careless.validate_cert = false;
  EXPECT_EQ(fetch_with(client, careless).body, "new");
  EXPECT_EQ(fetch_with(client, trusting("/last")).body, "new");
  EXPECT_EQ(fetch_with(client, careless).body, "resumed");
  EXPECT_EQ(fetch_with(client, trusting("/last")).body, "resumed");
  HTTPRequest of_the_system = trusting("/last");
  of_the_system.ca_certs.reset();
  EXPECT_THROW(fetch_with(client, of_the_system), CurlError);
}

// ---- proxies ------------------------------------------------------------------------------------

// HC-23 HC-24
TEST_F(CurlClientTest, an_http_proxy_gets_the_whole_url) {
  reply({ok("by proxy")});
  HTTPRequest request = proxied("http://example.invalid/path?q");
  EXPECT_EQ(fetch(request).body, "by proxy");
  EXPECT_TRUE(replies->heads.at(0).starts_with(
      "GET http://example.invalid/path?q HTTP/1.1\r\nHost: example.invalid\r\n"))
      << replies->heads[0];
  EXPECT_FALSE(contains(replies->heads[0], "Proxy-Authorization"));
  request.proxy_username = "u";
  request.proxy_password = "p";
  fetch(request);
  EXPECT_TRUE(contains(replies->heads.at(1), "\r\nProxy-Authorization: Basic dTpw\r\n"));
}

// HC-23
TEST_F(CurlClientTest, digest_for_a_proxy) {
  reply({challenge(407, "Proxy-Authenticate"), ok("by proxy")});
  HTTPRequest request = proxied("http://example.invalid/");
  request.proxy_username = "u";
  request.proxy_password = "p";
  request.proxy_auth_mode = "digest";
  EXPECT_EQ(fetch(request).body, "by proxy");
  EXPECT_TRUE(contains(replies->heads.at(1), "\r\nProxy-Authorization: Digest username=\"u\""));
}

// HC-23
TEST_F(CurlClientTest, the_environment_names_no_proxy) {
  reply({ok("direct")});
  ::setenv("http_proxy", "http://127.0.0.1:9/", 1);
  EXPECT_EQ(fetch(server->url()).body, "direct");
  ::unsetenv("http_proxy");
}

// Reads a CONNECT, responds to it, and relays bytes to its target.
struct Tunnel {
  static Future<void> pass(iostream::IOStream from, iostream::IOStream to) {
    for (;;) {
      const std::string bytes = co_await from.read_bytes(65536, true);
      co_await to.write(bytes);
    }
  }
  static Future<void> run(Tunnel* self, iostream::IOStream stream) {
    self->heads.push_back(co_await stream.read_until("\r\n\r\n"));
    co_await stream.write(self->answer);
    if (!self->answer.starts_with("HTTP/1.1 200")) co_return;
    netutil::Socket socket(netutil::Family::kInet);
    const iostream::IOStream out(std::move(socket));
    co_await out.connect(netutil::Address("127.0.0.1", self->port));
    auto back = pass(out, stream);
    auto there = pass(stream, out);
    try {
      co_await back;
    } catch (const iostream::StreamClosedError&) {
    }
    stream.close();
    co_await there;
  }

  std::uint16_t port = 0;
  std::string answer = "HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n";
  std::vector<std::string> heads;
};

class CurlTunnelTest : public CurlClientTest {
 protected:
  // A TLS server that responds with `ok("secret")`, and a proxy in front of it.
  CurlTunnelTest() {
    serve_tls([this](iostream::SSLIOStream secure) -> Future<void> {
      for (;;) {
        inner_heads.push_back(co_await secure.read_until("\r\n\r\n"));
        co_await secure.write(ok("secret"));
      }
    });
    target = "localhost:" + std::to_string(server->port());
    tunnel.port = server->port();
    serve([this](iostream::IOStream stream, int) { return Tunnel::run(&tunnel, stream); });
  }

  HTTPRequest tunnelled() const {
    HTTPRequest request = proxied("https://" + target + "/");
    request.ca_certs = authority().file();
    return request;
  }

  Tunnel tunnel;
  std::string target;
  std::vector<std::string> inner_heads;
};

// HC-23 HC-24
TEST_F(CurlTunnelTest, https_goes_through_a_tunnel) {
  HTTPRequest request = tunnelled();
  request.auth_username = "u";
  request.auth_password = "p";
  request.headers = {{"Cookie", "a=b"}};
  request.proxy_username = "pu";
  request.proxy_password = "pp";
  std::string headers;
  request.header_callback = [&](std::string line) { headers += line; };
  const HTTPResponse response = fetch(request);
  EXPECT_EQ(response.body, "secret");
  EXPECT_GT(response.time_info.appconnect, 0);
  EXPECT_EQ(headers, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
  ASSERT_EQ(tunnel.heads.size(), 1U);
  EXPECT_TRUE(tunnel.heads[0].starts_with("CONNECT " + target + " HTTP/1.1\r\n"));
  EXPECT_TRUE(contains(tunnel.heads[0], "Proxy-Authorization: Basic cHU6cHA=\r\n"));
  EXPECT_FALSE(contains(tunnel.heads[0], "\r\nAuthorization")) << "the proxy must not see it";
  EXPECT_FALSE(contains(tunnel.heads[0], "Cookie"));
  EXPECT_TRUE(contains(inner_heads.at(0), "Cookie: a=b\r\n"));
  EXPECT_TRUE(contains(inner_heads[0], "\r\nAuthorization: Basic dTpw\r\n"));
  EXPECT_FALSE(contains(inner_heads[0], "Proxy-")) << "nor the server the proxy's";
}

TEST_F(CurlTunnelTest, a_proxy_that_refuses) {
  tunnel.answer = "HTTP/1.1 403 Never\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THROW(fetch(tunnelled()), CurlError);
  EXPECT_TRUE(inner_heads.empty());
}

TEST_F(CurlTunnelTest, a_certificate_is_checked) {
  HTTPRequest request = tunnelled();
  request.ca_certs.reset();
  EXPECT_THROW(fetch(request), CurlError);
  EXPECT_TRUE(inner_heads.empty());
  request.validate_cert = false;
  EXPECT_EQ(fetch(request).body, "secret");
  // A request that asks for verification must not reuse an unverified connection.
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, request).body, "secret");
  request.validate_cert = true;
  EXPECT_THROW(fetch_with(client, request), CurlError);
}

}  // namespace
}  // namespace tornado::test
