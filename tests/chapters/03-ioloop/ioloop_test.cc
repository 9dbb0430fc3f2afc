#include "03-ioloop/ioloop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "03-ioloop/nonblocking.h"

namespace mini {
namespace {

// Two ends of a connection inside the process.
struct Ends {
  Ends() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    near = Socket(fds[0]);
    far = Socket(fds[1]);
  }
  Socket near;
  Socket far;
};

std::string read_some(int fd, std::size_t size = 100) {
  std::string text(size, '\0');
  const ssize_t count = ::read(fd, text.data(), size);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

// ---- callbacks

TEST(IOLoop, callbacks_run_in_the_order_they_were_added) {
  IOLoop loop;
  std::string order;
  loop.add_callback([&] { order += 'a'; });
  loop.add_callback([&] { order += 'b'; });
  loop.stop();
  loop.start();
  EXPECT_EQ(order, "ab");
}

TEST(IOLoop, a_callback_added_by_a_callback_runs_in_the_next_iteration) {
  VirtualClock clock;
  IOLoop loop(clock);
  std::string order;
  loop.call_later(0, [&] { order += 't'; });
  loop.add_callback([&] {
    order += 'a';
    loop.add_callback([&] {
      order += 'b';
      loop.stop();
    });
  });
  loop.start();
  EXPECT_EQ(order, "atb");
}

TEST(IOLoop, what_was_queued_before_stop_runs_and_the_rest_when_the_loop_starts_again) {
  IOLoop loop;
  std::string order;
  loop.add_callback([&] {
    order += 'a';
    loop.add_callback([&] { order += 'b'; });
    loop.stop();
    loop.add_callback([&] { loop.add_callback([&] { order += 'c'; }); });
  });
  loop.start();
  EXPECT_EQ(order, "ab");
  loop.stop();
  loop.start();
  EXPECT_EQ(order, "abc");
}

TEST(IOLoop, a_callback_that_throws_is_reported_and_the_loop_goes_on) {
  IOLoop loop;
  testing::internal::CaptureStderr();
  loop.add_callback([] { throw std::runtime_error("no luck"); });
  loop.add_callback([] { throw 5; });
  bool reached = false;
  loop.add_callback([&] { reached = true; });
  loop.stop();
  loop.start();
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "exception in a callback: no luck\nexception of an unknown type in a callback\n");
  EXPECT_TRUE(reached);
}

TEST(IOLoop, callbacks_come_from_other_threads_and_none_is_lost) {
  IOLoop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  int calls = 0;  // used by the loop's thread only
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        loop.add_callback([&] {
          if (++calls == kThreads * kEach) loop.stop();
        });
      }
    });
  }
  loop.start();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, kThreads * kEach);
}

// A wake-up that comes between the decision to sleep and the sleep must not be lost. Each round
// trip meets the loop at a different point on its way to sleep.
TEST(IOLoop, a_thread_that_adds_one_callback_at_a_time_is_always_heard) {
  IOLoop loop;
  std::atomic<int> heard = 0;
  std::thread thread([&] {
    for (int i = 1; i <= 2000; ++i) {
      loop.add_callback([&] { ++heard; });
      while (heard < i) std::this_thread::yield();
    }
    loop.stop();
  });
  loop.start();
  thread.join();
  EXPECT_EQ(heard, 2000);
}

TEST(IOLoop, stop_may_come_from_another_thread) {
  IOLoop loop;
  std::thread thread([&] { loop.stop(); });
  loop.start();
  thread.join();
}

TEST(IOLoop, current_is_the_first_loop_of_the_thread) {
  EXPECT_THROW(IOLoop::current(), std::logic_error);
  {
    IOLoop first;
    IOLoop second;
    EXPECT_EQ(&IOLoop::current(), &first);
    std::thread([] { EXPECT_THROW(IOLoop::current(), std::logic_error); }).join();
  }
  EXPECT_THROW(IOLoop::current(), std::logic_error);
}

// ---- timers

TEST(IOLoop, timers_run_in_the_order_of_their_time) {
  VirtualClock clock;
  IOLoop loop(clock);
  const double start = loop.time();
  std::string order;
  loop.call_later(7200, [&] {
    order += 'b';
    EXPECT_EQ(loop.time(), start + 7200);
    loop.stop();
  });
  loop.call_later(0.5, [&] {
    order += 'a';
    EXPECT_EQ(loop.time(), start + 0.5);
  });
  loop.start();
  EXPECT_EQ(order, "ab");
}

TEST(IOLoop, a_timer_that_was_removed_does_not_run_even_if_it_was_due) {
  VirtualClock clock;
  IOLoop loop(clock);
  std::string order;
  Timeout second;
  loop.call_later(1, [&] {
    order += 'a';
    loop.remove_timeout(second);
  });
  second = loop.call_later(1, [&] { order += 'b'; });
  loop.call_later(2, [&] { loop.stop(); });
  loop.start();
  EXPECT_EQ(order, "a");
}

TEST(IOLoop, a_timer_of_no_time_that_repeats_itself_starves_nobody) {
  VirtualClock clock;
  IOLoop loop(clock);
  Ends ends;
  Callback again = [&] { loop.call_later(0, again); };
  again();
  loop.add_handler(ends.near.fd(), [&](int, std::uint32_t) { loop.stop(); }, IOLoop::READ);
  ends.far.write("x");
  loop.start();
}

TEST(IOLoop, a_probe_sees_each_sleep_and_how_long_a_turn_took) {
  VirtualClock clock;
  IOLoop loop(clock);
  std::vector<Record> records;
  loop.set_probe([&](const Record& record) { records.push_back(record); });
  loop.call_later(2, [&] {
    clock.skip(0.4);  // a callback that blocks
    loop.call_later(1, [&] { loop.stop(); });
  });
  const double start = loop.time();
  loop.start();
  ASSERT_GE(records.size(), 2u);
  EXPECT_DOUBLE_EQ(records[0].asleep, start);
  EXPECT_DOUBLE_EQ(records[0].awake, start + 2);
  EXPECT_NEAR(records[1].asleep - records[0].awake, 0.4, 1e-9);
  EXPECT_DOUBLE_EQ(records[1].awake, records[1].asleep + 1);
}

TEST(IOLoop, the_loop_sleeps_until_the_timer_and_not_shorter) {
  class CountingClock : public Clock {
   public:
    bool skip(double) override {
      ++sleeps;
      return false;
    }
    int sleeps = 0;
  } clock;
  IOLoop loop(clock);
  const double start = loop.time();
  loop.call_later(0.0105, [&] { loop.stop(); });
  loop.start();
  EXPECT_GE(loop.time() - start, 0.0105);
  EXPECT_LE(clock.sleeps, 2);  // a second one if the kernel's clock ran a little late
}

TEST(IOLoop, a_delay_must_be_a_number) {
  IOLoop loop;
  EXPECT_THROW(loop.call_later(std::nan(""), [] {}), std::invalid_argument);
}

// ---- handlers

TEST(IOLoop, a_handler_is_called_as_long_as_there_is_something_to_read) {
  IOLoop loop;
  Ends ends;
  ends.far.write("abc");
  std::string got;
  loop.add_handler(
      ends.near.fd(),
      [&](int fd, std::uint32_t events) {
        EXPECT_EQ(events, IOLoop::READ);
        got += read_some(fd, 1) + ".";
        if (got.size() == 6) loop.stop();
      },
      IOLoop::READ);
  loop.start();
  EXPECT_EQ(got, "a.b.c.");
}

TEST(IOLoop, update_handler_changes_the_events) {
  VirtualClock clock;
  IOLoop loop(clock);
  Ends ends;
  std::vector<std::uint32_t> heard;
  loop.add_handler(
      ends.near.fd(),
      [&](int fd, std::uint32_t events) {
        heard.push_back(events);
        loop.update_handler(fd, heard.size() == 1 ? IOLoop::READ : 0);
      },
      IOLoop::WRITE);
  loop.call_later(1, [&] { ends.far.write("x"); });
  loop.call_later(2, [&] { loop.stop(); });
  loop.start();
  EXPECT_EQ(heard, (std::vector<std::uint32_t>{IOLoop::WRITE, IOLoop::READ}));
}

TEST(IOLoop, an_error_is_reported_though_nobody_asked) {
  IOLoop loop;
  Ends ends;
  std::uint32_t heard = 0;
  loop.add_handler(
      ends.near.fd(),
      [&](int fd, std::uint32_t events) {
        heard = events;
        loop.remove_handler(fd);
        loop.stop();
      },
      0);
  ends.far.close();
  loop.start();
  EXPECT_NE(heard & IOLoop::ERROR, 0u);
}

TEST(IOLoop, one_handler_for_a_descriptor) {
  IOLoop loop;
  Ends ends;
  loop.add_handler(ends.near.fd(), [](int, std::uint32_t) {}, IOLoop::READ);
  EXPECT_THROW(loop.add_handler(
                   ends.near.fd(), [](int, std::uint32_t) {}, IOLoop::READ),
               std::invalid_argument);
  loop.remove_handler(ends.near.fd());
  loop.remove_handler(ends.near.fd());
  EXPECT_THROW(loop.update_handler(ends.near.fd(), IOLoop::READ), std::invalid_argument);
  loop.add_handler(ends.near.fd(), [](int, std::uint32_t) {}, IOLoop::READ);
}

TEST(IOLoop, a_descriptor_that_cannot_be_watched_is_refused) {
  IOLoop loop;
  EXPECT_THROW(loop.add_handler(-1, [](int, std::uint32_t) {}, IOLoop::READ), std::system_error);
  const Socket file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));  // epoll refuses plain files
  EXPECT_THROW(
      loop.add_handler(file.fd(), [](int, std::uint32_t) {}, IOLoop::READ), std::system_error);
  EXPECT_THROW(loop.update_handler(file.fd(), IOLoop::READ), std::invalid_argument);
}

TEST(IOLoop, a_handler_that_throws_is_called_again) {
  IOLoop loop;
  Ends ends;
  ends.far.write("x");
  int calls = 0;
  testing::internal::CaptureStderr();
  loop.add_handler(
      ends.near.fd(),
      [&](int, std::uint32_t) {
        if (++calls == 2) loop.stop();
        throw std::runtime_error("not now");
      },
      IOLoop::READ);
  loop.start();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "exception in a callback: not now\nexception in a callback: not now\n");
}

// Both descriptors are readable in one batch; the handler that runs first removes the other.
TEST(IOLoop, a_handler_removed_in_its_own_batch_is_not_called) {
  VirtualClock clock;
  IOLoop loop(clock);
  Ends one;
  Ends two;
  one.far.write("x");
  two.far.write("x");
  int calls = 0;
  const auto remove_both = [&](int, std::uint32_t) {
    ++calls;
    loop.remove_handler(one.near.fd());
    loop.remove_handler(two.near.fd());
  };
  loop.add_handler(one.near.fd(), remove_both, IOLoop::READ);
  loop.add_handler(two.near.fd(), remove_both, IOLoop::READ);
  loop.call_later(1, [&] { loop.stop(); });
  loop.start();
  EXPECT_EQ(calls, 1);
}

// The same, but a new descriptor with its own handler gets the number of the closed one: events of
// the old one must not reach the new one.
TEST(IOLoop, a_new_handler_does_not_inherit_the_events_of_its_number) {
  VirtualClock clock;
  IOLoop loop(clock);
  Ends one;
  Ends two;
  one.far.write("x");
  two.far.write("x");
  std::optional<Ends> fresh;
  int stale = 0;
  const auto replace_the_other = [&](Ends& other) {
    const int number = other.near.fd();
    loop.remove_handler(one.near.fd());
    loop.remove_handler(two.near.fd());
    other.near.close();
    fresh.emplace();
    EXPECT_EQ(fresh->near.fd(), number);  // the kernel gives the lowest free number
    loop.add_handler(number, [&](int, std::uint32_t) { ++stale; }, IOLoop::READ);
  };
  loop.add_handler(
      one.near.fd(), [&](int, std::uint32_t) { replace_the_other(two); }, IOLoop::READ);
  loop.add_handler(
      two.near.fd(), [&](int, std::uint32_t) { replace_the_other(one); }, IOLoop::READ);
  loop.call_later(1, [&] { loop.stop(); });
  loop.start();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(stale, 0);
}

TEST(IOLoop, a_handler_that_removes_itself_lives_until_it_returns) {
  IOLoop loop;
  Ends ends;
  ends.far.write("x");
  const auto captured = std::make_shared<int>(5);
  std::weak_ptr<int> alive = captured;
  loop.add_handler(
      ends.near.fd(),
      [&loop, captured](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        EXPECT_EQ(*captured, 5);  // ASan would report it
        loop.stop();
      },
      IOLoop::READ);
  loop.start();
  EXPECT_EQ(alive.use_count(), 1);  // only ours
}

TEST(IOLoop, a_descriptor_closed_before_its_handler_was_removed_does_no_harm) {
  VirtualClock clock;
  IOLoop loop(clock);
  Ends ends;
  const Socket copy(::dup(ends.near.fd()));  // keeps the kernel's watch alive
  loop.add_handler(ends.near.fd(), [](int, std::uint32_t) {}, IOLoop::READ);
  const int fd = ends.near.fd();
  ends.near.close();
  loop.remove_handler(fd);
  ends.far.write("x");
  loop.call_later(1, [&] { loop.stop(); });
  loop.start();
}

// ---- the end

TEST(IOLoop, what_it_keeps_is_freed_first_and_may_still_call_it) {
  struct Kept {
    ~Kept() {
      loop.call_later(1, [] {});
      order += 'k';
    }
    IOLoop& loop;
    std::string& order;
  };
  struct Captured {
    ~Captured() { order += 'c'; }
    std::string& order;
  };
  std::string order;
  {
    IOLoop loop;
    loop.add_callback([captured = std::make_shared<Captured>(order)] {});
    loop.keep(std::make_shared<Kept>(loop, order));
    EXPECT_EQ(order, "");
  }
  EXPECT_EQ(order, "kc");
}

// A model of a connection: it removes its handler when it is freed.
TEST(IOLoop, what_is_freed_with_the_loop_may_still_call_it) {
  struct Connection {
    Connection(IOLoop& its_loop, Socket its_socket)
        : loop(its_loop), socket(std::move(its_socket)) {}
    ~Connection() {
      loop.remove_timeout(timeout);
      loop.remove_handler(socket.fd());
      loop.add_callback([] {});
    }
    IOLoop& loop;
    Socket socket;
    Timeout timeout;
  };
  Ends ends;
  bool freed = false;
  {
    IOLoop loop;
    auto connection = std::make_shared<Connection>(loop, std::move(ends.near));
    connection->timeout = loop.call_later(1, [connection] {});
    loop.add_handler(connection->socket.fd(), [connection](int, std::uint32_t) {}, IOLoop::READ);
    loop.add_callback(
        [connection, flag = std::shared_ptr<void>(nullptr, [&](void*) { freed = true; })] {});
  }
  EXPECT_TRUE(freed);
}

// ---- calls that never block

TEST(NonBlocking, each_call_says_nothing_where_it_would_wait) {
  Socket listener = Socket::listen(0);
  set_nonblocking(listener);
  EXPECT_FALSE(try_accept(listener));
  Ends ends;
  char buffer[10];
  EXPECT_FALSE(try_read(ends.near, buffer, sizeof buffer));
  EXPECT_EQ(try_write(ends.far, "abc"), 3u);
  EXPECT_EQ(try_read(ends.near, buffer, sizeof buffer), 3u);
  const std::string much(1'000'000, 'x');
  std::size_t taken = 0;
  while (const auto size = try_write(ends.near, much)) taken += *size;
  EXPECT_GT(taken, 0u);
  ends.far.shutdown_write();
  EXPECT_EQ(try_read(ends.near, buffer, sizeof buffer), 0u);
  ends.far.close();
  EXPECT_THROW(try_write(ends.near, "x"), std::system_error);
}

}  // namespace
}  // namespace mini
