#include "02-select/select_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <list>
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

Response hello(const Request&) {
  return {200, "hello"};
}

bool is_hello(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello");
}

// A server that runs in a thread of its own while the test plays the clients.
class Running {
 public:
  explicit Running(Handler handler)
      : server_(Socket::listen(0), std::move(handler)), thread_([this] { server_.run(); }) {}
  ~Running() { stop(); }
  void stop() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  SelectServer server_;
  std::thread thread_;
};

TEST(SelectServer, answers_one_client_after_the_other) {
  Running server(hello);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST(SelectServer, a_silent_client_holds_up_nobody) {
  Running server(hello);
  std::list<Client> silent;
  for (int i = 0; i < 100; ++i) silent.emplace_back(server.port());
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
  for (Client& client : silent) EXPECT_TRUE(is_hello(client.ask(kGet)));
}

TEST(SelectServer, a_request_may_come_in_any_pieces) {
  Running server([](const Request& request) { return Response{200, request.body}; });
  for (std::size_t cut = 1; cut < kPost.size(); ++cut) {
    Client client(server.port());
    client.send(kPost.substr(0, cut));
    EXPECT_TRUE(client.ask(kPost.substr(cut)).ends_with("\r\n\r\nabcde"));
  }
}

TEST(SelectServer, outlives_clients_that_leave_in_the_middle) {
  Running server(hello);
  for (std::size_t size = 0; size <= kPost.size(); ++size) {
    Client(server.port()).send(kPost.substr(0, size));
    Client rude(server.port());
    rude.send(kPost.substr(0, size));
    rude.reset();
  }
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST(SelectServer, refuses_malformed_and_oversized_requests) {
  Running server(hello);
  const auto status = [&](const std::string& request) {
    return Client(server.port()).ask(request).substr(0, 12);
  };
  EXPECT_EQ(status("garbage\r\n\r\n" + std::string(20'000, 'x')), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA: " + std::string(2 * kMaxHead, 'x')), "HTTP/1.1 431");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"), "HTTP/1.1 413");
}

TEST(SelectServer, a_large_response_leaves_as_fast_as_the_client_reads_it) {
  Running server([](const Request&) { return Response{200, std::string(20'000'000, 'x')}; });
  Client slow(server.port());
  slow.send(kGet);
  EXPECT_GT(Client(server.port()).ask(kGet).size(), 20'000'000u);  // not held up by the slow one
  EXPECT_GT(slow.read_to_end().size(), 20'000'000u);
}

TEST(SelectServer, stop_ends_a_connection_whose_client_is_silent) {
  Running server(hello);
  Client silent(server.port());
  silent.send("GET /");
  server.stop();
  // Either we ended the connection, or the kernel did, if nobody had accepted it.
  try {
    EXPECT_EQ(silent.read_to_end(), "");
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ECONNRESET);
  }
}

TEST(SelectServer, stop_before_run_makes_run_return) {
  SelectServer server(Socket::listen(0), hello);
  server.stop();
  server.run();
}

// Takes descriptors until the next free one is at least `lowest`, or there is none; at most `limit`
// may be open. give_back() returns them.
class NoDescriptorsBelow {
 public:
  NoDescriptorsBelow(int lowest, rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit changed{std::min(before_.rlim_max, limit), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &changed);
    while (true) {
      Socket next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (next.fd() < 0 || next.fd() >= lowest) return;
      taken_.push_back(std::move(next));
    }
  }
  ~NoDescriptorsBelow() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  void give_back() { taken_.clear(); }

 private:
  rlimit before_{};
  std::vector<Socket> taken_;
};

constexpr int kMany = FD_SETSIZE + 100;

TEST(SelectServer, one_client_too_many_is_answered_503) {
  Running server(hello);
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
  NoDescriptorsBelow none(kRefusedFrom, kMany);
  EXPECT_TRUE(Client(server.port()).ask(kGet).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  none.give_back();
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

// Beyond FD_SETSIZE, nobody could even watch the connection until its refusal has been sent.
TEST(SelectServer, a_client_that_select_cannot_watch_is_closed_and_harms_nobody) {
  Running server(hello);
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
  Client known(server.port());
  known.send(kGet.substr(0, 10));
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));  // so `known` has been accepted, too
  NoDescriptorsBelow none(FD_SETSIZE, kMany);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Client(server.port()).read_to_end(), "");
  EXPECT_TRUE(is_hello(known.ask(kGet.substr(10))));
}

TEST(SelectServer, refuses_a_listener_that_select_cannot_watch) {
  NoDescriptorsBelow none(FD_SETSIZE, kMany);
  EXPECT_THROW(SelectServer(Socket::listen(0), hello), std::out_of_range);
}

// A client that has its descriptor before it connects.
class Visitor {
 public:
  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(socket_.fd(), name, sizeof address), 0);
  }
  Socket& socket() { return socket_; }
  std::size_t read_to_end() {
    std::size_t total = 0;
    std::array<char, 65536> piece;
    while (const std::size_t size = socket_.read(piece.data(), piece.size())) total += size;
    socket_.close();
    return total;
  }

 private:
  Socket socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

// The client stays in the kernel's queue. A server that asked again at once would do nothing else.
TEST(SelectServer, stops_accepting_for_a_moment_if_no_descriptor_is_left) {
  Running server([](const Request&) { return Response{200, std::string(20'000'000, 'x')}; });
  Visitor known;
  known.connect(server.port());
  known.socket().write_all(kGet);
  EXPECT_TRUE(known.socket().wait_readable(std::chrono::seconds(10)));  // it is being served
  Visitor late;
  testing::internal::CaptureStderr();
  NoDescriptorsBelow none(256, 256);
  const auto start = std::chrono::steady_clock::now();
  late.connect(server.port());
  late.socket().write_all(kGet);
  EXPECT_FALSE(late.socket().wait_readable(std::chrono::milliseconds(50)));
  EXPECT_GT(known.read_to_end(), 20'000'000u);  // the known client is served, and makes room
  EXPECT_TRUE(late.socket().wait_readable(std::chrono::seconds(10)));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.starts_with("a client has to wait: Too many open files\n")) << said;
  EXPECT_LE(static_cast<double>(std::count(said.begin(), said.end(), '\n')),
            1 + took.count() / 0.01);
}

}  // namespace
}  // namespace mini
