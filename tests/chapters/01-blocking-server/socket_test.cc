#include "01-blocking-server/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "client.h"

namespace mini {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Socket, closes_its_descriptor_at_the_end_of_its_life) {
  int fd = -1;
  {
    const Socket listener = Socket::listen(0);
    fd = listener.fd();
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(Socket, a_move_hands_the_descriptor_over) {
  Socket first = Socket::listen(0);
  const int fd = first.fd();
  Socket second(std::move(first));
  EXPECT_EQ(first.fd(), -1);
  EXPECT_EQ(second.fd(), fd);
  Socket third = Socket::listen(0);
  const int replaced = third.fd();
  third = std::move(second);
  EXPECT_EQ(third.fd(), fd);
  EXPECT_FALSE(is_open(replaced));
}

TEST(Socket, a_descriptor_is_not_inherited_by_programs_we_start) {
  Socket listener = Socket::listen(0);
  Client client(listener.port());
  const Socket accepted = *listener.accept();
  EXPECT_TRUE(::fcntl(listener.fd(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(accepted.fd(), F_GETFD) & FD_CLOEXEC);
}

TEST(Socket, refuses_an_invalid_address_and_a_taken_port) {
  EXPECT_THROW(Socket::listen(0, "localhost"), std::invalid_argument);
  const Socket listener = Socket::listen(0);
  EXPECT_THROW(Socket::listen(listener.port()), std::system_error);
}

TEST(Socket, read_returns_what_has_arrived_and_0_at_the_end) {
  Pair pair;
  pair.client.send("abc");
  char buffer[2];
  EXPECT_EQ(pair.server.read(buffer, sizeof buffer), 2u);
  EXPECT_EQ(pair.server.read(buffer, sizeof buffer), 1u);
  EXPECT_EQ(buffer[0], 'c');
  pair.client.half_close();
  EXPECT_EQ(pair.server.read(buffer, sizeof buffer), 0u);
}

TEST(Socket, read_throws_if_the_client_resets) {
  Pair pair;
  pair.client.reset();
  char buffer[1];
  EXPECT_THROW(pair.server.read(buffer, sizeof buffer), std::system_error);
}

TEST(Socket, write_to_a_client_that_has_left_throws_and_does_not_kill_the_process) {
  Pair pair;
  pair.client.reset();
  EXPECT_THROW(pair.server.write_all(std::string(100'000, 'x')), std::system_error);
}

sem_t g_interruptions;

void count_interruption(int) {
  ::sem_post(&g_interruptions);
}

// A blocking write returns early only if a signal interrupts it in the middle. So we send one once
// the reader has got a part: by then the writer is inside its first write, and stays there.
TEST(Socket, write_all_goes_on_where_write_stopped) {
  ::sem_init(&g_interruptions, 0, 0);
  struct sigaction before;
  struct sigaction interrupt{};  // without SA_RESTART
  interrupt.sa_handler = count_interruption;
  ::sigaction(SIGUSR1, &interrupt, &before);
  Pair pair;
  const std::string data(20'000'000, 'x');  // more than the kernel's buffers hold
  std::thread writer([&] {
    pair.client.send(data);  // by write_all
    pair.client.half_close();
  });
  char piece[65536];
  std::size_t received = pair.server.read(piece, sizeof piece);
  ::pthread_kill(writer.native_handle(), SIGUSR1);
  ::sem_wait(&g_interruptions);  // nobody makes room for the rest until the write has ended
  while (const std::size_t size = pair.server.read(piece, sizeof piece)) received += size;
  writer.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(received, data.size());
}

TEST(Socket, wait_readable_tells_data_and_the_end_from_silence) {
  using std::chrono::milliseconds;
  Pair pair;
  EXPECT_FALSE(pair.server.wait_readable(milliseconds(0)));
  pair.client.send("x");
  EXPECT_TRUE(pair.server.wait_readable(milliseconds(10'000)));
  char buffer[1];
  EXPECT_EQ(pair.server.read(buffer, 1), 1u);
  pair.client.half_close();
  EXPECT_TRUE(pair.server.wait_readable(milliseconds(10'000)));
}

TEST(Socket, shutdown_wakes_a_thread_in_accept) {
  Socket listener = Socket::listen(0);
  std::future<bool> accepted =
      std::async(std::launch::async, [&listener] { return listener.accept().has_value(); });
  listener.shutdown();
  EXPECT_FALSE(accepted.get());
}

TEST(Socket, shutdown_wakes_a_thread_in_read) {
  Pair pair;
  char buffer[1];
  std::future<std::size_t> read = std::async(
      std::launch::async, [&pair, &buffer] { return pair.server.read(buffer, sizeof buffer); });
  pair.server.shutdown();
  EXPECT_EQ(read.get(), 0u);
}

// Takes every descriptor the process may have, and gives them back at the end. Use neither gtest
// nor threads meanwhile: UBSan's check of a virtual call needs two descriptors.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{std::min<rlim_t>(before_.rlim_cur, 256), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    int fd;
    while ((fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) taken_.emplace_back(fd);
  }
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  int last() const { return taken_.back().fd(); }

 private:
  rlimit before_{};
  std::vector<Socket> taken_;
};

volatile std::sig_atomic_t g_given_back = -1;  // the descriptor that the next SIGALRM closes

void give_one_back(int) {
  ::close(g_given_back);
  g_given_back = -1;
}

TEST(Socket, accept_waits_for_a_descriptor_if_there_is_none_left) {
  Socket listener = Socket::listen(0);
  const Client client(listener.port());
  std::signal(SIGALRM, give_one_back);
  std::optional<Socket> accepted;
  bool waited = false;
  {
    const NoDescriptorsLeft none;
    g_given_back = none.last();
    const itimerval in_20_ms{{0, 0}, {0, 20'000}};
    ::setitimer(ITIMER_REAL, &in_20_ms, nullptr);
    accepted = listener.accept();
    waited = g_given_back == -1;
    if (accepted) *accepted = Socket();  // it has the number that `none` is going to close
  }
  std::signal(SIGALRM, SIG_DFL);
  EXPECT_TRUE(accepted.has_value());
  EXPECT_TRUE(waited);
}

}  // namespace
}  // namespace mini
