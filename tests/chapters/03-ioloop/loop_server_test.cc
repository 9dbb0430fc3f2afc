#include "03-ioloop/loop_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "../01-blocking-server/client.h"

namespace mini {
namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";

void hello(const Request&, const Reply& reply) {
  reply({200, "hello"});
}

bool is_hello(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello");
}

// A loop and a server in their own thread, while the test plays the clients.
class Running {
 public:
  explicit Running(LoopHandler handler)
      : server_(std::make_unique<LoopServer>(loop_, Socket::listen(0), std::move(handler))),
        port_(server_->port()),
        thread_([this] { loop_.start(); }) {}
  ~Running() {
    loop_.stop();
    thread_.join();
  }
  IOLoop& loop() { return loop_; }
  std::uint16_t port() const { return port_; }

 private:
  IOLoop loop_;
  std::unique_ptr<LoopServer> server_;
  std::uint16_t port_;
  std::thread thread_;
};

TEST(LoopServer, answers_one_client_after_the_other) {
  Running server(hello);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST(LoopServer, a_client_that_says_nothing_holds_up_nobody) {
  Running server(hello);
  std::list<Client> silent;
  for (int i = 0; i < 100; ++i) silent.emplace_back(server.port());
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
  for (Client& client : silent) EXPECT_TRUE(is_hello(client.ask(kGet)));
}

TEST(LoopServer, a_request_may_come_in_any_pieces) {
  Running server([](const Request& request, const Reply& reply) { reply({200, request.body}); });
  for (std::size_t cut = 1; cut < kPost.size(); ++cut) {
    Client client(server.port());
    client.send(kPost.substr(0, cut));
    EXPECT_TRUE(client.ask(kPost.substr(cut)).ends_with("\r\n\r\nabcde"));
  }
}

TEST(LoopServer, outlives_clients_that_leave_in_the_middle) {
  Running server(hello);
  for (std::size_t size = 0; size <= kPost.size(); ++size) {
    Client(server.port()).send(kPost.substr(0, size));
    Client rude(server.port());
    rude.send(kPost.substr(0, size));
    rude.reset();
  }
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST(LoopServer, refuses_what_is_not_a_request_and_what_is_too_large) {
  Running server(hello);
  const auto status = [&](const std::string& request) {
    return Client(server.port()).ask(request).substr(0, 12);
  };
  EXPECT_EQ(status("garbage\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA: " + std::string(2 * kMaxHead, 'x')), "HTTP/1.1 431");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"), "HTTP/1.1 413");
}

TEST(LoopServer, a_handler_that_throws_is_answered_500) {
  Running server([](const Request& request, const Reply&) {
    if (request.target == "/odd") throw 5;
    throw std::runtime_error("no luck");
  });
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Client(server.port()).ask(kGet).starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(Client(server.port()).ask("GET /odd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "/: no luck\n/odd: an exception of an unknown type\n");
}

TEST(LoopServer, a_large_answer_leaves_as_fast_as_the_client_takes_it) {
  Running server(
      [](const Request&, const Reply& reply) { reply({200, std::string(20'000'000, 'x')}); });
  Client slow(server.port());
  slow.send(kGet);
  EXPECT_GT(Client(server.port()).ask(kGet).size(), 20'000'000u);  // not held up by the slow one
  EXPECT_GT(slow.read_to_end().size(), 20'000'000u);
}

TEST(LoopServer, a_handler_may_reply_later_and_only_once) {
  std::vector<Reply> replies;  // of the loop's thread
  Running server([&](const Request&, const Reply& reply) {
    replies.push_back(reply);
    if (replies.size() < 3) return;
    for (const Reply& one : replies) {
      one({200, "hello"});
      one({200, "again"});
    }
  });
  std::list<Client> clients;
  for (int i = 0; i < 3; ++i) clients.emplace_back(server.port()).send(kGet);
  for (Client& client : clients) EXPECT_TRUE(is_hello(client.read_to_end()));
}

TEST(LoopServer, a_reply_to_a_client_that_has_gone_harms_nobody) {
  std::vector<Reply> replies;
  Running server([&](const Request& request, const Reply& reply) {
    if (request.target == "/wait") return replies.push_back(reply);
    for (const Reply& one : replies) one({200, "too late"});
    reply({200, "hello"});
  });
  for (int i = 0; i < 20; ++i) {
    Client gone(server.port());
    gone.send("GET /wait HTTP/1.1\r\n\r\n");
    gone.reset();
  }
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return std::distance(begin(folder), end(folder));
}

TEST(LoopServer, a_client_that_never_closes_is_closed_after_a_second) {
  VirtualClock clock;
  IOLoop loop(clock);
  double replied = 0;
  double ended = 0;
  std::ptrdiff_t before = 0;
  const Callback look = [&] {
    if (open_descriptors() > before) {
      loop.call_later(0.25, look);
    } else {
      ended = loop.time();
      loop.stop();
    }
  };
  LoopServer server(loop, Socket::listen(0), [&](const Request&, const Reply& reply) {
    replied = loop.time();
    reply({200, "hello"});
    look();
  });
  Client client(server.port());
  client.send(kGet);
  before = open_descriptors();
  loop.start();
  EXPECT_GE(ended - replied, 1.0);
  EXPECT_TRUE(is_hello(client.read_to_end()));
}

// Takes every descriptor that the process may have; give_back() releases them.
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
  void give_back() { taken_.clear(); }

 private:
  rlimit before_{};
  std::vector<Socket> taken_;
};

// The client stays in the kernel's queue: a server that retried at once would retry for ever.
TEST(LoopServer, stops_accepting_for_a_moment_if_no_descriptor_is_left) {
  IOLoop loop;
  LoopServer server(loop, Socket::listen(0), [&](const Request&, const Reply& reply) {
    reply({200, "hello"});
    loop.call_later(0.001, [&] { loop.stop(); });
  });
  // Once while descriptors are left: UBSan needs some for its first check of a virtual call.
  Client first(server.port());
  first.send(kGet);
  loop.start();
  try {
    throw std::system_error(EMFILE, std::generic_category());
  } catch (const std::system_error& error) {
    EXPECT_NE(error.what(), nullptr);
  }

  Client client(server.port());
  client.send(kGet);
  testing::internal::CaptureStderr();
  NoDescriptorsLeft none;
  loop.call_later(0.05, [&] { none.give_back(); });
  loop.start();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(
      said.starts_with("cannot accept, trying again in 10 ms: accept: Too many open files\n"))
      << said;
  EXPECT_LE(std::count(said.begin(), said.end(), '\n'), 6);  // one in 10 ms
}

TEST(LoopServer, connections_that_are_open_end_with_the_loop) {
  std::vector<Reply> replies;
  auto loop = std::make_unique<IOLoop>();
  auto server = std::make_unique<LoopServer>(*loop, Socket::listen(0),
                                             [&](const Request&, const Reply& reply) {
                                               replies.push_back(reply);
                                               loop->stop();
                                             });
  Client silent(server->port());
  Client waiting(server->port());
  waiting.send(kGet);
  loop->start();
  ASSERT_EQ(replies.size(), 1u);
  replies.clear();
  server.reset();
  loop.reset();
  EXPECT_EQ(waiting.read_to_end(), "");
  EXPECT_EQ(silent.read_to_end(), "");
}

}  // namespace
}  // namespace mini
