#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/httputil.h>

#include <string>

namespace tornado::httputil {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

HTTPServerRequest form_request(std::string body, HTTPHeaders headers = {}) {
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  return HTTPServerRequest({"POST", "/p?a=1&b=2", "HTTP/1.1"}, std::move(headers), std::move(body));
}

// HU-04
TEST(ServerRequest, attributes) {
  const HTTPServerRequest request({"GET", "/a%20b?c=d?e", "HTTP/1.1"}, {{"Host", "Example.com:81"}},
                                  "body");
  EXPECT_EQ("GET", request.method);
  EXPECT_EQ("/a%20b?c=d?e", request.uri);
  EXPECT_EQ("/a%20b", request.path);
  EXPECT_EQ("c=d?e", request.query);
  EXPECT_EQ("HTTP/1.1", request.version);
  EXPECT_EQ("body", request.body);
  EXPECT_EQ("Example.com:81", request.host);
  EXPECT_EQ("example.com", request.host_name());
  EXPECT_EQ("http", request.protocol);
  EXPECT_EQ(nullptr, request.connection);
  EXPECT_EQ("Example.com:81", request.headers["Host"]);
}

// HU-04
TEST(ServerRequest, without_a_query) {
  const HTTPServerRequest request({"GET", "/a", "HTTP/1.1"});
  EXPECT_EQ("/a", request.path);
  EXPECT_EQ("", request.query);
  EXPECT_THAT(request.arguments(), IsEmpty());
  EXPECT_THAT(request.cookies(), IsEmpty());
  EXPECT_THAT(request.files(), IsEmpty());
}

// HU-07
TEST(ServerRequest, default_host) {
  EXPECT_EQ("127.0.0.1", HTTPServerRequest({"GET", "/", "HTTP/1.0"}).host);
  EXPECT_EQ("", HTTPServerRequest({"GET", "/", "HTTP/1.1"}, {{"Host", ""}}).host);
}

// HU-05
TEST(ServerRequest, full_url_and_time) {
  HTTPServerRequest request({"GET", "/a?b", "HTTP/1.1"}, {{"Host", "h:1"}});
  EXPECT_EQ("http://h:1/a?b", request.full_url());
  request.protocol = "https";
  EXPECT_EQ("https://h:1/a?b", request.full_url());
  const double first = request.request_time();
  EXPECT_GE(first, 0);
  EXPECT_GE(request.request_time(), first);
  EXPECT_LT(request.request_time(), 60);
}

// HU-06: query first, then the body, per name.
TEST(ServerRequest, arguments_merge) {
  HTTPServerRequest request = form_request("a=3&c=");
  EXPECT_THAT(request.arguments(),
              ElementsAre(Pair("a", ElementsAre("1")), Pair("b", ElementsAre("2"))));
  EXPECT_THAT(request.body_arguments(), IsEmpty());
  request.parse_body();
  EXPECT_THAT(request.body_arguments(),
              ElementsAre(Pair("a", ElementsAre("3")), Pair("c", ElementsAre(""))));
  EXPECT_THAT(request.query_arguments(),
              ElementsAre(Pair("a", ElementsAre("1")), Pair("b", ElementsAre("2"))));
  EXPECT_THAT(request.arguments(),
              ElementsAre(Pair("a", ElementsAre("1", "3")), Pair("b", ElementsAre("2")),
                          Pair("c", ElementsAre(""))));
}

// HU-06
TEST(ServerRequest, moving_keeps_everything) {
  HTTPServerRequest request = form_request("a=3");
  request.parse_body();
  request.arguments();
  HTTPServerRequest moved = std::move(request);
  EXPECT_EQ("/p", moved.path);
  EXPECT_THAT(moved.arguments().at("a"), ElementsAre("1", "3"));
  EXPECT_EQ("application/x-www-form-urlencoded", moved.headers["content-type"]);
}

// HU-09
TEST(ServerRequest, parse_body_reads_files) {
  HTTPServerRequest request(
      {"POST", "/", "HTTP/1.1"}, {{"Content-Type", "multipart/form-data; boundary=B"}},
      "--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\ndata\r\n--B--\r\n");
  request.parse_body();
  EXPECT_EQ("data", request.files().at("f")[0].body);
}

// HU-09
TEST(ServerRequest, parse_body_leaves_other_bodies) {
  HTTPServerRequest request({"POST", "/", "HTTP/1.1"}, {{"Content-Type", "application/json"}},
                            "{\"a\": 1}");
  request.parse_body();
  EXPECT_THAT(request.body_arguments(), IsEmpty());
  EXPECT_EQ("{\"a\": 1}", request.body);
}

// HU-09
TEST(ServerRequest, a_broken_form_throws_and_leaves_nothing_behind) {
  HTTPServerRequest request(
      {"POST", "/", "HTTP/1.1"}, {{"Content-Type", "multipart/form-data; boundary=B"}},
      "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B\r\nbroken--B--\r\n");
  EXPECT_THROW(request.parse_body(), HTTPInputError);
  EXPECT_THAT(request.body_arguments(), IsEmpty());
}

TEST(ServerRequest, an_encoded_form_throws) {
  HTTPServerRequest request = form_request("a=1", {{"Content-Encoding", "gzip"}});
  EXPECT_THROW(request.parse_body(), HTTPInputError);
}

// HU-10: the global limits are those of parse_body().
TEST(ServerRequest, set_parse_body_config) {
  HTTPServerRequest request({"POST", "/", "HTTP/1.1"},
                            {{"Content-Type", "multipart/form-data; boundary=B"}},
                            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--\r\n");
  set_parse_body_config({.multipart = {.enabled = false}});
  EXPECT_THROW(request.parse_body(), HTTPInputError);
  set_parse_body_config({.multipart = {.max_parts = 1}});
  EXPECT_THROW(request.parse_body(), HTTPInputError);
  set_parse_body_config({});
  request.parse_body();
  EXPECT_THAT(request.body_arguments(), ElementsAre(Pair("a", ElementsAre("1"))));
}

}  // namespace
}  // namespace tornado::httputil
