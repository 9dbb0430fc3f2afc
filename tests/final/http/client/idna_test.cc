// Hosts with names in all scripts: the names sent for them, and the names refused.
#include "http/client/idna.h"

#include "each_client.h"

namespace tornado::test {
namespace {

using httpclient::HTTPRequest;

// Returns the URL that is fetched, or why there is none.
std::string encoded(std::string url) {
  if (!http::has_international_host(url)) return "is ASCII";
  const std::string reason = http::encode_host(url);
  return reason.empty() ? url : reason;
}

TEST(Idna, hosts_become_ascii_and_the_rest_stays) {
  EXPECT_EQ(encoded("http://bücher.example/ü?ü#ü"), "http://xn--bcher-kva.example/ü?ü#ü");
  EXPECT_EQ(encoded("https://me:pässword@BÜCHER.example:8443"),
            "https://me:pässword@xn--bcher-kva.example:8443");
  EXPECT_EQ(encoded("http://www.例え.テスト?q"), "http://www.xn--r8jz45g.xn--zckzah?q");
  EXPECT_EQ(encoded("http://faß.example/"), "http://xn--fa-hia.example/") << "not fass (UTS 46)";
  EXPECT_EQ(encoded("http://bu\u0308cher.example/"), "http://xn--bcher-kva.example/")
      << "a letter and its dots";
  EXPECT_EQ(encoded("http://bücher。example/"), "http://xn--bcher-kva.example/")
      << "an ideographic full stop";
}

TEST(Idna, what_is_ascii_is_left_alone) {
  for (const char* url : {"http://example.org/ü", "http://ü@example.org/", "http://h?ü", "ü", "",
                          "http:/ü", "http://[::1]:80/ü", "http://h:ü/"}) {
    EXPECT_EQ(encoded(url), "is ASCII") << url;
  }
}

TEST(Idna, names_that_are_none) {
  const std::string refused = "invalid international host in URL (";
  for (const std::string& url :
       {std::string("http://b\xFC"
                    "cher.example/"),
        "http://" + std::string(64, 'a') + "ü.example/", std::string("http://ü\0.example/", 19),
        std::string("http://\u200D\u00FC.example/")}) {
    EXPECT_TRUE(encoded(url).starts_with(refused)) << encoded(url);
  }
}

// If a host could turn into another URL, a request would go to the wrong server.
TEST(Idna, no_character_becomes_a_mark_of_the_url) {
  for (const char* url :
       {"http://evil.example／.example.org/", "http://evil.example？.example.org/",
        "http://evil.example＃.example.org/", "http://a＠evil.example/", "http://h：8080/",
        "http://ü\x01.example/", "http://ü .example/", "http://ü%41.example/"}) {
    EXPECT_TRUE(encoded(url).starts_with("invalid international host in URL (")) << encoded(url);
  }
}

class IdnaClientTest : public EachClientTest {
 protected:
  void map_to_server(const std::string& host) {
    netutil::OverrideResolver::Entry entry(host, "127.0.0.1");
    entry.new_port = server->port();
    options.hostname_mapping.push_back(entry);
  }
};

INSTANTIATE_TEST_SUITE_P(, IdnaClientTest, implementations(), implementation_name);

// HC-07
TEST_P(IdnaClientTest, a_fetch_asks_for_the_ascii_name) {
  reply({ok("found")});
  map_to_server("xn--bcher-kva.example");
  const auto response = fetch("http://bücher.example/ü");
  EXPECT_EQ(response.body, "found");
  EXPECT_EQ(response.effective_url, "http://xn--bcher-kva.example/ü");
  EXPECT_EQ(response.request->url, "http://bücher.example/ü");
  EXPECT_NE(replies->heads.at(0).find("GET /%C3%BC HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n"),
            std::string::npos)
      << replies->heads[0];
}

// HC-12
TEST_P(IdnaClientTest, a_redirect_leads_there_too) {
  reply({"HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: http://bücher.example/\r\n\r\n",
         ok("found")});
  map_to_server("xn--bcher-kva.example");
  HTTPRequest request(server->url());
  request.auth_username = "me";
  EXPECT_EQ(fetch(request).body, "found");
  EXPECT_EQ(replies->heads.at(1).find("Authorization"), std::string::npos);
}

TEST_P(IdnaClientTest, a_redirect_to_a_name_that_is_none) {
  reply(
      {"HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: http://b\xFC"
       "cher.example/\r\n\r\n"});
  try {
    fetch(server->url());
    FAIL();
  } catch (const httpclient::HTTPClientError& error) {
    EXPECT_NE(std::string(error.what()).find("invalid host in URL"), std::string::npos)
        << error.what();
  }
}

// HC-21
TEST_P(IdnaClientTest, a_name_that_is_none_fails_the_future) {
  try {
    fetch(
        "http://b\xFC"
        "cher.example/");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).find("invalid international host in URL ("), 0U)
        << error.what();
  }
}

}  // namespace
}  // namespace tornado::test
