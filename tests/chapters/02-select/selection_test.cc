#include "02-select/selection.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "../01-blocking-server/client.h"
#include "02-select/nonblocking.h"

namespace mini {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Selection, knows_which_descriptors_can_be_read) {
  Pair talks;
  Pair is_silent;
  talks.client.send("x");
  Selection selection;
  selection.watch_read(talks.server.fd());
  selection.watch_read(is_silent.server.fd());
  selection.wait(std::nullopt);
  EXPECT_TRUE(selection.can_read(talks.server.fd()));
  EXPECT_FALSE(selection.can_read(is_silent.server.fd()));
}

TEST(Selection, a_client_that_has_left_can_be_read) {
  Pair left;
  left.client.close();
  Pair reset;
  reset.client.reset();
  Selection selection;
  selection.watch_read(left.server.fd());
  selection.watch_read(reset.server.fd());
  selection.wait(std::nullopt);
  EXPECT_TRUE(selection.can_read(left.server.fd()));
  EXPECT_TRUE(selection.can_read(reset.server.fd()));
}

TEST(Selection, knows_which_descriptors_can_be_written) {
  Pair has_room;
  Pair is_full;
  make_nonblocking(is_full.server);
  const std::string much(100'000, 'x');
  while (if_ready([&] { return is_full.server.write(much); })) continue;
  Selection selection;
  selection.watch_write(has_room.server.fd());
  selection.watch_write(is_full.server.fd());
  selection.wait(std::nullopt);
  EXPECT_TRUE(selection.can_write(has_room.server.fd()));
  EXPECT_FALSE(selection.can_write(is_full.server.fd()));
}

TEST(Selection, reports_nothing_that_was_not_watched) {
  Pair pair;
  pair.client.send("x");
  Selection selection;
  selection.watch_write(pair.server.fd());
  selection.wait(std::nullopt);
  EXPECT_FALSE(selection.can_read(pair.server.fd()));
  EXPECT_FALSE(selection.can_write(pair.server.fd() + 1));
  EXPECT_FALSE(selection.can_write(-1));
  EXPECT_FALSE(selection.can_write(5000));
}

TEST(Selection, sleeps_as_long_as_it_may) {
  Pair is_silent;
  const auto start = std::chrono::steady_clock::now();
  Selection selection;
  selection.watch_read(is_silent.server.fd());
  selection.wait(milliseconds(20));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20));
  EXPECT_FALSE(selection.can_read(is_silent.server.fd()));
}

TEST(Selection, a_timeout_in_the_past_is_neither_a_sleep_nor_an_error) {
  Pair is_silent;
  for (const microseconds time : {microseconds(0), microseconds(-1), microseconds(-5'000'000)}) {
    Selection selection;
    selection.watch_read(is_silent.server.fd());
    selection.wait(time);
    EXPECT_FALSE(selection.can_read(is_silent.server.fd()));
  }
}

// When a signal ends the call, the sets still hold the question, which must not pass for the
// answer.
TEST(Selection, nothing_is_ready_after_a_signal) {
  std::signal(SIGALRM, [](int) {});
  Pair is_silent;
  const itimerval soon{{0, 0}, {0, 10'000}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  Selection selection;
  selection.watch_read(is_silent.server.fd());
  selection.wait(std::nullopt);
  EXPECT_FALSE(selection.can_read(is_silent.server.fd()));
}

TEST(Selection, refuses_a_descriptor_that_does_not_fit) {
  Selection selection;
  EXPECT_THROW(selection.watch_read(FD_SETSIZE), std::out_of_range);
  EXPECT_THROW(selection.watch_write(FD_SETSIZE), std::out_of_range);
  EXPECT_THROW(selection.watch_read(-1), std::out_of_range);
  EXPECT_TRUE(Selection::fits(FD_SETSIZE - 1));
  EXPECT_FALSE(Selection::fits(FD_SETSIZE));
}

TEST(Selection, a_closed_descriptor_is_an_error) {
  const int closed = Socket::listen(0).fd();  // the socket is closed at the end of this line
  Selection selection;
  selection.watch_read(closed);
  EXPECT_THROW(selection.wait(std::nullopt), std::system_error);
}

TEST(IfReady, distinguishes_not_now_from_the_end_and_from_a_failure) {
  Pair pair;
  make_nonblocking(pair.server);
  std::array<char, 16> piece;
  const auto read = [&] {
    return if_ready([&] { return pair.server.read(piece.data(), piece.size()); });
  };
  EXPECT_EQ(read(), std::nullopt);
  pair.client.send("abc");
  EXPECT_EQ(read(), 3u);
  pair.client.half_close();
  EXPECT_EQ(read(), 0u);
  pair.client.reset();
  EXPECT_THROW(if_ready([&] { return pair.server.write("x"); }), std::system_error);
}

TEST(MakeNonblocking, refuses_an_invalid_descriptor) {
  EXPECT_THROW(make_nonblocking(Socket()), std::system_error);
}

}  // namespace
}  // namespace mini
