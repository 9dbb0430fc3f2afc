#include "05-2-responses/response.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "support/story.h"

namespace {

using story::Story;

// Bytes from a server, and what take_response makes of them: "200 body", "more" or "error".
class Coming {
 public:
  Coming(Story& story, std::string method) : story_(story), method_(std::move(method)) {
    story_.step("a " + method_ + " is sent");
  }

  void come(const std::string& bytes) {
    story_.step("the server sends " + story::in_quotes(bytes));
    waiting_.append(bytes);
  }
  void end() {
    story_.step("the server ends the connection");
    ended_ = true;
  }
  bool expect(const std::string& result) { return story_.expect("take_response", result, take()); }
  bool expect_left(const std::string& bytes) {
    return story_.expect("the bytes that are left", bytes, std::string(waiting_.view()));
  }

 private:
  std::string take() {
    try {
      const auto response = take_response(waiting_, method_, ended_);
      return response ? std::to_string(response->status) + " " + response->body : "more";
    } catch (const std::runtime_error&) {
      return "error";
    }
  }

  Story& story_;
  const std::string method_;
  mini::Buffer waiting_;
  bool ended_ = false;
};

const std::string kFive = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

TEST(Response, with_a_length) {
  Story story("A length says where the body ends. The end of a piece says nothing.");
  const std::string bytes = kFive + "abcde";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Coming coming(story, "GET");
    coming.come(bytes.substr(0, cut));
    if (!coming.expect("more")) return;
    coming.come(bytes.substr(cut));
    if (!coming.expect("200 abcde")) return;
  }
}

TEST(Response, with_another_after_it) {
  Story story("What follows the body belongs to the next response. Leave it where it is.");
  Coming coming(story, "GET");
  coming.come(kFive + "abcde" + kFive + "fghij");
  coming.expect("200 abcde");
  coming.expect("200 fghij");
  coming.expect_left("");
}

TEST(Response, to_a_HEAD) {
  Story story(
      "The response to a HEAD says how long the body would be. If you wait for that body, you wait "
      "forever, or\n"
      "  mistake the next response for it.");
  Coming coming(story, "HEAD");
  coming.come(kFive);
  coming.expect("200 ");
  Coming no_content(story, "GET");
  no_content.come("HTTP/1.1 204 No Content\r\n\r\n");
  no_content.expect("204 ");
  Coming not_modified(story, "GET");
  not_modified.come("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  not_modified.expect("304 ");
}

TEST(Response, after_a_100) {
  Story story(
      "A 100 is not the response: it says \"go on\", and the response follows. If you take it for "
      "one, you are one\n"
      "  response behind from then on.");
  Coming coming(story, "POST");
  coming.come("HTTP/1.1 100 Continue\r\n\r\n");
  coming.expect("more");
  coming.come("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + kFive + "abcde");
  coming.expect("200 abcde");
}

TEST(Response, after_many_100s) {
  Story story(
      "The server chooses how many there are. If your function calls itself for each of them, the "
      "server also\n"
      "  chooses how deep your stack gets.");
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
  Coming coming(story, "GET");
  coming.come(bytes + kFive + "abcde");
  coming.expect("200 abcde");
}

TEST(Response, without_a_length) {
  Story story("No length does not mean no body: the body extends to the end of the connection.");
  Coming coming(story, "GET");
  coming.come("HTTP/1.0 200 OK\r\n\r\nabc");
  coming.expect("more");
  coming.come("de");
  coming.end();
  coming.expect("200 abcde");
}

TEST(Response, with_any_status) {
  Story story("A status is a number from 100 to 599. What it means is not asked here.");
  for (const std::string status : {"200", "299", "404", "599"}) {
    Coming coming(story, "GET");
    coming.come("HTTP/1.1 " + status + " \r\nContent-Length: 0\r\n\r\n");
    if (!coming.expect(status + " ")) return;
  }
  for (const std::string status : {"099", "600", "999"}) {
    Coming coming(story, "GET");
    coming.come("HTTP/1.1 " + status + " \r\nContent-Length: 0\r\n\r\n");
    if (!coming.expect("error")) return;
  }
}

TEST(Response, that_ends_with_the_connection) {
  Story story("All bytes that were promised have come. That the connection ends now is no error.");
  Coming coming(story, "GET");
  coming.come(kFive + "abcde");
  coming.end();
  coming.expect("200 abcde");
}

TEST(Response, with_a_long_body) {
  Story story(
      "A view shows bytes that belong to the buffer. Once you have dropped them there, it shows\n"
      "  whatever came after them.");
  const std::string body(1'234'567, 'x');
  Coming coming(story, "GET");
  coming.come("HTTP/1.1 200 OK\r\nContent-Length: 1234567\r\n\r\n" + body + kFive + "abcde");
  coming.expect("200 " + body);
  coming.expect("200 abcde");
}

TEST(Response, that_is_truncated) {
  Story story(
      "If the head promised a length, the end of the connection is not the end of the body: half a "
      "file would\n"
      "  pass for a whole one.");
  Coming body(story, "GET");
  body.come(kFive + "abc");
  body.end();
  body.expect("error");
  Coming head(story, "GET");
  head.come("HTTP/1.1 200 OK\r\nContent-Le");
  head.end();
  head.expect("error");
}

TEST(Response, that_is_malformed) {
  Story story("Bytes that are not a response are an error, not a response with a strange status.");
  for (const std::string bytes :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno field\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: a\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    Coming coming(story, "GET");
    coming.come(bytes);
    if (!coming.expect("error")) return;
  }
}

}  // namespace
