#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "02-select/select_server.h"
#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace {

using mini::Client;
using mini::Socket;
using story::Story;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

// The server runs in a thread of its own while the test plays the clients.
class Shop {
 public:
  explicit Shop(Story& story)
      : story_(story),
        server_(Socket::listen(0), [](const mini::Request&) { return mini::Response{200, "hi"}; }),
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
  Story& story_;
  mini::SelectServer server_;
  std::thread thread_;
};

TEST(Round, one_client) {
  Story story(
      "An accepted connection is not a served one. Nobody asks what this client says, unless ask() "
      "does.");
  Shop shop(story);
  shop.expect_served();
  shop.expect_served();
}

TEST(Round, a_client_that_goes_on_after_a_pause) {
  Story story(
      "select writes its answer over the question: the bits of those who were not ready are gone. "
      "Asked\n"
      "  with the same sets again, it says nothing of a client who was silent for one round.");
  Shop shop(story);
  story.step("client A sends the first half of its request");
  Client a(shop.port());
  a.send(kGet.substr(0, 10));
  shop.expect_served();
  story.step("client A sends the second half");
  shop.expect_answer("its answer", a.ask(kGet.substr(10)));
}

// Seconds that this process has computed.
double processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

TEST(Round, clients_who_say_nothing) {
  Story story(
      "A server that asks without pause hears nobody sooner. It takes a processor to learn that "
      "nothing has\n"
      "  happened. Without a deadline the question may be asked for as long as it takes.");
  Shop shop(story);
  shop.expect_served();
  story.step("twenty clients connect and say nothing for 0.3 s");
  std::list<Client> silent;
  for (int i = 0; i < 20; ++i) silent.emplace_back(shop.port());
  Socket nobody = Socket::listen(0);
  nobody.wait_readable(std::chrono::milliseconds(50));  // what was going on comes to its end
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

// Whether so many descriptors are open within 3 s.
bool comes_to(std::ptrdiff_t count) {
  Socket nobody;  // to wait with, and not counted
  for (int i = 0; i < 300 && open_descriptors() != count; ++i) {
    nobody.wait_readable(std::chrono::milliseconds(10));
  }
  return open_descriptors() == count;
}

TEST(Round, a_client_that_does_not_leave) {
  Story story(
      "Nobody wakes a server for a deadline. The time that select may sleep is the time to the "
      "earliest of\n"
      "  them, or this client keeps its descriptor until somebody else comes by.",
      8);
  Shop shop(story);
  const auto before = open_descriptors();
  story.step("a client asks for a page, and then neither says anything nor closes");
  Client stays(shop.port());
  stays.send(kGet);
  story.expect("the server has a descriptor for it", true, comes_to(before + 2));
  story.expect("the server has closed it within 3 s", true, comes_to(before + 1));
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
      "An fd_set has 1,024 bits. The server must say no while it still can: to a client whose "
      "number is\n"
      "  close to the end, in words; to one that does not fit, by closing.");
  Shop shop(story);
  shop.expect_served();
  story.step("descriptors become rare; a client gets number 1,008 or higher");
  std::vector<Socket> taken = take_descriptors_below(mini::kRefusedFrom);
  const std::string answer = Client(shop.port()).ask(kGet);
  story.expect("its answer", std::string("HTTP/1.1 503 Service Unavailable"),
               answer.substr(0, answer.find('\r')));
  taken.clear();
  shop.expect_served();
}

TEST(Round, a_client_beyond_the_end) {
  Story story(
      "A refusal in words is an answer, and an answer is watched until it has left. A descriptor "
      "that select\n"
      "  cannot name cannot be watched: the first such client would end the server.");
  Shop shop(story);
  story.step("descriptors become rarer; a client gets number 1,024 or higher");
  std::vector<Socket> taken = take_descriptors_below(FD_SETSIZE);
  story.expect("its answer", std::string(), Client(shop.port()).ask(""));
  taken.clear();
  shop.expect_served();
}

// Takes all descriptors there are, of `limit`. The limit is as before when it is destroyed.
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
      "A server that looks away must look again. When deaf_until_ is over it hears its listener, "
      "though no\n"
      "  client has said anything: nobody else would wake it.");
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

TEST(Round, many_clients_at_once) {
  Story story("Whoever is ready in a round is served in this round, and nobody is forgotten.");
  Shop shop(story);
  story.step("a hundred clients connect, in a row, and ask in the reverse order");
  std::list<Client> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_front(shop.port());
  for (Client& client : clients) client.send(kGet);
  for (Client& client : clients) shop.expect_answer("its answer", client.read_to_end());
}

}  // namespace
