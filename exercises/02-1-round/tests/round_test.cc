#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "02-select/select_server.h"
#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace {

using mini::Client;
using mini::Socket;
using story::Story;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

// A server that runs in a thread of its own while the test plays the clients.
class Shop {
 public:
  explicit Shop(Story& story, mini::Handler handler = say_hi)
      : story_(story),
        server_(Socket::listen(0), std::move(handler)),
        thread_([this] { server_.run(); }) {
    story_.step("run() is called");
  }
  ~Shop() {
    story_.step("stop() is called; run() should return");
    server_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_.port(); }

  void expect_answer(const std::string& what, const std::string& answer) {
    story_.expect(what, std::string("HTTP/1.1 200 OK"), answer.substr(0, answer.find('\r')));
  }
  void expect_served() {
    story_.step("a client connects and asks for a page");
    expect_answer("its answer", Client(port()).ask(kGet));
  }

 private:
  static mini::Response say_hi(const mini::Request&) { return {200, "hi"}; }

  Story& story_;
  mini::SelectServer server_;
  std::thread thread_;
};

TEST(Round, one_client) {
  Story story(
      "An accepted connection is not a served one. The server never hears of this client,\n"
      "  unless ask() asks for it.");
  Shop shop(story);
  shop.expect_served();
  shop.expect_served();
}

TEST(Round, a_client_that_goes_on_after_a_pause) {
  Story story(
      "select writes its answer over the question: the bits of all that were not ready are\n"
      "  gone. If you use the same sets again, you never hear of a client that was silent for\n"
      "  one round.");
  Shop shop(story);
  story.step("client A sends the first half of its request");
  Client a(shop.port());
  a.send(kGet.substr(0, 10));
  shop.expect_served();
  story.step("client A sends the second half");
  shop.expect_answer("its answer", a.ask(kGet.substr(10)));
}

// Returns the processor time this process has used, in seconds.
double processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

TEST(Round, silent_clients) {
  Story story(
      "A server that never sleeps hears nobody sooner. It uses a whole processor to learn that\n"
      "  nothing has happened. While there is no deadline, select may sleep for as long as it\n"
      "  takes.");
  Shop shop(story);
  shop.expect_served();
  story.step("twenty clients connect and say nothing for 0.3 s");
  std::list<Client> silent;
  for (int i = 0; i < 20; ++i) silent.emplace_back(shop.port());
  Socket nobody = Socket::listen(0);
  nobody.wait_readable(std::chrono::milliseconds(50));  // let the server finish what it is doing
  const double before = processor_time();
  nobody.wait_readable(std::chrono::milliseconds(300));
  story.expect("the server used less than 0.03 s of processor time", true,
               processor_time() - before < 0.03);
  shop.expect_served();
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return std::distance(begin(folder), end(folder));
}

// Returns whether this many descriptors are open, within 3 s.
bool comes_to(std::ptrdiff_t count) {
  Socket nobody;  // to wait with; it has no descriptor
  for (int i = 0; i < 300 && open_descriptors() != count; ++i) {
    nobody.wait_readable(std::chrono::milliseconds(10));
  }
  return open_descriptors() == count;
}

TEST(Round, a_client_that_does_not_leave) {
  Story story(
      "A deadline wakes nobody. Let select sleep until the earliest deadline at most, or this\n"
      "  client keeps its descriptor until another client happens to wake the server.",
      8);
  Shop shop(story);
  const auto before = open_descriptors();
  story.step("a client asks for a page, then stays silent and does not close");
  Client stays(shop.port());
  stays.send(kGet);
  story.expect("the server has a descriptor for it", true, comes_to(before + 2));
  story.expect("the server has closed it within 3 s", true, comes_to(before + 1));
}

TEST(Round, two_clients_that_do_not_leave) {
  Story story(
      "Every connection may have a deadline. Sleep until the earliest of them, not until the last\n"
      "  one that you looked at.",
      8);
  Shop shop(story);
  Socket nobody = Socket::listen(0);  // to wait with
  const auto before = open_descriptors();
  story.step("client A asks for a page and does not close; 0.3 s later client B does the same");
  Client a(shop.port());
  a.send(kGet);
  nobody.wait_readable(std::chrono::milliseconds(300));
  Client b(shop.port());
  b.send(kGet);
  story.expect("the server has a descriptor for both", true, comes_to(before + 4));
  story.expect("it closes the one for A first", true, comes_to(before + 3));
  story.expect("it closes the one for B too", true, comes_to(before + 2));
}

TEST(Round, a_client_that_leaves_while_another_asks) {
  Story story(
      "Close nothing before every connection has had its step. The number of a closed descriptor\n"
      "  is free: the next file that a handler opens gets it, and with it the answer that select\n"
      "  gave for the connection.");
  std::promise<void> busy;
  std::promise<void> go_on;
  Shop shop(story, [&](const mini::Request& request) {
    if (request.target == "/count") return mini::Response{200, std::to_string(open_descriptors())};
    busy.set_value();
    go_on.get_future().wait();
    return mini::Response{200, "hi"};
  });
  story.step("clients A, B and C connect; C asks for a page, and its handler takes a while");
  Client a(shop.port());
  Client b(shop.port());
  Client c(shop.port());
  c.send(kGet);
  busy.get_future().wait();
  const auto connected = open_descriptors();
  story.step("meanwhile A closes its connection, and B asks how many descriptors are open");
  a.close();
  b.send("GET /count HTTP/1.1\r\nHost: h\r\n\r\n");
  go_on.set_value();
  const std::string answer = b.read_to_end();
  story.expect("they include the server's descriptor for A", std::to_string(connected - 1),
               answer.substr(answer.find("\r\n\r\n") + 4));
}

// Takes all descriptors below `lowest`.
std::vector<Socket> take_descriptors_below(int lowest) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<Socket> taken;
  while (true) {
    Socket next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (next.fd() < 0 || next.fd() >= lowest) return taken;
    taken.push_back(std::move(next));
  }
}

TEST(Round, a_client_too_many) {
  Story story(
      "An fd_set has 1,024 bits. Refuse clients while you still can: answer 503 if the number\n"
      "  is close to the end, and close the connection if it does not fit.");
  Shop shop(story);
  shop.expect_served();
  story.step("most descriptors are taken; the server gets number 1,008 for a client");
  std::vector<Socket> taken = take_descriptors_below(mini::kRefusedFrom);
  taken.pop_back();  // for the client's own end
  const std::string answer = Client(shop.port()).ask(kGet);
  story.expect("its answer", std::string("HTTP/1.1 503 Service Unavailable"),
               answer.substr(0, answer.find('\r')));
  taken.clear();
  shop.expect_served();
}

TEST(Round, a_client_beyond_the_end) {
  Story story(
      "Nobody can watch a descriptor that does not fit into an fd_set, not even until a 503\n"
      "  has been sent: the first such client would end the server. Close the connection.");
  Shop shop(story);
  story.step("more descriptors are taken; the server gets number 1,024 for a client");
  std::vector<Socket> taken = take_descriptors_below(FD_SETSIZE);
  taken.pop_back();  // for the client's own end
  story.expect("its answer", std::string(), Client(shop.port()).ask(""));
  taken.clear();
  shop.expect_served();
}

// Takes all descriptors up to `limit`. Restores the limit when it is destroyed.
class NoDescriptors {
 public:
  explicit NoDescriptors(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    while (true) {
      Socket next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (next.fd() < 0) return;
      taken_.push_back(std::move(next));
    }
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  void give_back_one() { taken_.pop_back(); }
  void give_back_all() { taken_.clear(); }

 private:
  rlimit before_{};
  std::vector<Socket> taken_;
};

TEST(Round, no_descriptor_for_a_moment) {
  Story story(
      "A pause must end. Once paused_until_ has passed, ask about the listener again; and let\n"
      "  select sleep only until then, because nothing else wakes the server.");
  Shop shop(story);
  Socket nobody = Socket::listen(0);  // to wait with
  NoDescriptors none(64);
  none.give_back_one();
  story.step("a client connects and asks for a page; the server has no descriptor for it");
  Client waits(shop.port());
  waits.send(kGet);
  nobody.wait_readable(std::chrono::milliseconds(50));
  story.step("there are descriptors again");
  none.give_back_all();
  shop.expect_answer("its answer", waits.read_to_end());
}

TEST(Round, a_pause_that_others_interrupt) {
  Story story(
      "A pause ends when its time has come, not when something else wakes the server: as long as\n"
      "  there is no descriptor, the next accept fails like the last one.");
  Shop shop(story);
  Socket nobody = Socket::listen(0);  // to wait with
  Client writes(shop.port());
  writes.send("GET / HTTP/1.1\r\nX: ");
  nobody.wait_readable(std::chrono::milliseconds(20));  // until the server has a descriptor for it
  testing::internal::CaptureStderr();                   // it takes descriptors too
  NoDescriptors none(64);
  none.give_back_one();
  story.step("a client connects, and the server has no descriptor for it");
  Client waits(shop.port());
  story.step("another client sends 60 bytes, one in each millisecond");
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 60; ++i) {
    writes.send("x");
    nobody.wait_readable(std::chrono::milliseconds(1));
  }
  const auto time = std::chrono::steady_clock::now() - start;
  none.give_back_all();
  const std::string log = testing::internal::GetCapturedStderr();
  const auto failed = std::count(log.begin(), log.end(), '\n');
  story.expect("accept failed once in 10 ms, and not more often", true,
               failed <= 2 + time / std::chrono::milliseconds(10));
}

TEST(Round, many_clients_at_once) {
  Story story("Every client that is ready in a round is served in this round. Forget none.");
  Shop shop(story);
  story.step("a hundred clients connect, in a row, and ask in the reverse order");
  std::list<Client> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_front(shop.port());
  for (Client& client : clients) client.send(kGet);
  for (Client& client : clients) shop.expect_answer("its answer", client.read_to_end());
}

}  // namespace
