#include "01-2-deadline/timed_request.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "support/reading.h"
#include "support/story.h"

namespace {

using std::chrono::milliseconds;
using story::Reading;
using story::Story;

constexpr int kTooLate = 408;
const std::string kHead = "GET /page HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kPostHead = "POST /form HTTP/1.1\r\nContent-Length: 1000\r\n\r\n";

Reading::Reader patient_for(milliseconds patience) {
  return [patience](mini::Socket& client) { return mini::read_request(client, patience); };
}

int refusal_of(const std::optional<mini::Request>& request) {
  return request ? request->refusal : -1;
}

// Sends a byte every 5 ms until read_request has returned, for 2 s at most. Returns whether it has.
bool drip(Reading& reading) {
  for (int i = 0; i < 400; ++i) {
    if (reading.done_within(milliseconds(5))) return true;
    reading.send_unnoticed("x");
  }
  return reading.done();
}

TEST(TimedRequest, a_request_in_time) {
  Story story("This one passes with the starter: a limit must not harm clients that keep to it.");
  Reading reading(story, patient_for(milliseconds(60'000)));
  reading.send(kHead.substr(0, 8));
  reading.send(kHead.substr(8));
  story.expect("the request's refusal", 0, refusal_of(reading.result()));
}

TEST(TimedRequest, a_silent_client) {
  Story story(
      "A blocked read does not look at the clock. To stop in time you must know, before you\n"
      "  read, that the read will not block.");
  Reading reading(story, patient_for(milliseconds(100)));
  story.step("the client says nothing for longer than the 100 ms it has");
  story.expect("the request's refusal", kTooLate, refusal_of(reading.result()));
}

TEST(TimedRequest, a_client_that_drips) {
  Story story(
      "A limit for each read does not limit the request: one byte now and then, and the clock\n"
      "  starts again. Compute the deadline once, and give every read only the time that is\n"
      "  left.");
  Reading reading(story, patient_for(milliseconds(100)));
  reading.send("GET / HTTP/1.1\r\nA: ");
  story.step("the client, which has 100 ms, sends one byte every 5 ms, for two seconds");
  story.expect("read_request has returned meanwhile", true, drip(reading));
  if (!reading.done()) reading.leave();
  story.expect("the request's refusal", kTooLate, refusal_of(reading.result()));
}

TEST(TimedRequest, a_body_that_does_not_come) {
  Story story(
      "The body is part of the request. A client that sends a good head and then nothing holds\n"
      "  your thread just as long as one that never speaks.");
  Reading reading(story, patient_for(milliseconds(100)));
  reading.send(kPostHead);
  story.step("the client says nothing more");
  story.expect("the request's refusal", kTooLate, refusal_of(reading.result()));
}

TEST(TimedRequest, a_body_that_drips) {
  Story story("A body can drip, too: a limit for each read does not limit the request.");
  Reading reading(story, patient_for(milliseconds(100)));
  reading.send(kPostHead);
  story.step(
      "the client, which has 100 ms, sends one byte of the body every 5 ms, for two seconds");
  story.expect("read_request has returned meanwhile", true, drip(reading));
  if (!reading.done()) reading.leave();
  story.expect("the request's refusal", kTooLate, refusal_of(reading.result()));
}

TEST(TimedRequest, one_limit_for_head_and_body) {
  Story story(
      "Head and body share one deadline. If you compute a new one for the body, a client that\n"
      "  knows this gets twice the time.");
  const auto start = std::chrono::steady_clock::now();
  Reading reading(story, patient_for(milliseconds(1000)));
  story.step("the client says nothing for 700 ms of the 1000 it has");
  reading.done_within(milliseconds(700));
  reading.send(kPostHead);
  story.step("the client says nothing more");
  story.expect("the request's refusal", kTooLate, refusal_of(reading.result()));
  story.expect("read_request has returned within 1500 ms", true,
               std::chrono::steady_clock::now() - start < milliseconds(1500));
}

TEST(TimedRequest, a_client_that_leaves_is_not_late) {
  Story story(
      "A client that has left is not late. Nobody is there to read a 408, so return nothing.");
  Reading reading(story, patient_for(milliseconds(60'000)));
  reading.send(kHead.substr(0, 8));
  reading.leave();
  story.expect("there is a request", false, reading.result().has_value());
}

TEST(TimedRequest, a_client_that_leaves_in_the_middle_of_the_body) {
  Story story("Half a body is not a request. Its sender has left, so return nothing.");
  Reading reading(story, patient_for(milliseconds(60'000)));
  reading.send(kPostHead);
  reading.send("half");
  reading.leave();
  story.expect("there is a request", false, reading.result().has_value());
}

TEST(TimedRequest, the_limit_of_a_head_stays) {
  for (const std::size_t size : {mini::kMaxHead, mini::kMaxHead + 1}) {
    Story story(
        "A head of kMaxHead bytes is served. With one byte more it is refused at once, and not\n"
        "  when its time is over.");
    Reading reading(story, patient_for(milliseconds(60'000)));
    std::string head = "GET /page HTTP/1.1\r\nHost: ";
    head.resize(size, 'h');
    reading.send(head);
    if (size == mini::kMaxHead) reading.send("\r\n\r\n");
    story.expect("the request's refusal", size == mini::kMaxHead ? 0 : 431,
                 refusal_of(reading.result()));
  }
}

TEST(TimedRequest, other_refusals_stay) {
  Story story("A request that was refused at once before must not wait for the deadline now.");
  Reading reading(story, patient_for(milliseconds(60'000)));
  reading.send("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n");
  story.expect("the request's refusal", 413, refusal_of(reading.result()));
}

}  // namespace
