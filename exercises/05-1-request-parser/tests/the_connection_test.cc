// Milestone 5. (The linker takes the tests in the order of their files.)
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "05-http/http_server.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using story::Story;
using RequestPtr = std::shared_ptr<mini::HTTPServerRequest>;

const std::string kLast = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

class ManualClock final : public mini::Clock {
 public:
  double now() override { return time; }
  double time = 1000;
};

// A server and its loop in the test's thread.
class Serving {
 public:
  Serving(Story& story, mini::RequestCallback callback)
      : story_(story), server_(loop_, std::move(callback)) {
    server_.listen(0);
  }

  // Returns the bodies of all responses to a client that sends `bytes` and half-closes.
  std::string ask(const std::string& bytes) {
    story_.step("a client sends " + story::in_quotes(bytes) + " and half-closes");
    mini::Client client(server_.port());
    client.send(bytes);
    client.half_close();
    settle();
    received_ = client.read_to_end();
    std::string bodies;
    for (std::size_t at = 0; (at = received_.find("\r\n\r\n", at)) != received_.npos;) {
      at += 4;
      bodies += received_.substr(at, received_.find("HTTP/1.1 ", at) - at);
    }
    return bodies;
  }
  const std::string& received() const { return received_; }
  void settle() { mini::settle(loop_); }
  ManualClock& clock() { return clock_; }
  std::uint16_t port() const { return server_.port(); }

 private:
  Story& story_;
  ManualClock clock_;
  mini::IOLoop loop_{clock_};
  mini::HTTPServer server_;
  std::string received_;
};

void answer_with_uri(const RequestPtr& request) {
  request->respond(200, {}, request->uri + ".");
}

TEST(Talk, of_many_requests) {
  Story story(
      "One request after the other: what came with the last one is in the parser, and the kernel "
      "will "
      "not report it\n"
      "  again.");
  Serving serving(story, answer_with_uri);
  story.expect("the responses", std::string("/a./b./c."),
               serving.ask(get("/a") + get("/b") + get("/c")));
}

TEST(Talk, in_order) {
  Story story(
      "The responses have no names: the client takes the first for the answer to its first "
      "request. "
      "So the next request\n"
      "  waits until the last has its response.");
  RequestPtr slow;
  Serving serving(story, [&](const RequestPtr& request) {
    if (slow) return answer_with_uri(request);
    slow = request;
  });
  story.step("a client sends two requests at once; the handler keeps the first");
  mini::Client client(serving.port());
  client.send(get("/slow") + kLast);
  serving.settle();
  story.expect("the first was kept", true, slow != nullptr);
  if (!slow) return;
  slow->respond(200, {}, "first");
  serving.settle();
  const std::string all = client.read_to_end();
  story.expect("the first response comes before the second", true,
               all.find("first") < all.find("/last."));
}

TEST(Talk, that_ends) {
  Story story(
      "After a response that closes the connection, nothing is served any more: the client was "
      "told "
      "so, and sends the\n"
      "  rest again elsewhere.");
  std::string served;
  Serving serving(story, [&](const RequestPtr& request) {
    served += request->uri + " ";
    answer_with_uri(request);
  });
  story.expect("the responses", std::string("/last."), serving.ask(kLast + get("/more")));
  story.expect("the requests that were served", std::string("/last "), served);
}

TEST(Talk, that_ends_after_the_response) {
  Story story(
      "A request's close callback says that the client left before it had its response.\n"
      "  Once the response is complete, it must not be called any more.");
  int left = 0;
  Serving serving(story, [&](const RequestPtr& request) {
    request->set_close_callback([&] { ++left; });
    answer_with_uri(request);
  });
  story.expect("the responses", std::string("/a."), serving.ask(get("/a")));
  story.expect("the responses", std::string("/last."), serving.ask(kLast));
  serving.settle();
  story.expect("how many clients left before they had their response", 0, left);
}

TEST(Talk, that_makes_no_sense) {
  Story story(
      "After a bad request nobody knows where the next one begins: one response with the status, "
      "then "
      "the end.");
  Serving serving(story, answer_with_uri);
  serving.ask(get("/a") + "garbage\r\n\r\n" + get("/b"));
  const std::string refusal = serving.received().substr(serving.received().find("/a.") + 3);
  story.expect("the second response begins with", std::string("HTTP/1.1 400 Bad Request\r\n"),
               refusal.substr(0, 26));
  story.expect("it says that it is the last", true,
               refusal.find("Connection: close\r\n") != refusal.npos);
  story.expect("it has a length", true, refusal.find("Content-Length: ") != refusal.npos);
  story.expect("another comes after it", false, refusal.find("HTTP/1.1", 1) != refusal.npos);
}

TEST(Talk, with_a_client_that_sends_on) {
  Story story(
      "The client of a bad request may still be sending: end the stream in order.\n"
      "  A socket that is closed with unread bytes sends a reset, which may destroy the refusal.");
  Serving serving(story, answer_with_uri);
  story.step("after a bad request, the client sends 300 kB more");
  mini::Client client(serving.port());
  client.send("garbage\r\n\r\n" + std::string(300'000, 'x'));
  serving.settle();
  bool reset = false;
  std::string received;
  try {
    received = client.read_to_end();
  } catch (const std::system_error&) {
    reset = true;
  }
  story.expect("the connection was reset", false, reset);
  story.expect("the client receives a refusal", true, received.starts_with("HTTP/1.1 400 "));
}

TEST(Talk, with_a_handler_that_throws) {
  Story story(
      "An exception ends its request only: the client gets a 500, the log the reason, and the "
      "connection goes on.");
  Serving serving(story, [](const RequestPtr& request) {
    if (request->uri == "/bug") throw std::runtime_error("no luck");
    if (request->uri == "/odd") throw 5;
    answer_with_uri(request);
  });
  testing::internal::CaptureStderr();
  const std::string bodies = serving.ask(get("/bug") + get("/odd") + get("/a"));
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the responses", std::string("Internal Server Error\nInternal Server Error\n/a."),
               bodies);
  const std::size_t second = log.find('\n') + 1;
  story.expect("the log's first line", std::string("/bug: no luck\n"), log.substr(0, second));
  story.expect("the second line begins with", std::string("/odd: "), log.substr(second, 6));
  story.expect("the log has two lines", true, std::count(log.begin(), log.end(), '\n') == 2);
}

TEST(Talk, with_a_client_that_does_not_read) {
  Story story(
      "Do not serve the next request before the kernel has taken the last response: a client that "
      "does not read would\n"
      "  fill your memory with responses.");
  int asked = 0;
  Serving serving(story, [&](const RequestPtr& request) {
    ++asked;
    request->respond(200, {}, std::string(1'000'000, 'x'));
  });
  story.step("a client sends 100 requests for 1 MB each, and reads nothing");
  mini::Client deaf(serving.port());
  std::string many;
  for (int i = 0; i < 100; ++i) many += get("/");
  deaf.send(many);
  for (int i = 0; i < 20; ++i) serving.settle();
  story.expect("fewer than 20 were served", true, asked > 0 && asked < 20);
}

TEST(Talk, with_a_client_that_sends_nothing) {
  Story story(
      "A request has a minute to arrive, all of it: a byte now and then buys no time. A client "
      "whose "
      "request is being\n"
      "  served has no limit.");
  RequestPtr kept;
  Serving serving(story, [&](const RequestPtr& request) { kept = request; });
  mini::Client silent(serving.port());
  mini::Client slow(serving.port());
  mini::Client served(serving.port());
  served.send(kLast);
  slow.send("GET");
  serving.settle();
  serving.clock().time += 59;
  slow.send(" /");
  serving.settle();
  story.step("a silent client, one that sends a byte now and then, and one that is served: 61 s");
  serving.clock().time += 2;
  serving.settle();
  story.expect("the silent one receives", std::string(), silent.read_to_end());
  story.expect("the slow one receives", std::string(), slow.read_to_end());
  if (!story.expect("the third was served", true, kept != nullptr)) return;
  kept->respond(200, {}, "late");
  serving.settle();
  story.expect("the third gets its response", true, served.read_to_end().ends_with("late"));
}

}  // namespace
