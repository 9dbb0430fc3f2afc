#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "05-http/request_parser.h"
#include "support/story.h"

namespace {

using story::Story;
using Requests = std::vector<std::string>;

// ---- milestone 1

int refusal_of(const std::string& head) {
  mini::RequestData request;
  return mini::parse_request_head(head, request);
}

TEST(Head, of_a_request) {
  Story story("A head is a request line of three words, and fields. All of it is kept as it came.");
  mini::RequestData request;
  story.step("a POST to /a?b=c?d with two fields is parsed");
  const int refusal = mini::parse_request_head(
      "POST /a?b=c?d HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain", request);
  story.expect("the refusal", 0, refusal);
  story.expect("the method", std::string("POST"), request.method);
  story.expect("the path", std::string("/a"), request.path());
  story.expect("the query", std::string("b=c?d"), request.query());
  story.expect("the version", std::string("HTTP/1.1"), request.version);
  story.expect("Content-Type", std::string("text/plain"),
               request.headers.get("Content-Type").value_or("none"));
}

TEST(Head, that_is_malformed) {
  Story story(
      "What two servers read in two ways is refused: two spaces, a missing word, a control "
      "character. "
      "A version that\n"
      "  is well-formed, and not ours, gets a 505.");
  for (const std::string line :
       {"GET  / HTTP/1.1", "GET /", " / HTTP/1.1", "GET / HTTP/1.1 ", "G T / HTTP/1.1",
        "GET /\x01 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET / http/1.1", "GET / HTTPS/1.1", ""}) {
    const std::string what = "the refusal of " + story::in_quotes(line);
    if (!story.expect(what, 400, refusal_of(line + "\r\nHost: h"))) return;
  }
  story.expect("the refusal of a bad field", 400, refusal_of("GET / HTTP/1.1\r\nHost : h"));
  story.expect("the refusal of HTTP/2.0", 505, refusal_of("GET / HTTP/2.0\r\nHost: h"));
  story.expect("the refusal of HTTP/2.0 with a bad field", 505,
               refusal_of("GET / HTTP/2.0\r\nHost : h"));
  story.expect("the refusal of bytes above 127", 0,
               refusal_of("GET /\xc3\xbc HTTP/1.1\r\nHost: h"));
}

TEST(Head, and_its_host) {
  Story story(
      "Without a Host nobody knows which site is meant; with two, one server takes the first, and "
      "another the second.\n"
      "  HTTP/1.0 did not have the field.");
  story.expect("HTTP/1.1 without a Host", 400, refusal_of("GET / HTTP/1.1\r\nA: b"));
  story.expect("HTTP/1.1 with nothing but its line", 400, refusal_of("GET / HTTP/1.1"));
  story.expect("HTTP/1.1 with two", 400, refusal_of("GET / HTTP/1.1\r\nHost: h\r\nHost: h"));
  story.expect("HTTP/1.0 without one", 0, refusal_of("GET / HTTP/1.0"));
  story.expect("HTTP/1.0 with two", 400, refusal_of("GET / HTTP/1.0\r\nHost: h\r\nHost: h"));
}

TEST(Head, and_how_long_the_connection_stays) {
  Story story(
      "HTTP/1.1 keeps the connection unless somebody says close; HTTP/1.0 closes it unless the "
      "client "
      "asks to keep it.");
  const auto keeps = [](const std::string& version, const std::string& field) {
    mini::RequestData request;
    mini::parse_request_head("GET / " + version + "\r\nHost: h\r\n" + field, request);
    return request.keep_alive();
  };
  story.expect("HTTP/1.1", true, keeps("HTTP/1.1", "A: b"));
  story.expect("HTTP/1.1, close", false, keeps("HTTP/1.1", "Connection: upgrade, Close"));
  story.expect("HTTP/1.0", false, keeps("HTTP/1.0", "A: b"));
  story.expect("HTTP/1.0, keep-alive", true, keeps("HTTP/1.0", "Connection: Keep-Alive"));
  story.expect("HTTP/1.0, both", false, keeps("HTTP/1.0", "Connection: keep-alive, close"));
}

// ---- milestone 2

// A parser, and the requests that came out of it: "POST / abc" for a POST of "abc" to /.
class Parsing {
 public:
  explicit Parsing(Story& story, mini::HTTPLimits limits = {}) : story_(story), parser_(limits) {}

  void feed(const std::string& bytes) {
    story_.step("the parser is fed " + story::in_quotes(bytes));
    feed_unnoticed(bytes);
  }
  // The same as feed(), without adding a step to the story.
  void feed_unnoticed(const std::string& bytes) {
    parser_.feed(bytes);
    while (auto request = parser_.next()) {
      requests_.push_back(request->method + " " + request->uri + " " + request->body);
    }
  }
  bool expect(const Requests& requests, int refusal = 0) {
    return story_.expect("the requests so far", requests, requests_) &&
           story_.expect("refusal()", refusal, parser_.refusal());
  }

 private:
  Story& story_;
  mini::RequestParser parser_;
  Requests requests_;
};

std::string post(const std::string& field, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n" + body;
}

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Pieces, a_request_in_one_piece) {
  Story story("The simplest case: one request, no body, one piece.");
  Parsing parsing(story);
  parsing.feed(kGet);
  parsing.expect({"GET /a "});
}

TEST(Pieces, a_head_in_pieces) {
  for (std::size_t cut = 1; cut < kGet.size(); ++cut) {
    Story story(
        "The end of a piece is not the end of a request. And a blank line may arrive in pieces "
        "too: if you continue\n"
        "  after the last byte you searched, you miss one that began before it.");
    Parsing parsing(story);
    parsing.feed(kGet.substr(0, cut));
    if (!parsing.expect({})) return;
    parsing.feed(kGet.substr(cut));
    if (!parsing.expect({"GET /a "})) return;
  }
}

TEST(Pieces, two_requests_in_one_piece) {
  Story story(
      "Bytes after a request are the beginning of the next one. Nobody will send them again.");
  Parsing parsing(story);
  parsing.feed(kGet + kGet + "GET /b HT");
  parsing.expect({"GET /a ", "GET /a "});
  parsing.feed("TP/1.1\r\nHost: h\r\n\r\n");
  parsing.expect({"GET /a ", "GET /a ", "GET /b "});
}

TEST(Pieces, empty_lines_before_a_head) {
  Story story(
      "Some old clients send an empty line too many after a body.\n"
      "  It belongs to no request: skip it.");
  const std::string bytes = "\r\n" + kGet + "\r\n\r\n" + kGet;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Parsing parsing(story);
    parsing.feed(bytes.substr(0, cut));
    parsing.feed(bytes.substr(cut));
    if (!parsing.expect({"GET /a ", "GET /a "})) return;
  }
}

TEST(Pieces, a_head_without_end) {
  Story story(
      "A limit is a promise about your memory. It also holds while the bytes are still arriving.");
  Parsing parsing(story, {100, 10});
  story.step("the parser is fed 104 bytes, one by one, without the end of a head");
  for (int i = 0; i < 104; ++i) parsing.feed_unnoticed("x");
  parsing.expect({}, 431);
}

TEST(Pieces, a_head_of_the_longest_size) {
  Story story(
      "A request that is served in one piece is served in a hundred. The blank line is not part of "
      "the head, so\n"
      "  its first bytes do not make a head too long.");
  for (const std::size_t size : {100, 101}) {
    const std::string begin = "GET /a HTTP/1.1\r\nHost: ";
    const std::string head = begin + std::string(size - begin.size(), 'h') + "\r\n\r\n";
    Parsing parsing(story, {100, 10});
    story.step("the parser is fed a head of " + std::to_string(size) + " bytes, one by one");
    for (const char byte : head) parsing.feed_unnoticed(std::string(1, byte));
    const Requests requests = size == 100 ? Requests{"GET /a "} : Requests{};
    if (!parsing.expect(requests, size == 100 ? 0 : 431)) return;
  }
}

TEST(Pieces, a_long_head_in_small_pieces) {
  Story story(
      "If you search from the front for every piece, you look through n bytes n times, and a "
      "client that sends\n"
      "  little at a time keeps you busy. Continue where you stopped.");
  Parsing parsing(story, {400'000, 10});
  parsing.feed("GET /a HTTP/1.1\r\n");
  story.step(
      "the parser is fed another 399,950 bytes, ten at a time: short lines, and no blank one");
  for (int i = 0; i < 39'995; ++i) parsing.feed_unnoticed("ab:\r\ncd:\r\n");
  parsing.expect({});
}

// ---- milestone 3

TEST(Body, a_body_of_so_many_bytes) {
  const std::string bytes = post("Content-Length: 5", "abcde") + kGet;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Story story(
        "A body is as long as its head says, not as long as what arrived together with it.");
    Parsing parsing(story);
    parsing.feed(bytes.substr(0, cut));
    parsing.feed(bytes.substr(cut));
    if (!parsing.expect({"POST / abcde", "GET /a "})) return;
  }
}

TEST(Body, a_length_is_made_of_digits) {
  Story story(
      "strtoul accepts what is not a number: a sign, a space, the beginning of a word. The server "
      "in front of\n"
      "  yours may read it differently, and then the two disagree about where the next request "
      "begins.");
  for (const std::string length : {"+5", "-5", "0x5", "5 apples", "5,5", ""}) {
    Parsing parsing(story);
    parsing.feed(post("Content-Length: " + length, "abcde"));
    if (!parsing.expect({}, 400)) return;
  }
}

TEST(Body, two_ways_to_end) {
  Story story(
      "You pick one of the two, and another server picks the other: what you take for a request "
      "was part of a\n"
      "  body to that server. Refuse what can be read in two ways.");
  const std::string both = "Content-Length: 5\r\nTransfer-Encoding: chunked";
  for (const std::string& fields : {both, std::string("Content-Length: 5\r\nContent-Length: 6"),
                                    std::string("Content-Length: 5\r\nTransfer-Encoding: gzip")}) {
    Parsing parsing(story);
    parsing.feed(post(fields, "0\r\n\r\n" + kGet));
    if (!parsing.expect({}, 400)) return;
  }
  Parsing parsing(story);
  parsing.feed(post("Transfer-Encoding: gzip", ""));
  parsing.expect({}, 501);
}

TEST(Body, a_coding_that_its_version_did_not_have) {
  Story story(
      "HTTP/1.0 had no chunks. A proxy of that time passes the field on without understanding it,\n"
      "  and disagrees with you about where the body ends.");
  Parsing parsing(story);
  parsing.feed("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  parsing.expect({}, 400);
}

TEST(Body, a_body_that_is_too_large) {
  Story story("A limit is a promise about your memory. It also holds before the bytes arrive.");
  for (const std::string length : {"11", "99999999999999999999999"}) {
    Parsing parsing(story, {100, 10});
    parsing.feed(post("Content-Length: " + length, ""));
    if (!parsing.expect({}, 413)) return;
  }
}

TEST(Body, a_body_of_the_longest_size) {
  Story story("A limit of 10 bytes lets 10 bytes through.");
  Parsing parsing(story, {100, 10});
  parsing.feed(post("Content-Length: 10", "0123456789"));
  parsing.expect({"POST / 0123456789"});
}

// ---- milestone 4

TEST(Chunks, chunks) {
  const std::string bytes =
      post("Transfer-Encoding: chunked",
           "3\r\nabc\r\n0A;x=y\r\n0123456789\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n") +
      kGet;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Story story(
        "The size of a chunk is hexadecimal, and extensions that nobody reads may follow it.");
    Parsing parsing(story);
    parsing.feed(bytes.substr(0, cut));
    parsing.feed(bytes.substr(cut));
    if (!parsing.expect({"POST / abc01234567890123456789abcdef", "GET /a "})) return;
  }
}

TEST(Chunks, chunks_with_a_trailer) {
  Story story(
      "The chunk of size 0 is not the end: fields may follow, and then a blank line. If you stop "
      "before them,\n"
      "  you take them for the next request.");
  Parsing parsing(story);
  parsing.feed(post("Transfer-Encoding: chunked", "1\r\na\r\n0\r\nSum: 1\r\n\r\n") + kGet);
  parsing.expect({"POST / a", "GET /a "});
}

TEST(Chunks, a_trailer_that_is_too_long) {
  Story story(
      "A limit for each field does not limit the trailer: there may be any number of fields.");
  const std::string field = "A: " + std::string(37, 'x') + "\r\n";
  Parsing two(story, {100, 10});
  story.step("max_head is 100, and each field of the trailer has 40 bytes");
  two.feed(post("Transfer-Encoding: chunked", "0\r\n" + field + field + "\r\n"));
  if (!two.expect({"POST / "})) return;
  Parsing three(story, {100, 10});
  three.feed(post("Transfer-Encoding: chunked", "0\r\n" + field + field + field + "\r\n"));
  three.expect({}, 400);
}

TEST(Chunks, a_line_of_the_longest_size) {
  Story story(
      "A limit of 100 bytes lets 100 bytes through. The line break is not part of the line,\n"
      "  so its first byte does not make a line too long.");
  Parsing parsing(story, {100, 10});
  parsing.feed(post("Transfer-Encoding: chunked", "0\r\n"));
  story.step("max_head is 100; the parser is fed a trailer of 100 bytes, one by one");
  for (const char byte : "A: " + std::string(97, 'x') + "\r\n\r\n") {
    parsing.feed_unnoticed(std::string(1, byte));
  }
  parsing.expect({"POST / "});
}

TEST(Chunks, a_line_without_end) {
  Story story(
      "A limit is a promise about your memory. It also holds while the bytes are still arriving.");
  Parsing trailer(story, {100, 10});
  trailer.feed(post("Transfer-Encoding: chunked", "0\r\n" + std::string(102, 'x')));
  if (!trailer.expect({}, 400)) return;
  Parsing size(story);
  size.feed(post("Transfer-Encoding: chunked", "1;" + std::string(4096, 'x')));
  size.expect({}, 400);
}

TEST(Chunks, a_trailer_that_is_malformed) {
  Story story(
      "The trailer is made of fields. Ignore what they say, but refuse any other line:\n"
      "  another server may take it for the next request.");
  for (const std::string line : {"x", "Sum : 1", "GET /b HTTP/1.1"}) {
    Parsing parsing(story);
    parsing.feed(post("Transfer-Encoding: chunked", "0\r\n" + line + "\r\n\r\n"));
    if (!parsing.expect({}, 400)) return;
  }
}

TEST(Chunks, malformed_chunks) {
  Story story("A chunk ends where its size says, with a line break; its size is made of digits.");
  for (const std::string body : {"g\r\n", "-1\r\n", "0x1\r\na\r\n", "\r\n", "1\r\nabc",
                                 "1\r\nabc\r\n", "1\r\nabc0\r\n\r\n"}) {
    Parsing parsing(story);
    parsing.feed(post("Transfer-Encoding: chunked", body));
    if (!parsing.expect({}, 400)) return;
  }
}

TEST(Chunks, a_chunk_that_is_too_large) {
  Story story(
      "A sum with a number that the client chose may overflow and be small again. Subtract what "
      "you have from\n"
      "  your limit instead: that never falls below zero.");
  for (const std::string size : {"a", "ffffffffffffffff", "fffffffffffffffffff"}) {
    Parsing parsing(story, {100, 10});
    parsing.feed(post("Transfer-Encoding: chunked", "1\r\na\r\n" + size + "\r\n"));
    if (!parsing.expect({}, 413)) return;
  }
}

TEST(Chunks, a_body_of_the_longest_size) {
  Story story("A limit of 10 bytes lets 10 bytes through, in chunks too.");
  Parsing parsing(story, {100, 10});
  parsing.feed(post("Transfer-Encoding: chunked", "1\r\n0\r\n9\r\n123456789\r\n0\r\n\r\n"));
  parsing.expect({"POST / 0123456789"});
}

}  // namespace
