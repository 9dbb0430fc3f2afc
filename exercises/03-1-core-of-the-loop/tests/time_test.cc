#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "loop_tools.h"

namespace {

// ---- milestone 3

TEST(Callbacks, in_their_order) {
  Story story(
      "The queue is a queue: first come, first called. An exception ends one callback only.");
  IOLoop loop;
  std::string order;
  testing::internal::CaptureStderr();
  story.step("four callbacks are added; the second throws, the last calls stop()");
  loop.add_callback([&] { order += 'a'; });
  loop.add_callback([] { throw std::runtime_error("no luck"); });
  loop.add_callback([&] { order += 'b'; });
  loop.add_callback([&] { loop.stop(); });
  loop.start();
  testing::internal::GetCapturedStderr();
  story.expect("the callbacks that have run", std::string("ab"), order);
}

TEST(Callbacks, that_add_another) {
  Story story(
      "An iteration runs what was queued when it began. If it also runs what is added meanwhile, a "
      "callback\n"
      "  that adds itself again keeps it from its timers and clients. If it holds the lock while "
      "callbacks\n"
      "  run, a callback that adds another breaks the order, or waits for a mutex that it holds "
      "itself.");
  IOLoop loop;
  Ends ends;
  std::string order;
  story.step("a descriptor is readable; its handler notes e, and removes itself");
  loop.add_handler(
      ends.near.fd(),
      [&](int fd, std::uint32_t) {
        order += 'e';
        loop.remove_handler(fd);
      },
      IOLoop::READ);
  ends.far.write("x");
  story.step("callback a is added; when it runs, it adds callback b, which calls stop()");
  loop.add_callback([&] {
    order += 'a';
    loop.add_callback([&] {
      order += 'b';
      loop.stop();
    });
  });
  loop.start();
  story.expect("what has run", std::string("aeb"), order);
}

TEST(Callbacks, of_a_thread_that_finds_the_loop_asleep) {
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

TEST(Callbacks, of_two_threads_at_once) {
  Story story(
      "Two threads that change one vector at the same time lose callbacks, or crash. Touch the "
      "queue "
      "only\n"
      "  while you hold the mutex.");
  constexpr int kEach = 30'000;
  IOLoop loop;
  int calls = 0;
  const auto count = [&] {
    if (++calls == 2 * kEach) loop.stop();
  };
  story.step("two threads add 30,000 callbacks each, while the loop runs");
  const auto add = [&] {
    for (int i = 0; i < kEach; ++i) loop.add_callback(count);
  };
  std::thread one(add);
  std::thread two(add);
  loop.start();
  one.join();
  two.join();
  story.expect("the callbacks that have run", 2 * kEach, calls);
}

// ---- milestone 4

TEST(Time, runs_timers_in_their_order) {
  Story story(
      "Timers run in the order of their deadlines, not of their creation; equal deadlines keep the "
      "order of\n"
      "  creation.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  std::string order;
  story.step("timers in 3, 1, 2 and 1 seconds");
  loop.call_later(3, [&] {
    order += '3';
    loop.stop();
  });
  loop.call_later(1, [&] { order += '1'; });
  loop.call_later(2, [&] { order += '2'; });
  loop.call_later(1, [&] { order += 'i'; });
  loop.start();
  story.expect("their order", std::string("1i23"), order);
}

TEST(Time, runs_no_timer_that_was_removed) {
  Story story(
      "A timer that is due may still be removed by one that runs before it, in the same iteration. "
      "And one that\n"
      "  a timer adds runs in the next.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  std::string order;
  mini::Timeout second{};
  story.step("two timers are due at once; the first removes the second, and adds a third");
  loop.call_later(0, [&] {
    order += '1';
    loop.remove_timeout(second);
    loop.call_later(0, [&] { order += '3'; });
    loop.add_callback([&] { order += 'c'; });
  });
  second = loop.call_later(0, [&] { order += '2'; });
  stop_after(loop, 1);
  loop.start();
  story.expect("what has run, and c, a callback that the first has added", std::string("1c3"),
               order);
}

TEST(Time, sleeps_until_the_next_timer) {
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

TEST(Time, that_is_not_real) {
  Story story(
      "Before it sleeps, the loop asks its clock to skip that time. A test's clock does, and a day "
      "passes\n"
      "  at once. But while a callback waits, the loop does not sleep.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  const double start = loop.time();
  double called = -1;
  story.step("a timer in 40,000 s, which adds a callback, and one in a day");
  loop.call_later(40'000, [&] { loop.add_callback([&] { called = loop.time() - start; }); });
  stop_after(loop, 86'400);
  loop.start();
  story.expect("the seconds that have passed on the clock", 86'400.0, loop.time() - start);
  story.expect("the callback's time", 40'000.0, called);
}

TEST(Time, that_is_skipped_costs_none) {
  Story story(
      "skip() returns true: do not wait. If the loop then sleeps for a single millisecond, a test "
      "of "
      "5,000\n"
      "  timers takes five seconds.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  int left = 5'000;
  mini::Callback next = [&] {
    if (--left == 0) return loop.stop();
    loop.call_later(1, next);
  };
  story.step("5,000 timers on a test's clock, a second apart");
  loop.call_later(1, next);
  loop.start();
  story.expect("timers that have not run", 0, left);
}

std::atomic<bool> interrupted = false;

TEST(Time, goes_on_after_a_signal) {
  Story story(
      "epoll_wait returns with EINTR if a signal arrives meanwhile. That is no error: the loop "
      "asks "
      "again.");
  IOLoop loop;
  interrupted = false;
  std::signal(SIGUSR1, [](int) { interrupted = true; });
  std::optional<std::thread> thread;
  bool done = false;
  story.step("a signal interrupts the sleeping loop; then a thread adds a callback");
  loop.call_later(0, [&] {
    thread.emplace([&, loops_thread = ::gettid(), handle = ::pthread_self()] {
      wait_until_asleep(loops_thread);
      ::pthread_kill(handle, SIGUSR1);
      while (!interrupted) std::this_thread::yield();  // else the callback might end the sleep
      loop.add_callback([&] {
        done = true;
        loop.stop();
      });
    });
  });
  const bool left = throws<std::system_error>([&] { loop.start(); });
  if (thread) thread->join();
  std::signal(SIGUSR1, SIG_DFL);
  story.expect("an error left start()", false, left);
  story.expect("the callback has run", true, done);
}

// ---- milestone 5

TEST(End, comes_after_what_is_queued) {
  Story story(
      "stop() is a callback like others: what was queued before it runs, and a stop() before "
      "start() counts. The\n"
      "  next start() is not stopped by it any more.");
  IOLoop loop;
  std::string order;
  story.step("a callback, stop(), a second callback; then start(), and start() again");
  loop.add_callback([&] { order += 'a'; });
  loop.stop();
  loop.add_callback([&] { order += 'b'; });
  loop.start();
  order += '.';
  loop.add_callback([&] {
    order += 'c';
    loop.stop();
  });
  loop.start();
  story.expect("what has run", std::string("ab.c"), order);
}

TEST(End, is_asked_for_by_another_thread) {
  Story story("A flag that another thread sets wakes nobody: the loop sleeps on.");
  IOLoop loop;
  std::optional<std::thread> thread;
  story.step("once the loop sleeps, another thread calls stop()");
  loop.add_callback([&] {
    thread.emplace([&loop, loops_thread = ::gettid()] {
      wait_until_asleep(loops_thread);
      loop.stop();
    });
  });
  loop.start();
  if (thread) thread->join();
  story.expect("the loop has ended", true, true);
}

TEST(End, by_a_signal) {
  Story story(
      "A signal becomes a callback, which may do everything that is forbidden in a signal handler. "
      "A second\n"
      "  handler for the same signal replaces the first.");
  IOLoop loop;
  std::string order;
  story.step("handlers for SIGUSR1, SIGUSR2, and SIGUSR1 again; then both signals arrive");
  loop.add_signal_handler(SIGUSR1, [&] { order += 'x'; });
  loop.add_signal_handler(SIGUSR2, [&] { order += '2'; });
  loop.add_signal_handler(SIGUSR1, [&] {
    order += '1';
    loop.stop();
  });
  ::pthread_kill(::pthread_self(), SIGUSR2);
  ::pthread_kill(::pthread_self(), SIGUSR1);
  loop.start();
  story.expect("SIGUSR1's second handler has run", true, order.find('1') != order.npos);
  story.expect("so has SIGUSR2's", true, order.find('2') != order.npos);
  story.expect("SIGUSR1's first handler has not", true, order.find('x') == order.npos);
}

// Calls its loop when it is freed, as a connection does that removes its handler.
struct Leaver {
  Leaver(IOLoop& left, int left_fd, std::string& note) : loop(left), fd(left_fd), order(note) {}
  Leaver(const Leaver&) = delete;
  Leaver& operator=(const Leaver&) = delete;
  ~Leaver() {
    loop.remove_handler(fd);
    loop.remove_timeout({});
    loop.add_callback([] {});
    order += &IOLoop::current() == &loop ? "freed " : "freed by nobody's loop ";
  }
  IOLoop& loop;
  int fd;
  std::string& order;
};

TEST(End, frees_what_it_still_holds) {
  Story story(
      "Functions own what they have captured, and that may call the loop when it is freed. So free "
      "them while\n"
      "  the loop is still whole, and not one member after the other. What keep() was given goes "
      "first: it may\n"
      "  own coroutines, which use all the rest.");
  std::string order;
  Ends ends;
  {
    IOLoop loop;
    story.step(
        "a handler, a timer, a callback and a signal handler own objects that call the loop");
    const auto owned = [&] { return std::make_shared<Leaver>(loop, ends.near.fd(), order); };
    loop.add_handler(ends.near.fd(), [it = owned()](int, std::uint32_t) {}, IOLoop::READ);
    loop.call_later(100, [it = owned()] {});
    loop.add_callback([it = owned()] {});
    loop.add_signal_handler(SIGUSR1, [it = owned()] {});
    story.step("and keep() is given an object that notes when it is freed");
    loop.keep(std::shared_ptr<void>(nullptr, [&order](void*) { order += "kept "; }));
    story.step("the loop is destroyed");
  }
  story.expect("what was freed", std::string("kept freed freed freed freed "), order);
}

}  // namespace
