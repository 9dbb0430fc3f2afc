// Signatures, against the examples of RFC 5849 and of Twitter's documentation.
#include "web/auth/oauth_signature.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tornado::auth {
namespace {

const Parameters kPrinter = {{"oauth_consumer_key", "dpf43f3p2l4k3l03"},
                             {"oauth_signature_method", "HMAC-SHA1"}};
constexpr const char* kPrinterSecret = "kd94hf93k423kf44";

Parameters printer(const Parameters& more) {
  Parameters all = kPrinter;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string sign(const std::string& method, const std::string& url, const Parameters& parameters,
                 const std::string& token_secret) {
  return hmac_sha1_signature(signature_base_string(method, url, parameters), kPrinterSecret,
                             token_secret);
}

// Section 1.2, the three requests of the printer.
// AU-02
TEST(OAuthSignature, rfc_5849_the_printer_asks_for_temporary_credentials) {
  EXPECT_EQ(sign("POST", "https://photos.example.net/initiate",
                 printer({{"oauth_timestamp", "137131200"},
                          {"oauth_nonce", "wIjqoS"},
                          {"oauth_callback", "http://printer.example.com/ready"}}),
                 ""),
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");
}

// AU-02
TEST(OAuthSignature, rfc_5849_the_printer_asks_for_token_credentials) {
  EXPECT_EQ(sign("POST", "https://photos.example.net/token",
                 printer({{"oauth_token", "hh5s93j4hdidpola"},
                          {"oauth_timestamp", "137131201"},
                          {"oauth_nonce", "walatlh"},
                          {"oauth_verifier", "hfdp7dh39dks9884"}}),
                 "hdhd0244k9j7ao03"),
            "gKgrFCywp7rO0OXSjdot/IHF7IU=");
}

// AU-02
TEST(OAuthSignature, rfc_5849_the_printer_gets_the_photo) {
  EXPECT_EQ(sign("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original",
                 printer({{"oauth_token", "nnch734d00sl2jdk"},
                          {"oauth_timestamp", "137131202"},
                          {"oauth_nonce", "chapoH"}}),
                 "pfkkdhi9sl3r4s00"),
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}

// Section 3.4.1: query, form and Authorization together.
// AU-02
TEST(OAuthSignature, rfc_5849_the_base_string_of_section_3_4_1) {
  const std::string base =
      signature_base_string("POST", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
                            {{"oauth_consumer_key", "9djdj82h48djs9d2"},
                             {"oauth_token", "kkk9d7dh3k39sjv7"},
                             {"oauth_signature_method", "HMAC-SHA1"},
                             {"oauth_timestamp", "137131201"},
                             {"oauth_nonce", "7d8f3e4a"},
                             {"c2", ""},
                             {"a3", "2 q"}});
  EXPECT_EQ(base,
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D"
            "%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26"
            "oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D"
            "137131201%26oauth_token%3Dkkk9d7dh3k39sjv7");
}

// AU-06
TEST(OAuthSignature, the_example_of_twitter) {
  const std::string base = signature_base_string(
      "post", "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
      {{"status", "Hello Ladies + Gentlemen, a signed OAuth request!"},
       {"oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"},
       {"oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"},
       {"oauth_signature_method", "HMAC-SHA1"},
       {"oauth_timestamp", "1318622958"},
       {"oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"},
       {"oauth_version", "1.0"}});
  EXPECT_EQ(hmac_sha1_signature(base, "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                                "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
            "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
}

// Section 3.4.1.2.
// AU-02
TEST(OAuthSignature, the_address_has_no_query_and_no_usual_port) {
  const auto address = [](const std::string& url) {
    const std::string base = signature_base_string("GET", url, {});
    return base.substr(4, base.rfind('&') - 4);
  };
  EXPECT_EQ(address("HTTP://Example.Com:80/r%20v/X"), "http%3A%2F%2Fexample.com%2Fr%2520v%2FX");
  EXPECT_EQ(address("https://www.example.net:8080/?q=1"),
            "https%3A%2F%2Fwww.example.net%3A8080%2F");
  EXPECT_EQ(address("https://example.net:443"), "https%3A%2F%2Fexample.net%2F");
  EXPECT_EQ(address("http://[::1]:8888/a"), "http%3A%2F%2F%5B%3A%3A1%5D%3A8888%2Fa");
  EXPECT_THROW(signature_base_string("GET", "/relative", {}), std::invalid_argument);
}

// Section 3.6.
// AU-02
TEST(OAuthSignature, everything_but_the_unreserved_is_escaped) {
  EXPECT_EQ(oauth_escape("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(oauth_escape(" +/&=%\xe2\x98\x83"), "%20%2B%2F%26%3D%25%E2%98%83");
  EXPECT_EQ(oauth_escape(""), "");
}

// Section 3.4.2: secrets are escaped too.
// AU-02
TEST(OAuthSignature, a_secret_may_have_any_character) {
  EXPECT_EQ(hmac_sha1_signature("x", "a&b", "c"), hmac_sha1_signature("x", "a&b", "c"));
  EXPECT_NE(hmac_sha1_signature("x", "a&b", "c"), hmac_sha1_signature("x", "a", "b&c"));
}

// Section 3.5.1.
// AU-02
TEST(OAuthSignature, the_authorization_field) {
  EXPECT_EQ(oauth_authorization({{"oauth_nonce", "a b"}, {"oauth_signature", "x/y="}}),
            "OAuth oauth_nonce=\"a%20b\", oauth_signature=\"x%2Fy%3D\"");
}

}  // namespace
}  // namespace tornado::auth
