#include "F-2-results-that-wait/outbox.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/story.h"

namespace {

using story::Story;
using tornado::ioloop::IOLoop;
using Numbers = std::vector<int>;

Numbers up_to(int count) {
  Numbers numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// A loop with an outbox, and the threads that post to it.
class Service {
 public:
  explicit Service(Story& story) : story_(story) {}

  void post(int number) {
    outbox_.post([this, number] {
      delivered_.push_back(number);
      if (delivered_.size() == 1) loop_.add_callback([this] { before_ = delivered_.size(); });
      if (delivered_.size() == wanted_) loop_.add_callback([this] { loop_.stop(); });
    });
  }
  // A thread has `count` results while the loop is busy with something else.
  void burst(int count) {
    story_.step("while the loop is busy, a thread has " + std::to_string(count) + " results");
    loop_.add_callback([this, count] {
      std::thread([this, count] {
        for (int i = 0; i < count; ++i) post(next_++);
      }).join();
    });
  }
  // Runs the loop until `count` results have been delivered, for half a second at most.
  void run(std::size_t count) {
    const auto end = loop_.call_later(0.5, [this] { loop_.stop(); });
    wanted_ = count;
    loop_.start();
    loop_.remove_timeout(end);
  }
  IOLoop& loop() { return loop_; }
  Outbox& outbox() { return outbox_; }
  const Numbers& delivered() const { return delivered_; }
  // Returns how many had been delivered when a callback ran that the first delivery had added.
  std::size_t before() const { return before_; }

 private:
  Story& story_;
  IOLoop loop_;
  Outbox outbox_{loop_};
  Numbers delivered_;
  std::size_t before_ = 0;
  std::size_t wanted_ = 0;
  int next_ = 0;
};

TEST(Outbox, a_quiet_day) {
  Story story("This one passes with the starter: results come one by one.");
  Service service(story);
  story.step("threads have 50 results, one after the other");
  for (int i = 0; i < 50; ++i) {
    std::thread([&] { service.post(i); }).join();
    service.run(static_cast<std::size_t>(i) + 1);
  }
  story.expect("the results that were delivered", up_to(50), service.delivered());
}

TEST(Outbox, a_busy_hour) {
  Story story("This one passes with the starter: results come in groups.");
  Service service(story);
  for (int i = 1; i <= 5; ++i) {
    service.burst(50);
    service.run(50 * static_cast<std::size_t>(i));
  }
  story.expect("the results that were delivered", up_to(250), service.delivered());
}

TEST(Outbox, a_black_friday) {
  Story story("The process is idle, the results are ready, and the clients wait for them.");
  Service service(story);
  for (const int size : {50, 120, 50}) service.burst(size);
  service.run(220);
  story.expect("all clients have got their result", true, service.delivered().size() == 220);
  story.expect("in the right order", true, service.delivered() == up_to(220));
}

TEST(Outbox, the_day_after) {
  Story story("A wake-up that was left out is not made up for by a later one.");
  Service service(story);
  service.burst(300);
  service.run(300);
  for (int i = 1; i <= 3; ++i) {
    service.burst(1);
    service.run(300 + static_cast<std::size_t>(i));
  }
  story.expect("how many results were delivered", std::size_t{303}, service.delivered().size());
}

TEST(Outbox, a_delivery_that_throws) {
  Story story(
      "An exception is a way out too: it skips the lines after it, and with them the wake-up that\n"
      "  the other results wait for.");
  Service service(story);
  story.step("three results wait, and delivering the second throws");
  service.loop().add_callback([&] {
    service.post(0);
    service.outbox().post([] { throw std::runtime_error("on purpose"); });
    service.post(1);
  });
  testing::internal::CaptureStderr();
  service.run(2);
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the results that were delivered", up_to(2), service.delivered());
  story.expect("the log has the exception", true, log.find("on purpose") != std::string::npos);
}

TEST(Outbox, others_get_their_turn) {
  Story story(
      "A loop that delivers everything that waits keeps all other callbacks from their turn, for\n"
      "  as long as results come.");
  Service service(story);
  service.burst(1000);
  service.run(1000);
  story.expect("results delivered before another callback had its turn: at most 2 * kAtOnce", true,
               service.before() <= 2 * Outbox::kAtOnce);
  story.expect("how many results were delivered", std::size_t{1000}, service.delivered().size());
}

TEST(Outbox, a_delivery_that_posts) {
  Story story(
      "Never call somebody else's function while you hold a lock: it may want the same lock, and\n"
      "  the one thread that could release it is waiting for it.");
  Service service(story);
  story.step("delivering the first result posts the second");
  service.outbox().post([&] {
    service.post(0);
    service.post(1);
  });
  service.run(2);
  story.expect("the results that were delivered", up_to(2), service.delivered());
}

}  // namespace
