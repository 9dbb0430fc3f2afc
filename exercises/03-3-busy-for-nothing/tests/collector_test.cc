#include "03-3-busy-for-nothing/collector.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "support/story.h"

namespace {

using mini::IOLoop;
using mini::Socket;
using story::Story;

// Real time; counts how often the loop asks for it, which it does in every iteration.
class CountingClock : public mini::Clock {
 public:
  double now() override {
    ++calls;
    return Clock::now();
  }
  int calls = 0;
};

// A loop, and the uploads that come to it.
class Service {
 public:
  explicit Service(Story& story) : story_(story) {}

  // An upload begins. Returns the client's end of the connection.
  Socket& begin() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
    client_ = Socket(fds[0]);
    job_.close();
    all_.clear();
    collector_ = std::make_unique<Collector>(
        loop_, Socket(fds[1]),
        [this](const std::string& all, Socket connection) {
          ++times_finished_;
          all_ = all;
          job_ = std::move(connection);
          loop_.stop();
        },
        [this] {
          ++pieces_;
          if (on_piece_) on_piece_();
        });
    return client_;
  }
  void send(std::size_t size) {
    story_.step("the client sends " + std::to_string(size) + " bytes");
    client_.write_all(std::string(size, 'x'));
  }
  void end() {
    story_.step("the client has sent everything, and waits for the answer");
    client_.shutdown_write();
  }
  void expect_all(std::size_t size) {
    loop_.start();
    story_.expect("the bytes that were collected", size, all_.size());
    story_.expect("how often `finished` was called", 1, std::exchange(times_finished_, 0));
  }
  void leave() { client_.close(); }
  // Nothing happens for a while.
  void expect_calm() {
    loop_.call_later(0.1, [this] { loop_.stop(); });
    const int before = clock_.calls;
    loop_.start();
    story_.expect("in 0.1 s, the loop made more than 20 iterations", false,
                  clock_.calls - before > 2 * 20);
  }
  // The job is done.
  void expect_answer() {
    story_.step("the job is done, and the answer is sent");
    std::string thrown = "nothing";
    try {
      job_.write_all("done");
    } catch (const std::exception& error) {
      thrown = error.what();
    }
    if (!story_.expect("what the write throws", std::string("nothing"), thrown)) return;
    job_.close();
    std::array<char, 16> answer;
    const std::size_t size = client_.read(answer.data(), answer.size());
    story_.expect("what the client gets", std::string("done"), std::string(answer.data(), size));
  }
  void destroy() {
    story_.step("the collector is destroyed");
    collector_.reset();
  }
  // Keeps the connection of the last job while another upload comes.
  Socket take_job() { return std::exchange(job_, Socket()); }
  IOLoop& loop() { return loop_; }
  int pieces() const { return pieces_; }
  void on_piece(std::function<void()> function) { on_piece_ = std::move(function); }

 private:
  Story& story_;
  CountingClock clock_;
  IOLoop loop_{clock_};
  Socket client_;
  Socket job_;
  std::unique_ptr<Collector> collector_;
  std::string all_;
  int times_finished_ = 0;
  int pieces_ = 0;
  std::function<void()> on_piece_;
};

TEST(Collector, a_small_upload) {
  Story story("This one passes with the starter: the job is done at once.");
  Service service(story);
  service.begin();
  service.send(1000);
  service.loop().call_later(0.02, [&] { service.end(); });
  service.expect_all(1000);
  service.expect_answer();
}

TEST(Collector, a_large_upload) {
  Story story(
      "An edge is reported once: \"something has arrived\". A reader that leaves bytes behind\n"
      "  hears of them only when more arrive, and this client sends no more.");
  Service service(story);
  service.begin();
  service.send(50'000);
  service.loop().call_later(0.02, [&] { service.end(); });
  service.expect_all(50'000);
}

TEST(Collector, a_job_that_takes_a_while) {
  Story story("The process is busy, although no byte arrives, none is sent, and no timer is due.");
  Service service(story);
  service.begin();
  service.send(1000);
  service.end();
  service.expect_all(1000);
  story.step("the job takes a while");
  service.expect_calm();
  service.expect_answer();
}

TEST(Collector, a_client_that_does_not_wait_for_its_answer) {
  Story story(
      "A handler without events is still a handler: ERROR is reported unasked. Whoever has "
      "finished with a\n"
      "  descriptor removes its handler.");
  Service service(story);
  service.begin();
  service.send(1000);
  service.end();
  service.expect_all(1000);
  story.step("the job takes a while, and the client leaves");
  service.leave();
  service.expect_calm();
}

TEST(Collector, the_answer) {
  Story story(
      "shutdown() ends the connection, for everybody who has a descriptor of it. close() gives "
      "back "
      "one\n"
      "  descriptor.");
  Service service(story);
  service.begin();
  service.end();
  service.expect_all(0);
  service.expect_answer();
}

TEST(Collector, a_second_upload_during_the_first_job) {
  Story story(
      "epoll forgets a connection when its last descriptor is closed; the loop's own table forgets "
      "nothing.\n"
      "  The next connection gets the same number.");
  Service service(story);
  service.begin();
  service.send(1000);
  service.end();
  service.expect_all(1000);
  const Socket first = service.take_job();
  story.step("the job takes a while; meanwhile a second upload begins");
  std::string thrown = "nothing";
  try {
    service.begin();
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  if (!story.expect("what the new collector throws", std::string("nothing"), thrown)) return;
  service.send(500);
  service.end();
  service.expect_all(500);
  service.expect_calm();
  service.expect_answer();
}

TEST(Collector, an_upload_that_is_given_up) {
  Story story("A collector that is destroyed has finished too: nothing may call it.");
  Service service(story);
  Socket& client = service.begin();
  service.send(1000);
  service.destroy();
  service.expect_calm();
  std::array<char, 16> nothing;
  std::string came = "the end";
  try {
    client.read(nothing.data(), nothing.size());
  } catch (const std::exception&) {
    came = "a reset";  // we closed with bytes that nobody had read
  }
  story.expect("what the client reads", std::string("a reset"), came);
}

TEST(Collector, a_sender_without_pause) {
  Story story(
      "A loop that reads until there is nothing left never comes back if the client sends faster "
      "than you\n"
      "  read. All other clients wait for this one. Read a little, and let the event loop call "
      "again.");
  Service service(story);
  constexpr int kPieces = 2000;
  int when_others_ran = 0;
  Socket& client = service.begin();
  story.step("each time a piece is read, the client sends another, 2000 times");
  service.on_piece([&] {
    if (service.pieces() == 1) {
      service.loop().add_callback([&] { when_others_ran = service.pieces(); });
    }
    if (service.pieces() < kPieces) {
      client.write_all("x");
    } else if (service.pieces() == kPieces) {
      client.shutdown_write();
    }
  });
  client.write_all("x");
  service.loop().start();
  story.expect("another callback had its turn within the first 100 pieces", true,
               when_others_ran > 0 && when_others_ran <= 100);
}

}  // namespace
