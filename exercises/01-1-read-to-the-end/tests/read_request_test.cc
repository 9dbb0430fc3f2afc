#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "01-blocking-server/request.h"
#include "support/reading.h"
#include "support/story.h"

namespace {

using story::in_quotes;
using story::Reading;
using story::Story;

const std::string kHead = "GET /page HTTP/1.1\r\nHost: h\r\n\r\n";

std::string target_of(const std::optional<mini::Request>& request) {
  return request ? request->target : "(nothing)";
}
int refusal_of(const std::optional<mini::Request>& request) {
  return request ? request->refusal : -1;
}
std::string body_of(const std::optional<mini::Request>& request) {
  return request ? request->body : "(nothing)";
}
std::string post(std::size_t size) {
  return "POST /form HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST(ReadRequest, a_head_in_one_piece) {
  Story story("This one passes with the starter: look there to see what parse_head does for you.");
  Reading reading(story, mini::read_request);
  reading.send(kHead);
  story.expect("the request's target", std::string("/page"), target_of(reading.result()));
}

TEST(ReadRequest, a_head_in_two_pieces) {
  Story story(
      "One read is not one message. A read returns what has arrived so far, and the rest of\n"
      "  the request is still on its way. Keep what you have and read on, until the blank line\n"
      "  has arrived.");
  Reading reading(story, mini::read_request);
  reading.send(kHead.substr(0, 8));
  reading.send(kHead.substr(8));
  story.expect("the request's target", std::string("/page"), target_of(reading.result()));
}

TEST(ReadRequest, a_head_byte_by_byte) {
  Story story("One read is not one message, and it may bring as little as one byte.");
  Reading reading(story, mini::read_request);
  story.step("the client sends " + in_quotes(kHead) + " byte by byte");
  for (const char byte : kHead) reading.send_unnoticed(std::string_view(&byte, 1));
  story.expect("the request's target", std::string("/page"), target_of(reading.result()));
}

TEST(ReadRequest, a_blank_line_cut_in_two) {
  Story story(
      "The end of the head may lie across two reads: \"\\r\\n\" at the end of one, \"\\r\\n\"\n"
      "  at the start of the next. Look for it in everything that has arrived, not in the newest\n"
      "  piece.");
  for (std::size_t kept = 1; kept <= 3; ++kept) {
    Reading reading(story, mini::read_request);
    reading.send(kHead.substr(0, kHead.size() - kept));
    reading.send(kHead.substr(kHead.size() - kept));
    story.expect("the request's target", std::string("/page"), target_of(reading.result()));
  }
}

TEST(ReadRequest, a_body_after_the_head) {
  Story story(
      "The blank line ends the head, not the request. Content-Length bytes of body follow, and\n"
      "  they may arrive in reads of their own. Any byte you leave unread turns your close()\n"
      "  into a reset.");
  Reading reading(story, mini::read_request);
  reading.send(post(5));
  reading.send("abc");
  reading.send("de");
  story.expect("the request's body", std::string("abcde"), body_of(reading.result()));
}

TEST(ReadRequest, a_body_larger_than_a_read) {
  Story story(
      "A body arrives in as many reads as it takes. Its first part may come with the read that\n"
      "  brought the end of the head.");
  Reading reading(story, mini::read_request);
  const std::string body(300'000, 'x');
  reading.send(post(body.size()) + body);
  story.expect("the size of the request's body", body.size(), body_of(reading.result()).size());
}

TEST(ReadRequest, what_follows_the_body_belongs_to_the_next_request) {
  Story story(
      "Content-Length says where the request ends. The bytes after it belong to the next one.");
  Reading reading(story, mini::read_request);
  reading.send(post(5) + "abcdeGET /next HTTP/1.1\r\n\r\n");
  story.expect("the request's body", std::string("abcde"), body_of(reading.result()));
}

TEST(ReadRequest, a_client_that_leaves_in_the_head) {
  Story story(
      "A read of 0 bytes is information: the client has sent all it will ever send. Every\n"
      "  further read returns 0 at once, so a loop that waits for the rest never ends.");
  Reading reading(story, mini::read_request);
  reading.send(kHead.substr(0, 8));
  reading.leave();
  story.expect("the request's target", std::string("(nothing)"), target_of(reading.result()));
}

TEST(ReadRequest, a_client_that_leaves_in_the_body) {
  Story story(
      "A read of 0 bytes is information, in the body too. Do not serve a request that was cut\n"
      "  off: half an order is not an order.");
  Reading reading(story, mini::read_request);
  reading.send(post(5) + "abc");
  reading.leave();
  story.expect("the request's body", std::string("(nothing)"), body_of(reading.result()));
}

TEST(ReadRequest, a_head_without_end) {
  Story story(
      "Everything a client can make grow needs a limit. Without one, a client that never sends\n"
      "  the blank line takes all of your memory.");
  Reading reading(story, mini::read_request);
  const std::string piece(4096, 'x');
  story.step("the client sends " + std::to_string(2 * mini::kMaxHead) +
             " bytes without a blank line");
  for (std::size_t sent = 0; sent < 2 * mini::kMaxHead && !reading.done(); sent += piece.size()) {
    reading.send_unnoticed(piece);
  }
  story.expect("read_request has returned", true, reading.done());
  if (!reading.done()) reading.leave();
  story.expect("the request's refusal", 431, refusal_of(reading.result()));
}

TEST(ReadRequest, a_head_of_the_longest_size) {
  Story story("A limit of kMaxHead bytes lets kMaxHead bytes through.");
  Reading reading(story, mini::read_request);
  std::string head = "GET /page HTTP/1.1\r\nHost: ";
  head.resize(mini::kMaxHead, 'h');
  reading.send(head);
  reading.send("\r\n\r\n");
  story.expect("the request's refusal", 0, refusal_of(reading.result()));
}

TEST(ReadRequest, a_body_over_the_limit) {
  Story story(
      "A refusal is final: return the status that parse_head or find_body_size gave you, and\n"
      "  read nothing more.");
  Reading reading(story, mini::read_request);
  reading.send(post(mini::kMaxBody + 1));
  story.expect("the request's refusal", 413, refusal_of(reading.result()));
}

TEST(ReadRequest, a_head_that_makes_no_sense) {
  Story story("parse_head returns the status to refuse a bad head with. Do not drop it.");
  Reading reading(story, mini::read_request);
  reading.send("garbage\r\n\r\n");
  story.expect("the request's refusal", 400, refusal_of(reading.result()));
}

}  // namespace
