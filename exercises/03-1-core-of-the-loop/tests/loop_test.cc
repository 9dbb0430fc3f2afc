#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "support/story.h"

namespace {

using mini::IOLoop;
using mini::Socket;
using story::Story;

// Two ends of a connection inside the process.
struct Ends {
  Ends() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
    near = Socket(fds[0]);
    far = Socket(fds[1]);
  }
  Socket near;
  Socket far;
};

// Stops the loop after `seconds` of its own time.
void stop_after(IOLoop& loop, double seconds) {
  loop.call_later(seconds, [&loop] { loop.stop(); });
}

// Returns once the thread is blocked in the kernel.
void wait_until_asleep(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/stat";
  std::string id, name, state;
  while (state != "S") {
    std::ifstream(path) >> id >> name >> state;
    std::this_thread::yield();
  }
}

TEST(Loop, callbacks_in_their_order) {
  Story story("This one passes on the starter: all is well as long as nothing changes meanwhile.");
  IOLoop loop;
  std::string order;
  story.step("callback a and callback b are added, then stop()");
  loop.add_callback([&] { order += 'a'; });
  loop.add_callback([&] { order += 'b'; });
  loop.stop();
  loop.start();
  story.expect("the callbacks that have run", std::string("ab"), order);
}

TEST(Loop, a_callback_that_adds_another) {
  Story story(
      "An iteration runs what was queued when it began. If it also runs what is added meanwhile, a "
      "callback\n"
      "  that adds itself again keeps it from its timers and clients. If it holds the lock while "
      "callbacks\n"
      "  run, a callback that adds another breaks the order, or waits for a mutex that it holds "
      "itself.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  std::string order;
  story.step("a timer t is due at once");
  loop.call_later(0, [&] { order += 't'; });
  story.step("callback a is added; when it runs, it adds callback b");
  loop.add_callback([&] {
    order += 'a';
    loop.add_callback([&] { order += 'b'; });
    loop.stop();
  });
  loop.start();
  story.expect("what has run", std::string("atb"), order);
}

TEST(Loop, a_thread_that_adds_while_the_loop_sleeps) {
  Story story(
      "A queue wakes nobody. The loop is blocked in epoll_wait, perhaps for an hour. Unless you "
      "wake it,\n"
      "  it sees your callback only when something else happens.");
  IOLoop loop;
  Ends ends;
  std::optional<std::thread> thread;
  story.step("the loop has nothing to do but wait");
  loop.add_handler(
      ends.near.fd(),
      [&](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        thread.emplace([&loop, loops_thread = ::gettid()] {
          wait_until_asleep(loops_thread);
          loop.add_callback([&loop] { loop.stop(); });
        });
      },
      IOLoop::READ);
  ends.far.write("x");
  story.step("once it sleeps, another thread adds a callback, which calls stop()");
  loop.start();
  if (thread) thread->join();
  story.expect("the loop has ended", true, true);
}

TEST(Loop, a_timer_to_wait_for) {
  Story story(
      "A loop that asks without pause answers no sooner, and burns a processor. It may sleep until "
      "the next\n"
      "  timer, because a wake-up ends the sleep if there is more to do.");
  class CountingClock : public mini::Clock {
   public:
    double now() override {
      ++questions;
      return Clock::now();
    }
    int questions = 0;
  } clock;
  IOLoop loop(clock);
  story.step("a timer in 50 ms, and nothing else to do");
  stop_after(loop, 0.05);
  loop.start();
  story.expect("the loop has looked at the clock no more than 20 times", true,
               clock.questions <= 20);
}

TEST(Loop, time_that_is_not_real) {
  Story story(
      "Before it sleeps, the loop asks its clock to skip that time. A test's clock does, and a day "
      "passes\n"
      "  at once.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  const double start = loop.time();
  story.step("a timer in a day; the clock is a VirtualClock");
  stop_after(loop, 86'400);
  loop.start();
  story.expect("the seconds that have passed on the clock", 86'400.0, loop.time() - start);
}

TEST(Loop, a_handler_that_is_removed_by_another) {
  Story story("After remove_handler returns, the handler is not called, whatever the kernel said.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  Ends one;
  Ends two;
  int calls = 0;
  const IOLoop::EventHandler remove_both = [&](int, std::uint32_t) {
    ++calls;
    loop.remove_handler(one.near.fd());
    loop.remove_handler(two.near.fd());
  };
  story.step("two descriptors become readable; the handler that is called first removes both");
  loop.add_handler(one.near.fd(), remove_both, IOLoop::READ);
  loop.add_handler(two.near.fd(), remove_both, IOLoop::READ);
  one.far.write("x");
  two.far.write("x");
  stop_after(loop, 1);
  loop.start();
  story.expect("how often a handler was called", 1, calls);
}

TEST(Loop, a_number_that_is_used_again) {
  Story story(
      "The kernel gives a number that was closed to the next descriptor. An event of the old one "
      "must not\n"
      "  reach the new one: remove it together with the handler.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  Ends one;
  Ends two;
  std::optional<Ends> fresh;
  int stale = 0;
  const auto replace = [&](Ends& other) {
    loop.remove_handler(one.near.fd());
    loop.remove_handler(two.near.fd());
    other.near.close();
    fresh.emplace();
    loop.add_handler(fresh->near.fd(), [&](int, std::uint32_t) { ++stale; }, IOLoop::READ);
  };
  story.step("two descriptors become readable in one batch");
  loop.add_handler(one.near.fd(), [&](int, std::uint32_t) { replace(two); }, IOLoop::READ);
  loop.add_handler(two.near.fd(), [&](int, std::uint32_t) { replace(one); }, IOLoop::READ);
  one.far.write("x");
  two.far.write("x");
  story.step("the first handler removes the second, closes its descriptor and opens a new one");
  stop_after(loop, 1);
  loop.start();
  story.expect("events for the new descriptor, to which nobody has written", 0, stale);
}

TEST(Loop, a_handler_that_removes_itself) {
  Story story(
      "A function must not be freed while it runs. Erasing it from the map frees it, with "
      "everything it has\n"
      "  captured, unless something else holds it too.");
  IOLoop loop;
  Ends ends;
  auto captured = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = captured;
  bool alive = false;
  struct Outside {
    IOLoop& loop;
    const std::weak_ptr<int>& watch;
    bool& alive;
  } outside{loop, watch, alive};
  story.step("a handler captures a shared pointer and removes itself");
  loop.add_handler(
      ends.near.fd(),
      [captured = std::move(captured), &outside](int fd, std::uint32_t) {
        Outside& kept = outside;  // not through the closure: it may be gone in a moment
        kept.loop.remove_handler(fd);
        kept.alive = !kept.watch.expired();
        kept.loop.stop();
      },
      IOLoop::READ);
  ends.far.write("x");
  loop.start();
  story.expect("its captures live until it returns", true, alive);
}

TEST(Loop, a_handler_that_throws) {
  Story story(
      "Nothing above the loop catches exceptions: one that leaves a handler ends them all.");
  IOLoop loop;
  Ends ends;
  int calls = 0;
  story.step("a handler throws when it is called for the first time");
  loop.add_handler(
      ends.near.fd(),
      [&](int, std::uint32_t) {
        if (++calls == 1) throw 1;
        loop.stop();
      },
      IOLoop::READ);
  ends.far.write("x");
  try {
    loop.start();
  } catch (...) {
    story.step("the exception left start()");
  }
  story.expect("it was called again", true, calls > 1);
}

}  // namespace
