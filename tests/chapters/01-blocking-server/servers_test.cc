#include "01-blocking-server/servers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "client.h"

namespace mini {
namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

using MakeServer = std::function<std::unique_ptr<Server>(Handler)>;

std::unique_ptr<Server> make_one(Handler handler) {
  return std::make_unique<OneAtATimeServer>(Socket::listen(0), std::move(handler));
}
std::unique_ptr<Server> make_threads(Handler handler) {
  return std::make_unique<ThreadServer>(Socket::listen(0), std::move(handler), 16);
}
std::unique_ptr<Server> make_pool(Handler handler) {
  return std::make_unique<PoolServer>(Socket::listen(0), std::move(handler), 4, 2);
}

// A server that runs in a thread of its own for as long as this object lives.
class Running {
 public:
  Running(const MakeServer& make, Handler handler)
      : server_(make(std::move(handler))), thread_([this] { server_->run(); }) {}
  ~Running() { stop(); }
  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() const { return server_->port(); }

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

Response hello(const Request&) {
  return {200, "hello"};
}

bool is_hello(const std::string& answer) {
  return answer.ends_with("\r\n\r\nhello");
}

struct Kind {
  const char* name;
  MakeServer make;
};

class EachServer : public testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(Servers, EachServer,
                         testing::Values(Kind{"one", make_one}, Kind{"threads", make_threads},
                                         Kind{"pool", make_pool}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(EachServer, answers_one_client_after_the_other) {
  Running server(GetParam().make, hello);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST_P(EachServer, answers_clients_that_come_together) {
  Running server(GetParam().make, hello);
  std::list<Client> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(server.port()).send(kGet);
  for (Client& client : clients) EXPECT_TRUE(is_hello(client.read_to_end()));
}

TEST_P(EachServer, outlives_clients_that_leave_in_the_middle) {
  Running server(GetParam().make, hello);
  for (std::size_t size = 0; size <= kGet.size(); ++size) {
    Client(server.port()).send(kGet.substr(0, size));
    Client rude(server.port());
    rude.send(kGet.substr(0, size));
    rude.reset();
  }
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST_P(EachServer, stop_ends_a_connection_whose_client_is_silent) {
  Running server(GetParam().make, hello);
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

TEST_P(EachServer, stop_before_run_makes_run_return) {
  const std::unique_ptr<Server> server = GetParam().make(hello);
  server->stop();
  server->run();
}

TEST_P(EachServer, may_be_made_and_never_run) {
  const std::unique_ptr<Server> server = GetParam().make(hello);
  EXPECT_GT(server->port(), 0);
}

// The wall of this chapter: the second client is not served while the first is silent.
TEST(OneAtATimeServer, a_silent_client_keeps_the_next_one_waiting) {
  std::atomic<int> handled = 0;
  Running server(make_one,
                 [&handled](const Request&) { return Response{200, std::to_string(++handled)}; });
  Client first(server.port());
  Client second(server.port());
  second.send(kGet);
  EXPECT_TRUE(first.ask(kGet).ends_with("\r\n\r\n1"));
  EXPECT_TRUE(second.read_to_end().ends_with("\r\n\r\n2"));
}

// Handlers that wait for each other: each returns only when `together` of them run at once.
Handler meeting(int together) {
  auto barrier = std::make_shared<std::barrier<>>(together);
  return [barrier](const Request& request) {
    barrier->arrive_and_wait();
    return hello(request);
  };
}

TEST(ThreadServer, serves_at_once_as_many_as_it_may_have_threads) {
  Running server(make_threads, meeting(16));
  std::list<Client> clients;
  for (int i = 0; i < 16; ++i) clients.emplace_back(server.port()).send(kGet);
  for (Client& client : clients) EXPECT_TRUE(is_hello(client.read_to_end()));
}

TEST(ThreadServer, one_more_waits_in_the_kernels_queue) {
  Running server(make_threads, hello);
  std::list<Client> silent;
  for (int i = 0; i < 16; ++i) silent.emplace_back(server.port());
  Client next(server.port());
  next.send(kGet);
  silent.front().close();
  EXPECT_TRUE(is_hello(next.read_to_end()));
}

TEST(PoolServer, serves_at_once_as_many_as_it_has_workers) {
  Running server(make_pool, meeting(4));
  std::list<Client> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(server.port()).send(kGet);
  for (Client& client : clients) EXPECT_TRUE(is_hello(client.read_to_end()));
}

// The wall of this chapter once more: with as many silent clients as workers, nobody is served.
TEST(PoolServer, silent_clients_hold_a_worker_each) {
  Running server(make_pool, hello);
  std::list<Client> silent;
  for (int i = 0; i < 4; ++i) silent.emplace_back(server.port());
  std::list<Client> more;  // fill the pool's queue, and wait in the kernel's
  for (int i = 0; i < 6; ++i) more.emplace_back(server.port()).send(kGet);
  silent.front().close();
  for (Client& client : more) EXPECT_TRUE(is_hello(client.read_to_end()));
}

TEST(PoolServer, stop_ends_what_waits_in_its_queue) {
  Running server(make_pool, hello);
  std::list<Client> silent;
  for (int i = 0; i < 20; ++i) silent.emplace_back(server.port());
  server.stop();
}

}  // namespace
}  // namespace mini
