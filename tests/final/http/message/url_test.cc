#include "http/message/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/httputil.h>

namespace tornado::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Host, good_hosts) {
  for (const char* host : {"", "a", "a.b", "127.0.0.1:8888", "a:", "a:0", "[::1]", "[::1]:80",
                           "[v1.fe]", "a%41b", "-._~!$&'()*+;=", "xn--bcher-kva.example:65536"}) {
    EXPECT_TRUE(is_valid_host(host)) << host;
  }
}

TEST(Host, bad_hosts) {
  for (const char* host :
       {"a b",      "a,b",  "a/b",  "a?b",    "a#b",     "a@b",     "a:b", "a:1:2", "::1",
        "[::1",     "::1]", "[]",   "[::1]x", "[::1]:x", "[[::1]]", "a%4", "a%",    "a%zz",
        "\xC3\xA9", "a\tb", "a\\b", ":80",    ":",       "a:+1",    "<a>"}) {
    EXPECT_FALSE(is_valid_host(host)) << host;
  }
}

TEST(Host, host_name) {
  EXPECT_EQ("example.com", host_name("Example.COM:8888"));
  EXPECT_EQ("example.com", host_name("example.com"));
  EXPECT_EQ("[::1]", host_name("[::1]:80"));
  EXPECT_EQ("", host_name(""));
}

TEST(AbsoluteTargets, parts) {
  AbsoluteTarget parts;
  ASSERT_TRUE(split_absolute_target("http://a:1/b?c", parts));
  EXPECT_EQ("a:1", parts.authority);
  EXPECT_EQ("/b?c", parts.path_and_query);
  ASSERT_TRUE(split_absolute_target("hTTps://a?c:d//e", parts));
  EXPECT_EQ("?c:d//e", parts.path_and_query);
  for (const char* target : {"http", "http:", "http:/a", "http://", "http://:80", "//a/b", "x://a",
                             "a:80", "http://a#f", "http://u:p@a/"}) {
    EXPECT_FALSE(split_absolute_target(target, parts)) << target;
  }
}

}  // namespace
}  // namespace tornado::http

namespace tornado::httputil {
namespace {

using testing::ElementsAre;
using testing::Pair;

// HU-12
TEST(UrlConcat, keeps_query_and_fragment) {
  const std::vector<std::pair<std::string, std::string>> args = {{"y", "y"}, {"z", "z"}};
  EXPECT_EQ("https://localhost/path?y=y&z=z", url_concat("https://localhost/path", args));
  EXPECT_EQ("https://localhost/path?y=y&z=z", url_concat("https://localhost/path?", args));
  EXPECT_EQ("https://localhost/path?x=&y=y&z=z", url_concat("https://localhost/path?x", args));
  EXPECT_EQ("https://localhost/path?x=&y=y&z=z", url_concat("https://localhost/path?x&", args));
  EXPECT_EQ("https://localhost/path?a=1&b=2&y=y&z=z",
            url_concat("https://localhost/path?a=1&b=2", args));
  EXPECT_EQ("https://localhost/path?y=y&z=z#tab", url_concat("https://localhost/path#tab", args));
  EXPECT_EQ("/p?a=1&y=y&z=z#t?x", url_concat("/p?a=1#t?x", args));
}

// HU-12
TEST(UrlConcat, encodes) {
  EXPECT_EQ("/p?y=%2Fa+b%26&y=2", url_concat("/p", {{"y", "/a b&"}, {"y", "2"}}));
  EXPECT_EQ("/p?a=b+c&y=%C3%A9", url_concat("/p?a=b%20c", {{"y", "\xC3\xA9"}}));
}

// HU-12
TEST(UrlConcat, without_arguments_changes_nothing) {
  EXPECT_EQ("/p?a b#c", url_concat("/p?a b#c", {}));
}

// HU-15
TEST(SplitHostAndPort, a_port_is_a_number_from_0_to_65535) {
  using Result = std::pair<std::string, std::optional<int>>;
  EXPECT_EQ(Result("localhost", 80), split_host_and_port("localhost:80"));
  EXPECT_EQ(Result("localhost", std::nullopt), split_host_and_port("localhost"));
  EXPECT_EQ(Result("[::1]", 8080), split_host_and_port("[::1]:8080"));
  EXPECT_EQ(Result("[::1]", std::nullopt), split_host_and_port("[::1]"));
  EXPECT_EQ(Result("a:", std::nullopt), split_host_and_port("a:"));
  EXPECT_EQ(Result("a:-1", std::nullopt), split_host_and_port("a:-1"));
  EXPECT_EQ(Result("a:65536", std::nullopt), split_host_and_port("a:65536"));
  EXPECT_EQ(Result("a", 65535), split_host_and_port("a:65535"));
  EXPECT_EQ(Result(":80", std::nullopt), split_host_and_port(":80"));
  EXPECT_EQ(Result("", std::nullopt), split_host_and_port(""));
}

// HU-15
TEST(EncodeUsernamePassword, one_colon_between_both) {
  EXPECT_EQ("user:pass:word", encode_username_password("user", "pass:word"));
  EXPECT_EQ("\xC3\xA4:", encode_username_password("\xC3\xA4", ""));
}

// HU-15
TEST(QsToQsl, a_pair_for_each_value) {
  const Arguments arguments = {{"b", {"1", "2"}}, {"a", {"3"}}, {"c", {}}};
  EXPECT_THAT(qs_to_qsl(arguments), ElementsAre(Pair("a", "3"), Pair("b", "1"), Pair("b", "2")));
}

}  // namespace
}  // namespace tornado::httputil
