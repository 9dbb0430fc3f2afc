// The client's codecs: URLs, request heads, redirects, the response reader, the gzip decoder.
#include <gtest/gtest.h>
#include <zlib.h>

#include <stdexcept>
#include <string>

#include "../gzip_tool.h"
#include "base/text/base64.h"
#include "http/client/request.h"
#include "http/client/response_reader.h"
#include "http/client/url.h"
#include "http/message/gzip_decoder.h"

namespace tornado::http {
namespace {

using httpclient::HTTPRequest;
using test::gzip;

TEST(Base64, RFC_4648_10) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode("\xff\xfe\x00z"), "//4=");
  EXPECT_EQ(base64_encode(std::string_view("\xff\x00\xfe", 3)), "/wD+");
}

// ---- URLs ---------------------------------------------------------------------------------------

TEST(ClientUrl, the_parts) {
  ClientUrl url;
  ASSERT_EQ(parse_client_url("https://u%40:p:w@Example.org:8443/a/b?c=d#e", url), nullptr);
  EXPECT_TRUE(url.https);
  EXPECT_TRUE(url.has_userinfo);
  EXPECT_EQ(url.username, "u%40");
  EXPECT_EQ(url.password, "p:w");
  EXPECT_EQ(url.authority, "Example.org:8443");
  EXPECT_EQ(url.host, "Example.org");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path_and_query, "/a/b?c=d");
}

TEST(ClientUrl, what_is_left_out) {
  ClientUrl url;
  ASSERT_EQ(parse_client_url("HTTP://h", url), nullptr);
  EXPECT_FALSE(url.https);
  EXPECT_FALSE(url.has_userinfo);
  EXPECT_EQ(url.port, 80);
  EXPECT_EQ(url.path_and_query, "");
  ASSERT_EQ(parse_client_url("https://h:?q", url), nullptr);
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.path_and_query, "?q");
  ASSERT_EQ(parse_client_url("http://[::1]:81/", url), nullptr);
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.authority, "[::1]:81");
  EXPECT_EQ(url.port, 81);
  ASSERT_EQ(parse_client_url("http://h#/not?a#path", url), nullptr);
  EXPECT_EQ(url.path_and_query, "");
}

TEST(ClientUrl, what_is_refused) {
  for (const std::string text : {"",
                                 "h",
                                 "/path",
                                 "ftp://h/",
                                 "http:/h",
                                 "http:h",
                                 "http://",
                                 "http:///p",
                                 "http://:80/",
                                 "http://h:0/",
                                 "http://h:65536/",
                                 "http://h:8x/",
                                 "http://[::1/",
                                 "http://a,b/",
                                 "http://h/a b",
                                 "http://h/\r\nX: y",
                                 "http://h\n/",
                                 "http://h/\x7f",
                                 "http://u@/",
                                 "://h",
                                 "http://h\\@evil/",
                                 "http://a@b@c/"}) {
    ClientUrl url;
    EXPECT_NE(parse_client_url(text, url), nullptr) << text;
  }
}

TEST(ClientUrl, the_target_of_the_request_line) {
  const auto target = [](std::string_view text) {
    std::string out;
    append_target(out, text);
    return out;
  };
  EXPECT_EQ(target(""), "/");
  EXPECT_EQ(target("?a=b"), "/?a=b");
  EXPECT_EQ(target("/a%20b?\"c\""), "/a%20b?\"c\"");
  EXPECT_EQ(target("/caf\xc3\xa9"), "/caf%C3%A9");
}

TEST(ClientUrl, RFC_3986_5_4_references) {
  const std::string base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"http://b/x", "http://b/x"},
      // Beyond the RFC: blanks, which no reference may contain.
      {"g h", "http://a/b/c/g%20h"},
      {"/g h/../i j", "http://a/i%20j"},
      {"?y z", "http://a/b/c/d;p?y%20z"},
      {"#s  t", "http://a/b/c/d;p?q#s%20%20t"},
      {"//g/h i", "http://g/h%20i"},
      {"http://b/x y?z w", "http://b/x%20y?z%20w"},
      {"//g h/", "http://g h/"},
      {"/g\th", "http://a/g\th"},
  };
  for (const auto& [reference, joined] : cases) EXPECT_EQ(join_url(base, reference), joined);
  EXPECT_EQ(join_url("http://a", "g"), "http://a/g");
  EXPECT_EQ(join_url("http://a/b#f", "g"), "http://a/g#f") << "RFC 9110 10.2.2";
}

// ---- request heads ------------------------------------------------------------------------------

std::string head_of(const HTTPRequest& request, bool keep_alive = false) {
  ClientUrl url;
  EXPECT_EQ(parse_client_url(request.url, url), nullptr);
  check_request(request, url);
  std::string out;
  append_request_head(out, request, url, keep_alive);
  return out;
}

const std::string kAgent = "User-Agent: Tornado/0.1.0\r\n";

// HC-14
TEST(ClientRequest, the_usual_head) {
  EXPECT_EQ(head_of(HTTPRequest("http://127.0.0.1:9921/p?q=1#f")),
            "GET /p?q=1 HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:9921\r\n" + kAgent +
                "Accept-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(head_of(HTTPRequest("http://h"), true),
            "GET / HTTP/1.1\r\nHost: h\r\n" + kAgent + "Accept-Encoding: gzip\r\n\r\n");
}

// HC-14
TEST(ClientRequest, everything_in_its_order) {
  HTTPRequest request("http://user:pass@h:81/", "POST");
  request.headers.add("X-Own", "1");
  request.headers.add("If-Modified-Since", "Fri, 02 Jan 1970 00:00:00 GMT");
  request.if_modified_since = 0;
  request.body = "abc";
  request.expect_100_continue = true;
  EXPECT_EQ(head_of(request),
            "POST / HTTP/1.1\r\nX-Own: 1\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Connection: close\r\nHost: h:81\r\nAuthorization: Basic dXNlcjpwYXNz\r\n" +
                kAgent +
                "Expect: 100-continue\r\nContent-Length: 3\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nAccept-Encoding: gzip\r\n\r\n");
}

// HC-14
TEST(ClientRequest, own_fields_win_or_are_replaced) {
  HTTPRequest request("http://h/", "POST");
  request.body = "abc";
  request.headers = {{"Host", "other"},           {"User-Agent", "me"},
                     {"Content-Length", "99"},    {"Content-Type", "a/b"},
                     {"Connection", "close"},     {"Accept-Encoding", "br"},
                     {"Authorization", "Basic x"}};
  EXPECT_EQ(head_of(request, true),
            "POST / HTTP/1.1\r\nHost: other\r\nUser-Agent: me\r\nContent-Type: a/b\r\n"
            "Connection: close\r\nAccept-Encoding: br\r\nAuthorization: Basic x\r\n"
            "Content-Length: 3\r\n\r\n");
  request.auth_username = "u";
  request.user_agent = "you";
  EXPECT_EQ(head_of(request, true),
            "POST / HTTP/1.1\r\nHost: other\r\nContent-Type: a/b\r\nConnection: close\r\n"
            "Accept-Encoding: br\r\nAuthorization: Basic dTo=\r\nUser-Agent: you\r\n"
            "Content-Length: 3\r\n\r\n");
}

// HC-16
TEST(ClientRequest, a_producers_body_is_chunked_or_has_its_length) {
  HTTPRequest request("http://h/", "PUT");
  request.body_producer = [](httpclient::BodyWriter) {};
  request.decompress_response = false;
  EXPECT_EQ(head_of(request, true),
            "PUT / HTTP/1.1\r\nHost: h\r\n" + kAgent + "Transfer-Encoding: chunked\r\n\r\n");
  request.headers.add("Content-Length", "7");
  EXPECT_EQ(head_of(request, true),
            "PUT / HTTP/1.1\r\nHost: h\r\n" + kAgent + "Content-Length: 7\r\n\r\n");
}

// HC-22
TEST(ClientRequest, credentials_of_the_url_are_decoded_and_fields_win) {
  HTTPRequest request("http://us%40er:p%3Aw@h/");
  EXPECT_NE(head_of(request).find("Authorization: Basic " + base64_encode("us@er:p:w")),
            std::string::npos);
  request.auth_username = "other";
  request.auth_password = "secret";
  EXPECT_NE(head_of(request).find("Authorization: Basic " + base64_encode("other:secret")),
            std::string::npos);
  request.auth_mode = "digest";
  EXPECT_THROW(head_of(request), std::invalid_argument);
}

// HC-13
TEST(ClientRequest, body_rules) {
  for (const std::string method : {"POST", "PUT", "PATCH"}) {
    HTTPRequest request("http://h/", method);
    EXPECT_THROW(head_of(request), std::invalid_argument) << method;
    request.allow_nonstandard_methods = true;
    EXPECT_NE(head_of(request).find("Content-Length: 0\r\n"), std::string::npos) << "RFC 9110 8.6";
    request.allow_nonstandard_methods = false;
    request.body = "";
    EXPECT_NE(head_of(request).find("Content-Length: 0\r\n"), std::string::npos);
    request.body_producer = [](httpclient::BodyWriter) {};
    EXPECT_THROW(head_of(request), std::invalid_argument) << "both";
  }
  for (const std::string method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
    HTTPRequest request("http://h/", method);
    EXPECT_EQ(head_of(request).find("Content-Length"), std::string::npos) << method;
    request.body = "x";
    try {
      head_of(request);
      FAIL() << method;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()), "Body must be None for method " + method +
                                               " (unless allow_nonstandard_methods is true)");
    }
    request.allow_nonstandard_methods = true;
    EXPECT_NE(head_of(request).find("Content-Length: 1\r\n"), std::string::npos);
  }
}

// HC-21
TEST(ClientRequest, nothing_can_add_a_line) {
  EXPECT_THROW(head_of(HTTPRequest("http://h/", "GET / HTTP/1.1\r\nX:")), std::invalid_argument);
  EXPECT_THROW(head_of(HTTPRequest("http://h/", "")), std::invalid_argument);
  HTTPRequest request("http://h/");
  request.user_agent = "a\r\nX: y";
  EXPECT_THROW(head_of(request), std::invalid_argument);
  EXPECT_THROW(request.headers.add("X", "a\r\nY: z"), std::invalid_argument);
  EXPECT_THROW(request.headers.add("X\r\nY", "z"), std::invalid_argument);
}

TEST(ClientRequest, framing_is_the_clients_business) {
  HTTPRequest request("http://h/");
  request.headers.add("Content-Length", "5");
  EXPECT_THROW(head_of(request), std::invalid_argument) << "a length without a body";
  request.headers.remove("Content-Length");
  request.headers.add("Transfer-Encoding", "chunked");
  EXPECT_THROW(head_of(request), std::invalid_argument);
  HTTPRequest produced("http://h/", "POST");
  produced.body_producer = [](httpclient::BodyWriter) {};
  produced.headers.add("Content-Length", "-1");
  EXPECT_THROW(head_of(produced), std::invalid_argument);
}

TEST(ClientRequest, methods) {
  EXPECT_THROW(head_of(HTTPRequest("http://h/", "BREW")), std::invalid_argument);
  EXPECT_THROW(head_of(HTTPRequest("http://h/", "get")), std::invalid_argument);
  HTTPRequest request("http://h/", "BREW");
  request.allow_nonstandard_methods = true;
  EXPECT_TRUE(head_of(request).starts_with("BREW / HTTP/1.1\r\n"));
  request.method = "CONNECT";
  EXPECT_THROW(head_of(request), std::invalid_argument);
}

// HC-07
TEST(ClientRequest, defaults_fill_what_is_open) {
  HTTPRequest defaults;
  defaults.user_agent = "default";
  defaults.request_timeout = 5;
  defaults.headers = {{"X-A", "1"}, {"X-B", "1"}, {"X-A", "2"}};
  HTTPRequest request("http://h/");
  request.request_timeout = 7;
  request.headers = {{"X-B", "2"}};
  fill_defaults(request, defaults);
  EXPECT_EQ(request.user_agent, "default");
  EXPECT_EQ(request.request_timeout, 7);
  EXPECT_FALSE(request.connect_timeout);
  EXPECT_EQ(request.headers.wire(), "X-B: 2\r\nX-A: 1\r\nX-A: 2\r\n");
}

// ---- redirects ----------------------------------------------------------------------------------

HTTPRequest redirect(const HTTPRequest& request, int code, std::string_view location) {
  ClientUrl url;
  EXPECT_EQ(parse_client_url(request.url, url), nullptr);
  const auto next = redirected(request, url, code, location);
  EXPECT_NE(next, nullptr);
  return next != nullptr ? *next : HTTPRequest();
}

// HC-12
TEST(Redirect, what_becomes_of_the_method_and_the_body) {
  HTTPRequest post("http://h/a", "POST");
  post.body = "x";
  post.headers = {{"Host", "h"},
                  {"Content-Type", "a/b"},
                  {"Content-Encoding", "br"},
                  {"Content-Length", "1"},
                  {"X-Kept", "1"}};
  for (const int code : {301, 302, 303}) {
    const HTTPRequest next = redirect(post, code, "/b");
    EXPECT_EQ(next.url, "http://h/b");
    EXPECT_EQ(next.method, "GET") << code;
    EXPECT_FALSE(next.body) << code;
    EXPECT_EQ(next.headers.wire(), "X-Kept: 1\r\n") << code;
  }
  for (const int code : {307, 308}) {
    const HTTPRequest next = redirect(post, code, "/b");
    EXPECT_EQ(next.method, "POST") << code;
    EXPECT_EQ(next.body, "x") << code;
    EXPECT_FALSE(next.headers.contains("Host")) << code;
    EXPECT_TRUE(next.headers.contains("Content-Type")) << code;
  }
  EXPECT_EQ(redirect(HTTPRequest("http://h/", "HEAD"), 303, "/").method, "HEAD");
  HTTPRequest put("http://h/", "PUT");
  put.body = "x";
  EXPECT_EQ(redirect(put, 302, "/").method, "PUT");
  EXPECT_EQ(redirect(put, 303, "/").method, "GET");
}

// HC-12
TEST(Redirect, credentials_stay_at_home) {
  HTTPRequest request("http://u:p@h/a");
  request.headers = {{"Authorization", "x"}, {"Cookie", "a=b"}, {"X-Kept", "1"}};
  request.auth_username = "me";
  const HTTPRequest same = redirect(request, 302, "http://H:80/b");
  EXPECT_EQ(same.headers.size(), 3U);
  EXPECT_EQ(same.auth_username, "me");
  for (const std::string away :
       {"http://h.evil/", "http://h:81/", "https://h/", "//x/", "http://u:p@other/"}) {
    const HTTPRequest other = redirect(request, 302, away);
    EXPECT_EQ(other.headers.wire(), "X-Kept: 1\r\n") << away;
    EXPECT_FALSE(other.auth_username) << away;
  }
}

TEST(Redirect, what_a_producer_wrote_is_not_written_again) {
  HTTPRequest request("http://h/a", "POST");
  request.body_producer = [](httpclient::BodyWriter) {};
  ClientUrl url;
  ASSERT_EQ(parse_client_url(request.url, url), nullptr);
  EXPECT_EQ(redirected(request, url, 307, "/b"), nullptr);
  const auto next = redirected(request, url, 302, "/b");
  ASSERT_NE(next, nullptr);
  EXPECT_FALSE(next->body_producer);
}

// ---- the response reader ------------------------------------------------------------------------

// What the reader makes of `text`, shown in pieces of `size` bytes, and of the end after it.
std::string read(std::string_view text, std::size_t size, bool to_head = false,
                 ResponseLimits limits = {}) {
  ResponseReader reader(limits, to_head);
  std::string log;
  std::string body;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < text.size();) {
    end = std::min(text.size(), end + size);
    for (;;) {
      const ResponseStep step = reader.next(text.substr(begin, end - begin));
      begin += step.consumed;
      if (step.event == ResponseEvent::kNeedMore) break;
      if (step.event == ResponseEvent::kContent) {
        body += step.content;
        continue;
      }
      if (step.event == ResponseEvent::kInformational || step.event == ResponseEvent::kHead) {
        log += std::to_string(reader.head().start_line.code) + " ";
        continue;
      }
      if (step.event != ResponseEvent::kDone) return log + body + "!" + step.reason;
      return log + body + (reader.reusable() ? " reusable" : " done") +
             (begin < text.size() ? " +" + std::string(text.substr(begin)) : "");
    }
  }
  const ResponseStep end = reader.end_of_input();
  return log + body + (end.event == ResponseEvent::kDone ? " eof" : " cut");
}

TEST(ResponseReader, RFC_9112_6_3_where_the_body_ends) {
  const std::string start = "HTTP/1.1 200 OK\r\n";
  const std::string announced = "a body announced with a status that has none";
  const std::pair<std::string, std::string> cases[] = {
      {start + "Content-Length: 3\r\n\r\nabc", "200 abc reusable"},
      {start + "Content-Length: 0\r\n\r\n", "200  reusable"},
      {start + "Content-Length: 3\r\nConnection: close\r\n\r\nabc", "200 abc done"},
      {start + "Content-Length: 3\r\n\r\nab", "200 ab cut"},
      {start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200 abc reusable"},
      {start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", "200 abc cut"},
      {start + "\r\nabc", "200 abc eof"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 a done"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na", "200 a reusable"},
      {"HTTP/1.1 204 No Content\r\n\r\n", "204  reusable"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204  reusable"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "!" + announced},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "!" + announced},
      {"HTTP/1.1 103 Hints\r\nContent-Length: 0\r\n\r\n", "!" + announced},
      {"HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n", "!" + announced},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304  reusable"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + start +
           "Content-Length: 1\r\n\r\na",
       "100 103 200 a reusable"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "!unasked-for 101 Switching Protocols"},
      {start + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
       "!Content-Length fields differ"},
      {start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       "!both Content-Length and Transfer-Encoding"},
      {start + "Transfer-Encoding: gzip, chunked\r\n\r\n", "!unsupported Transfer-Encoding"},
      {start + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "200 !invalid chunk size"},
      {"HTTP/2 200 OK\r\n\r\n", "!"},
      {"garbage\r\n\r\n", "!"},
  };
  for (const auto& [text, outcome] : cases) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, text.size()}) {
      const std::string got = read(text, size);
      if (outcome == "!") {
        EXPECT_EQ(got.substr(0, 1), "!") << text;
      } else {
        EXPECT_EQ(got, outcome) << text << " by " << size;
      }
    }
  }
  EXPECT_EQ(read(start + "Content-Length: 3\r\n\r\n", 100, true), "200  reusable");
  EXPECT_EQ(read(start + "Transfer-Encoding: chunked\r\n\r\n", 100, true), "200  reusable");
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 100, true),
            "204  reusable")
      << "of what a GET would get";
  EXPECT_EQ(read(start + "Content-Length: 1\r\n\r\nabc", 100), "200 a reusable +bc");
}

// HC-10
TEST(ResponseReader, limits) {
  ResponseLimits limits;
  limits.max_body_size = 4;
  const std::string start = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(read(start + "Content-Length: 4\r\n\r\nabcd", 3, false, limits), "200 abcd reusable");
  EXPECT_EQ(read(start + "Content-Length: 5\r\n\r\n", 3, false, limits),
            "!Content-Length too long");
  EXPECT_EQ(read(start + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", 3, false, limits),
            "200 !chunked body too large");
  EXPECT_EQ(read(start + "\r\nabcde", 100, false, limits), "200 !body too long");
  EXPECT_EQ(read(start + "Content-Length: 5\r\n\r\n", 3, true, limits), "200  reusable")
      << "nothing of it comes";
  limits.head.max_size = 40;
  EXPECT_EQ(read(start + "X: " + std::string(40, 'x'), 100, false, limits),
            "!message head exceeds the size limit");
  const std::string hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
  EXPECT_EQ(read(hint + hint, 100, false, limits), "103 !message head exceeds the size limit")
      << "all heads together";
  std::string many;
  for (int i = 0; i < 33; ++i) many += "HTTP/1.1 100 \r\n\r\n";
  EXPECT_TRUE(read(many, 100).ends_with("!too many informational responses"));
}

// ---- gzip ---------------------------------------------------------------------------------------

struct Decoded {
  std::string text;
  bool bad = false;
  bool at_end = false;
};
Decoded decode(std::string_view data, std::size_t size) {
  GzipDecoder decoder;
  Decoded decoded;
  for (std::size_t begin = 0; begin < data.size() && !decoded.bad; begin += size) {
    std::string_view piece = data.substr(begin, size);
    for (;;) {
      const GzipResult result = decoder.next(piece);
      decoded.bad = result.status == GzipStatus::kBad;
      if (result.status != GzipStatus::kOutput) break;
      EXPECT_LE(result.output.size(), GzipDecoder::kBufferSize);
      decoded.text += result.output;
      piece.remove_prefix(result.consumed);
    }
  }
  decoded.at_end = decoder.at_end();
  return decoded;
}

TEST(GzipDecoder, however_the_bytes_are_cut) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * i) + ",";
  const std::string packed = gzip(text);
  for (const std::size_t size : {std::size_t{1}, std::size_t{100}, packed.size()}) {
    const Decoded decoded = decode(packed, size);
    EXPECT_FALSE(decoded.bad);
    EXPECT_TRUE(decoded.at_end);
    EXPECT_EQ(decoded.text, text);
  }
}

TEST(GzipDecoder, members_in_a_row_and_what_is_none) {
  EXPECT_EQ(decode(gzip("one") + gzip("two"), 1).text, "onetwo");
  const Decoded trailing = decode(gzip("one") + std::string("\0\0zeros", 7), 100);
  EXPECT_EQ(trailing.text, "one");
  EXPECT_TRUE(trailing.at_end);
  EXPECT_TRUE(decode(gzip(""), 1).at_end);
  EXPECT_TRUE(decode("", 1).at_end);
}

TEST(GzipDecoder, damaged_or_cut) {
  std::string packed = gzip("some text that is long enough to be damaged");
  EXPECT_FALSE(decode(packed.substr(0, packed.size() - 1), 100).at_end);
  EXPECT_FALSE(decode(packed.substr(0, 5), 100).at_end);
  packed[packed.size() - 6] ^= 1;  // in the checksum
  EXPECT_TRUE(decode(packed, 100).bad);
  EXPECT_TRUE(decode("this is not gzip", 100).bad);
}

}  // namespace
}  // namespace tornado::http
