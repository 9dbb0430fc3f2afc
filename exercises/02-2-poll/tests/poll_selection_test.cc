#include "02-2-poll/poll_selection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "01-blocking-server/socket.h"
#include "support/story.h"

namespace {

using mini::Socket;
using std::chrono::microseconds;
using std::chrono::milliseconds;
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

// Writes until the socket's buffer is full.
void fill(Socket& socket) {
  const std::string much(100'000, 'x');
  while (::send(socket.fd(), much.data(), much.size(), MSG_NOSIGNAL) > 0) continue;
}

TEST(PollSelection, one_of_two_can_be_read) {
  Story story("A question without descriptors gets no answer.");
  Ends talks;
  Ends silent;
  story.step("one of two connections has something to read");
  talks.far.write("x");
  PollSelection selection;
  selection.watch_read(talks.near.fd());
  selection.watch_read(silent.near.fd());
  selection.wait(milliseconds(100));
  story.expect("can_read of this one", true, selection.can_read(talks.near.fd()));
  story.expect("can_read of the other", false, selection.can_read(silent.near.fd()));
  story.expect("can_write, which we did not ask", false, selection.can_write(talks.near.fd()));
}

TEST(PollSelection, one_of_two_can_be_written) {
  Story story("Ask about writing with POLLOUT. The answer is in revents, not in events.");
  Ends has_room;
  Ends full;
  story.step("one of two connections has no room left");
  fill(full.near);
  PollSelection selection;
  selection.watch_write(has_room.near.fd());
  selection.watch_write(full.near.fd());
  selection.wait(milliseconds(100));
  story.expect("can_write of the other", true, selection.can_write(has_room.near.fd()));
  story.expect("can_write of this one", false, selection.can_write(full.near.fd()));
}

TEST(PollSelection, one_descriptor_watched_for_both) {
  Story story(
      "The question may contain a descriptor twice. If you stop at its first entry, you may\n"
      "  return the answer to the other question.");
  Ends ends;
  story.step("a connection has room, and nothing to read; it is watched for both");
  PollSelection selection;
  selection.watch_read(ends.near.fd());
  selection.watch_write(ends.near.fd());
  selection.wait(milliseconds(100));
  story.expect("can_read", false, selection.can_read(ends.near.fd()));
  story.expect("can_write", true, selection.can_write(ends.near.fd()));
}

TEST(PollSelection, a_writer_that_has_left) {
  Story story(
      "A reader needs more than POLLIN. When the writer of a pipe has left, poll reports\n"
      "  POLLHUP alone, a read returns 0 at once, and select calls this readable. If you ignore\n"
      "  it, it wakes the server in every round, and nobody ever reads the end.");
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe(fds.data()), 0);
  const Socket reader(fds[0]);
  story.step("the writer of a pipe closes it, and has written nothing");
  Socket(fds[1]).close();
  PollSelection selection;
  selection.watch_read(reader.fd());
  selection.wait(milliseconds(100));
  story.expect("can_read of the other end", true, selection.can_read(reader.fd()));
}

TEST(PollSelection, a_reader_that_has_left) {
  Story story("A write to a pipe without a reader does not block: it fails. POLLERR says so.");
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_NONBLOCK), 0);
  const Socket writer(fds[1]);
  const std::string much(65'536, 'x');
  while (::write(writer.fd(), much.data(), much.size()) > 0) continue;
  story.step("a pipe is full, and its reader closes it");
  Socket(fds[0]).close();
  PollSelection selection;
  selection.watch_write(writer.fd());
  selection.wait(milliseconds(100));
  story.expect("can_write of the other end", true, selection.can_write(writer.fd()));
}

microseconds slept(const Socket& silent, microseconds time) {
  const auto start = std::chrono::steady_clock::now();
  PollSelection selection;
  selection.watch_read(silent.fd());
  selection.wait(time);
  return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - start);
}

TEST(PollSelection, a_sleep_of_a_part_of_a_millisecond) {
  Story story(
      "Rounded down, the sleep ends before its time: the server finds nothing due and asks\n"
      "  again, with a timeout of 0, until the millisecond is over. Round up.");
  Ends silent;
  story.step("wait(900 us)");
  story.expect("it slept at least 900 us", true,
               slept(silent.near, microseconds(900)) >= microseconds(900));
  story.step("wait(1500 us)");
  story.expect("it slept at least 1500 us", true,
               slept(silent.near, microseconds(1500)) >= microseconds(1500));
}

TEST(PollSelection, a_timeout_in_the_past) {
  Story story(
      "poll takes a negative number to mean for ever. Here it means that a deadline has\n"
      "  passed.");
  Ends silent;
  for (const microseconds time : {microseconds(0), microseconds(-5000), microseconds(-5'000'000)}) {
    story.step("wait(" + std::to_string(time.count()) + " us)");
    story.expect("it slept less than a second", true,
                 slept(silent.near, time) < milliseconds(1000));
  }
}

TEST(PollSelection, a_timeout_of_nothing) {
  Story story(
      "Rounding up must not turn a timeout of 0 into a sleep: a server that has work left asks\n"
      "  with a timeout of 0, and would sleep a millisecond in every round.");
  Ends silent;
  story.step("wait(0) is called 500 times");
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i) slept(silent.near, microseconds(0));
  story.expect("that took less than 250 ms", true,
               std::chrono::steady_clock::now() - start < milliseconds(250));
}

TEST(PollSelection, a_signal) {
  Story story(
      "A signal may end the sleep: poll then fails with EINTR. That is no error. Nothing is\n"
      "  ready, and the server asks again.");
  struct sigaction ignore{};
  ignore.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &ignore, nullptr);  // without SA_RESTART: a system call ends
  Ends silent;
  story.step("wait(2 s) is called, and the process gets signals until it returns");
  std::atomic<bool> returned = false;
  std::thread alarm([&returned, sleeper = ::pthread_self()] {
    while (!returned) {
      ::pthread_kill(sleeper, SIGUSR1);
      std::this_thread::yield();
    }
  });
  PollSelection selection;
  selection.watch_read(silent.near.fd());
  std::string thrown = "nothing";
  const auto start = std::chrono::steady_clock::now();
  try {
    selection.wait(milliseconds(2000));
  } catch (const std::system_error& error) {
    thrown = error.what();
  }
  const auto time = std::chrono::steady_clock::now() - start;
  returned = true;
  alarm.join();
  story.expect("what wait() throws", std::string("nothing"), thrown);
  story.expect("it returned before the 2 s were over", true, time < milliseconds(2000));
  story.expect("can_read", false, selection.can_read(silent.near.fd()));
}

TEST(PollSelection, without_a_timeout_it_waits_for_as_long_as_it_takes) {
  Story story("Without a timeout, pass -1 to poll. 0 would mean no sleep at all.");
  Ends ends;
  ends.far.write("x");
  PollSelection selection;
  selection.watch_read(ends.near.fd());
  selection.wait(std::nullopt);
  story.expect("can_read", true, selection.can_read(ends.near.fd()));
}

TEST(PollSelection, a_closed_descriptor) {
  Story story(
      "poll does not fail because of a closed descriptor, as select does with EBADF. It\n"
      "  returns at once and reports POLLNVAL, in each round: a server that looks for POLLIN\n"
      "  only would spin.");
  const int closed = Socket::listen(0).fd();  // the socket is closed at the end of this line
  story.step("a closed descriptor is watched");
  PollSelection selection;
  selection.watch_read(closed);
  int error = 0;
  try {
    selection.wait(milliseconds(100));
  } catch (const std::system_error& thrown) {
    error = thrown.code().value();
  }
  story.expect("the error that wait() throws (EBADF is 9)", EBADF, error);
}

TEST(PollSelection, a_question_that_poll_refuses) {
  Story story(
      "Only EINTR is no error. If poll fails for another reason, the server must hear of it, or\n"
      "  it asks the same question again, at once and for ever.");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{64, before.rlim_max};
  Ends ends;
  PollSelection selection;
  story.step("100 questions are asked, and the process may open 64 files: poll fails with EINVAL");
  for (int i = 0; i < 100; ++i) selection.watch_read(ends.near.fd());
  ::setrlimit(RLIMIT_NOFILE, &few);
  int error = 0;
  try {
    selection.wait(milliseconds(0));
  } catch (const std::system_error& thrown) {
    error = thrown.code().value();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  story.expect("the error that wait() throws (EINVAL is 22)", EINVAL, error);
}

TEST(PollSelection, a_number_beyond_1023) {
  Story story("An array of numbers does not end at 1,024. Any descriptor must do.");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  Ends ends;
  const Socket far_away(::fcntl(ends.near.fd(), F_DUPFD, 2000));
  story.step("a connection whose descriptor is 2000 or higher has something to read");
  ends.far.write("x");
  PollSelection selection;
  selection.watch_read(far_away.fd());
  selection.wait(milliseconds(100));
  story.expect("can_read", true, selection.can_read(far_away.fd()));
  story.expect("can_read of one that was not watched", false, selection.can_read(ends.near.fd()));
}

}  // namespace
