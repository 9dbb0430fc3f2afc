#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "03-ioloop/clock.h"
#include "05-http/http_server.h"
#include "support/story.h"

namespace {

using mini::IOStream;
using story::Story;
using RequestPtr = std::shared_ptr<mini::HTTPServerRequest>;
using Answers = std::vector<std::string>;

std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

// A server, and a client in the same loop. The server answers /slow when the test tells it to, and
// any other request at once, with its path.
class Talk {
 public:
  explicit Talk(Story& story)
      : story_(story), server_(loop_, [this](const RequestPtr& request) { handle(request); }) {
    server_.listen(0);
    client_ = IOStream::create(loop_, mini::Socket(::socket(AF_INET, SOCK_STREAM, 0)));
    client_->connect(server_.port(), "127.0.0.1", nullptr);
    client_->set_close_callback([this] { ended_ = true; });
    receive();
    run();
  }
  ~Talk() { client_->close(); }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  void send(const std::string& what, const std::string& bytes) {
    story_.step("the client sends " + what);
    client_->write(bytes);
    run();
  }
  void answer_slow() {
    story_.step("the server answers /slow");
    std::exchange(slow_, nullptr)->respond(200, {}, "/slow\n");
    run();
  }
  void run(int turns = 50) {
    for (int i = 0; i < turns; ++i) {
      loop_.add_callback([this] { loop_.stop(); });
      loop_.start();
    }
  }
  void pass(double seconds) {
    story_.step(std::to_string(static_cast<int>(seconds)) + " s pass");
    loop_.call_later(seconds, [this] { loop_.stop(); });
    loop_.start();
    run();
  }
  bool expect(const Answers& answers) {
    return story_.expect("the responses so far", answers, answers_);
  }
  IOStream& client() { return *client_; }
  const Answers& answers() const { return answers_; }
  bool ended() const { return ended_; }
  int deepest() const { return deepest_; }

 private:
  void handle(const RequestPtr& request) {
    if (request->path() == "/slow") {
      slow_ = request;
      return;
    }
    deepest_ = std::max(deepest_, ++depth_);
    request->respond(200, {}, request->path() + "\n");
    --depth_;
  }
  void receive() {
    client_->read_until("\n", [this](const std::string& line) {
      if (line[0] == '/') answers_.push_back(line.substr(0, line.size() - 1));
      receive();
    });
  }

  Story& story_;
  mini::VirtualClock clock_;
  mini::IOLoop loop_{clock_};
  mini::HTTPServer server_;
  std::shared_ptr<IOStream> client_;
  RequestPtr slow_;
  Answers answers_;
  bool ended_ = false;
  int depth_ = 0;
  int deepest_ = 0;
};

TEST(Connection, one_request_after_the_other) {
  Story story("This one passes with the starter: the client waits for each response.");
  Talk talk(story);
  talk.send("/a", get("/a"));
  talk.send("/b", get("/b"));
  talk.expect({"/a", "/b"});
}

TEST(Connection, a_client_that_says_nothing) {
  Story story(
      "This one passes with the starter: a client that never asks for anything must leave.");
  Talk talk(story);
  talk.pass(61);
  story.expect("the connection has ended", true, talk.ended());
}

TEST(Connection, a_client_that_has_its_page) {
  Story story("The connection is open, and nothing has moved on it for an hour.");
  Talk talk(story);
  talk.send("/a", get("/a"));
  talk.expect({"/a"});
  talk.pass(3600);
  story.expect("the connection has ended", true, talk.ended());
}

TEST(Connection, a_client_that_drips) {
  Story story(
      "A timer that starts again with each piece never fires: the client decides how long its "
      "request takes, and\n"
      "  sends a byte now and then. The time is for the whole request.");
  Talk talk(story);
  talk.send("/a", get("/a"));
  for (const std::string piece : {"GET", " /b", " HT", "TP/", "1.1", "\r\n", "Hos"}) {
    talk.send(piece, piece);
    talk.pass(10);
  }
  story.expect("the connection has ended", true, talk.ended());
}

TEST(Connection, a_response_that_takes_its_time) {
  Story story(
      "The patience is for the client, while its request arrives. Once that is complete, the "
      "client "
      "waits for you.");
  Talk talk(story);
  talk.send("/a", get("/a"));
  talk.send("/slow", get("/slow"));
  talk.pass(61);
  story.expect("the connection has ended", false, talk.ended());
  talk.answer_slow();
  talk.expect({"/a", "/slow"});
}

TEST(Connection, a_slow_request_before_a_quick_one) {
  Story story(
      "A response carries no number. The first one to arrive belongs to the first request, "
      "whatever is in it. And\n"
      "  a handler that has returned need not have responded.");
  Talk talk(story);
  talk.send("/slow", get("/slow"));
  talk.send("/a", get("/a"));
  talk.expect({});
  talk.answer_slow();
  talk.expect({"/slow", "/a"});
}

TEST(Connection, requests_that_came_together) {
  Story story(
      "A request that arrived together with the last one is here already: if you wait for the "
      "client now, you wait\n"
      "  forever. A connection that ends after each response loses the requests after it.");
  Talk talk(story);
  talk.send("/slow, /a and /b in one packet", get("/slow") + get("/a") + get("/b"));
  talk.answer_slow();
  talk.expect({"/slow", "/a", "/b"});
}

TEST(Connection, many_requests_in_one_packet) {
  Story story(
      "If the response to one request looks for the next, and that is answered at once, each call "
      "stands on the\n"
      "  one before: the client decides how deep your stack gets.");
  Talk talk(story);
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += get("/a");
  talk.send("100 requests in one packet", bytes);
  talk.run(1000);
  story.expect("how many were answered", std::size_t{100}, talk.answers().size());
  story.expect("how many handlers stood on the stack at once", 1, talk.deepest());
}

TEST(Connection, a_client_that_asks_and_asks) {
  Story story(
      "While a request waits for its response, nobody reads: what the client sends meanwhile fills "
      "the kernel's\n"
      "  buffers, not your memory.",
      10);
  Talk talk(story);
  talk.send("/slow", get("/slow"));
  const std::string large = "X: " + std::string(50'000, 'x') + "\r\n";
  std::string bytes;
  for (int i = 0; i < 600; ++i) bytes += get("/a", large);
  talk.send("30 MB of requests", bytes);
  talk.run(1000);
  story.expect("more than half of it is still on the client's side", true,
               talk.client().unsent() > bytes.size() / 2);
}

TEST(Connection, a_client_that_says_close) {
  Story story(
      "A client that said close waits for the end of the connection, and what it sends after that "
      "is no longer a\n"
      "  request.");
  Talk talk(story);
  talk.send("/a with Connection: close, and /b after it",
            get("/a", "Connection: close\r\n") + get("/b"));
  talk.expect({"/a"});
  story.expect("the connection has ended", true, talk.ended());
}

}  // namespace
