// IOL-28 The kqueue poller by itself: how it translates kqueue's events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tornado/ioloop.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

#include "../loop_test_util.h"
#include "loop/poll/poller.h"

namespace tornado::ioloop::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr auto kRead = IOLoop::READ;
constexpr auto kWrite = IOLoop::WRITE;
constexpr auto kError = IOLoop::ERROR;
constexpr auto kHangup = Poller::kHangup;

class KqueueTest : public ::testing::Test {
 protected:
  KqueueTest() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    here = fds[0];
    there = fds[1];
  }
  ~KqueueTest() override {
    ::close(here);
    if (there >= 0) ::close(there);
  }

  // Returns the events there are now, each with its tag.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> events(int capacity = 8) {
    std::array<PollEvent, 8> list;
    const int count = poller->wait(list.data(), capacity, 0);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
    for (int i = 0; i < count; ++i) {
      const PollEvent& event = list[static_cast<std::size_t>(i)];
      found.emplace_back(event.tag, event.events);
    }
    return found;
  }
  void send(int fd) { EXPECT_EQ(::write(fd, "x", 1), 1); }
  void receive(int fd) {
    char byte;
    EXPECT_EQ(::read(fd, &byte, 1), 1);
  }

  int here = -1;
  int there = -1;
  std::unique_ptr<Poller> poller = make_kqueue_poller();
};

// IOL-28
TEST_F(KqueueTest, is_the_best_where_there_is_no_epoll) {
  EXPECT_EQ(make_poller("")->name(), "kqueue");
  EXPECT_THROW(make_poller("epoll"), std::invalid_argument);
}

// IOL-28
TEST_F(KqueueTest, both_filters_of_a_descriptor_are_one_event) {
  poller->add(here, kRead | kWrite, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kWrite)));
  send(there);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead | kWrite)));
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead | kWrite)));  // again, until it is read
  receive(here);
  poller->modify(here, kRead, 8);
  EXPECT_THAT(events(), IsEmpty());
  send(there);
  EXPECT_THAT(events(), ElementsAre(std::pair(8, kRead)));
  poller->remove(here);
  EXPECT_THAT(events(), IsEmpty());
}

// IOL-28
TEST_F(KqueueTest, data_that_nobody_asked_for_is_not_reported) {
  poller->add(here, kHangup, 7);
  send(there);
  EXPECT_THAT(events(), IsEmpty());
  poller->modify(here, kRead | kHangup, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead)));
  poller->modify(here, kHangup, 7);
  EXPECT_THAT(events(), IsEmpty());
}

// IOL-28
TEST_F(KqueueTest, the_end_of_the_other_side_is_a_hangup) {
  poller->add(here, kHangup, 7);
  ::shutdown(there, SHUT_WR);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kHangup)));
  poller->modify(here, kRead | kHangup, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead | kHangup)));
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead | kHangup)));
  poller->modify(here, kRead, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead)));
}

// IOL-28
TEST_F(KqueueTest, a_hangup_that_nobody_asked_for_yet_is_reported_later) {
  poller->add(here, IOLoop::NONE, 7);
  ::shutdown(there, SHUT_WR);
  EXPECT_THAT(events(), IsEmpty());
  poller->modify(here, kHangup, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kHangup)));
}

// IOL-28
TEST_F(KqueueTest, a_reader_that_left_is_an_error_for_the_writer) {
  test::Pipe pipe;
  poller->add(pipe.write_end, kWrite, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kWrite)));
  ::close(std::exchange(pipe.read_end, -1));
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kWrite | kError)));
}

// IOL-28
TEST_F(KqueueTest, a_writer_that_left_is_an_error_for_the_reader) {
  test::Pipe pipe;
  poller->add(pipe.read_end, IOLoop::NONE, 7);
  pipe.fill();
  EXPECT_THAT(events(), IsEmpty());
  ::close(std::exchange(pipe.write_end, -1));
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kError)));
  poller->modify(pipe.read_end, kRead, 7);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead | kError)));
}

// IOL-28
TEST_F(KqueueTest, a_refused_connection_is_an_error) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* to = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, to, size), 0);  // it does not listen
  ASSERT_EQ(::getsockname(listener, to, &size), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  ASSERT_EQ(::connect(client, to, size), -1);
  poller->add(client, kWrite, 7);
  std::array<PollEvent, 2> list;  // one for each filter
  ASSERT_EQ(poller->wait(list.data(), 2, -1), 1);
  EXPECT_EQ(list[0].events, kWrite | kError);
  ::close(client);
  ::close(listener);
}

// IOL-28
TEST_F(KqueueTest, what_is_not_open_is_refused) {
  const int closed = std::exchange(there, -1);
  ::close(closed);
  for (const std::uint32_t wanted : {kRead, kWrite, kHangup}) {
    try {
      poller->add(closed, wanted, 7);
      ADD_FAILURE() << "taken";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code().value(), EBADF);
    }
  }
}

// IOL-28
TEST_F(KqueueTest, a_descriptor_closed_without_its_knowledge_is_forgotten) {
  poller->add(there, kRead | kWrite, 7);
  const int closed = std::exchange(there, -1);
  ::close(closed);
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_THROW(poller->modify(closed, kRead, 7), std::system_error);
  poller->remove(closed);
}

// IOL-28
TEST_F(KqueueTest, a_list_too_short_for_all_serves_all_in_the_end) {
  std::array<test::Pipe, 5> pipes;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    pipes[i].fill();
    poller->add(pipes[i].read_end, kRead, i);
  }
  std::vector<std::uint64_t> tags;
  for (int round = 0; round < 3; ++round) {
    for (const auto& [tag, what] : events(2)) tags.push_back(tag);
  }
  EXPECT_THAT(std::vector(tags.begin(), tags.begin() + 5), UnorderedElementsAre(0, 1, 2, 3, 4));
}

// IOL-28
TEST_F(KqueueTest, waits_as_long_as_it_is_told) {
  poller->add(here, kRead, 7);
  std::array<PollEvent, 1> list;
  EXPECT_EQ(poller->wait(list.data(), 1, 2), 0);
  std::thread sender([this] { send(there); });
  EXPECT_EQ(poller->wait(list.data(), 1, -1), 1);
  sender.join();
}

// IOL-28
TEST_F(KqueueTest, is_of_no_use_after_a_fork) {
  poller->add(here, kRead, 7);
  const pid_t child = ::fork();
  if (child == 0) {
    int mistakes = 0;
    std::array<PollEvent, 1> list;
    const auto refused = [&](auto call) {
      try {
        call();
        ++mistakes;
      } catch (const std::runtime_error&) {
      }
    };
    refused([&] { poller->add(there, kRead, 8); });
    refused([&] { poller->modify(here, kWrite, 8); });
    refused([&] { poller->wait(list.data(), 1, 0); });
    poller->remove(here);
    const int next = ::dup(here);  // the highest in use
    poller.reset();
    if (::fcntl(next - 1, F_GETFD) < 0) ++mistakes;  // must not close the queue's number
    ::_exit(mistakes);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  send(there);
  EXPECT_THAT(events(), ElementsAre(std::pair(7, kRead)));
}

}  // namespace
}  // namespace tornado::ioloop::detail
