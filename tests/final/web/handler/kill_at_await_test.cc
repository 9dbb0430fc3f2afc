// A request that waits several times, and a client that leaves at each wait: the k-th wait, for
// every k, every way to leave, just before the wait and during it, for a coroutine and for a chain
// of callbacks. In every case nothing dangles or leaks (the sanitizers check), on_finish() is
// called exactly once, on_connection_close() at most once, and the next client is served.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/locks.h>
#include <tornado/queues.h>
#include <tornado/stack_context.h>
#include <tornado/web.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

using test::Client;
using test::get;
using test::run_until;

ioloop::IOLoop& loop() {
  return ioloop::IOLoop::current();
}

constexpr double kAMoment = 0.001;
// More than the kernel buffers for a client that does not read.
constexpr std::size_t kBigBody = 6'000'000;
constexpr std::size_t kSmallBody = 100;

std::size_t body_size = kBigBody;
std::string next_url;  // of the server itself

// ---- the ways to wait ---------------------------------------------------------------------------

// Outlives the handler and the wait: the other side of a queue, an event or a lock.
struct Elsewhere {
  queues::Queue<int> queue;
  locks::Event event;
  locks::Lock lock;
};

Future<void> from_a_queue(std::shared_ptr<Elsewhere> elsewhere) {
  loop().call_later(kAMoment, [elsewhere] { elsewhere->queue.put_nowait(7); });
  EXPECT_EQ(co_await elsewhere->queue.get(), 7);
}

Future<void> for_an_event(std::shared_ptr<Elsewhere> elsewhere) {
  loop().call_later(kAMoment, [elsewhere] { elsewhere->event.set(); });
  co_await elsewhere->event.wait();
}

Future<void> for_a_lock(std::shared_ptr<Elsewhere> elsewhere) {
  auto held = std::make_shared<locks::Guard>(co_await elsewhere->lock.scoped());
  loop().call_later(kAMoment, [held] { held->release(); });
  const locks::Guard mine = co_await elsewhere->lock.scoped();
}

Future<void> several() {
  co_await gen::multi(gen::sleep(kAMoment), gen::sleep(2 * kAMoment));
}

Future<void> too_long() {
  try {
    co_await gen::with_timeout(loop().time() + kAMoment, Future<void>());
    ADD_FAILURE() << "it cannot be done";
  } catch (const gen::TimeoutError&) {
  }
}

Future<void> one_round() {
  co_await gen::moment;
}

Future<void> flush_body(RequestHandler& handler) {
  handler.write(std::string(body_size, 'Z'));
  return handler.flush();
}

Future<void> fetch_next() {
  const httpclient::AsyncHTTPClient client;
  const auto response = co_await client.fetch(next_url);
  EXPECT_EQ(response.body, "still here");
}

// One line for each thing that a handler may wait for.
const std::function<Future<void>(RequestHandler&)> kWaits[] = {
    [](auto&) { return gen::sleep(kAMoment); },
    [](auto&) { return one_round(); },
    [](auto&) { return from_a_queue(std::make_shared<Elsewhere>()); },
    [](auto&) { return for_an_event(std::make_shared<Elsewhere>()); },
    [](auto&) { return for_a_lock(std::make_shared<Elsewhere>()); },
    [](auto&) { return loop().run_in_executor(nullptr, [] {}); },
    [](auto&) { return several(); },
    [](auto&) { return fetch_next(); },
    [](auto&) { return too_long(); },
    [](auto& handler) { return flush_body(handler); },
    [](auto&) { return gen::sleep(kAMoment); },
};
constexpr std::size_t kWaitCount = std::size(kWaits);

// ---- the handlers -------------------------------------------------------------------------------

// Called with k just before a handler begins its k-th wait, counting from 1.
std::function<void(std::size_t)> on_wait;
int living = 0;
int finishes = 0;
int closes = 0;

struct Counted : RequestHandler {
  Counted() { ++living; }
  ~Counted() override { --living; }
  void on_finish() override { ++finishes; }
  void on_connection_close() override { ++closes; }

  Future<void> wait(std::size_t k) {
    on_wait(k);
    return kWaits[k - 1](*this);
  }
};

struct Coroutine : Counted {
  Future<void> get() {
    for (std::size_t k = 1; k <= kWaitCount; ++k) co_await wait(k);
    finish("the end");
  }
};

struct Chain : Counted {
  asynchronous get() {
    next(1);
    return {};
  }
  void next(std::size_t k) {
    if (k > kWaitCount) {
      finish("the end");
      return;
    }
    wait(k).add_done_callback([this, k](const Future<void>& done) {
      done.result();
      next(k + 1);
    });
  }
};

struct Next : RequestHandler {
  void get() { write("still here"); }
};

// ---- the harness --------------------------------------------------------------------------------

enum class Leave { kClose, kReset, kHalfClose };
enum class When { kJustBefore, kWithin };

class KillAtAwait : public ::testing::Test {
 protected:
  KillAtAwait() {
    living = 0;
    app_.emplace(std::vector<URLSpec>{url<Coroutine>("/coroutine"), url<Chain>("/chain"),
                                      url<Next>("/next")});
    server_ = &app_->listen(0, "127.0.0.1");
    next_url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/next";
  }
  ~KillAtAwait() override {
    on_wait = nullptr;
    app_.reset();
    loop_.close();
    EXPECT_EQ(living, 0);
  }

  // Requests `path` and runs `kill` at the k-th wait (0: never).
  void start(Client& client, const std::string& path, std::size_t k, When when,
             std::function<void()> kill) {
    finishes = closes = 0;
    killed_ = false;
    // Only a wait near the body needs a large one: for all of them the test would take a minute.
    body_size = k == 0 || k + 1 >= kWaitCount ? kBigBody : kSmallBody;
    on_wait = [this, k, when, kill = std::move(kill)](std::size_t at) {
      if (at != k) return;
      const auto now = [this, kill] {
        kill();
        killed_ = true;
      };
      if (when == When::kJustBefore) return now();
      // The next round, in which the handler waits.
      stack_context::run_with_stack_context(stack_context::NullContext(),
                                            [now] { loop().add_callback(now); });
    };
    client.send(get(path));
  }

  void next_client_is_served() {
    Client next(loop_, server_->port());
    next.send(get("/next"));
    next.until("still here");
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
  bool killed_ = false;
};

class ClientLeaves : public KillAtAwait,
                     public ::testing::WithParamInterface<std::tuple<const char*, Leave, When>> {};

// WH-07 WH-08
TEST_P(ClientLeaves, at_the_kth_wait) {
  const auto [path, leave, when] = GetParam();
  for (std::size_t k = 0; k <= kWaitCount; ++k) {
    SCOPED_TRACE("k = " + std::to_string(k));
    Client client(loop_, server_->port(), 65536);
    bool reads = true;  // until it is closed
    start(client, path, k, when, [&, how = leave] {
      if (how == Leave::kHalfClose) return client.half_close();
      reads = false;
      how == Leave::kClose ? client.close() : client.reset();
    });
    run_until(loop_, [&] {
      if (reads) client.pump();
      return finishes > 0 && living == 0;
    });
    EXPECT_EQ(killed_, k > 0);
    EXPECT_EQ(finishes, 1);
    // The last wait may be over before the server checks its sockets again.
    EXPECT_LE(closes, k > 0 ? 1 : 0);
    EXPECT_GE(closes, k > 0 && k < kWaitCount ? 1 : 0);
    if (reads) {
      client.until("the end\r\n0\r\n\r\n");
      EXPECT_EQ(std::count(client.received.begin(), client.received.end(), 'Z'), body_size);
      client.reset();
    }
    // One connection may remain: the handler's own fetch keeps it for the next one.
    run_until(loop_, [&] { return server_->connection_count() <= 1; });
    EXPECT_EQ(finishes, 1);
    next_client_is_served();
  }
}

std::string variant_of_client(const ::testing::TestParamInfo<ClientLeaves::ParamType>& variant) {
  const auto [path, leave, when] = variant.param;
  const char* how = leave == Leave::kClose   ? "_close"
                    : leave == Leave::kReset ? "_reset"
                                             : "_half_close";
  return (path + 1) + (how + std::string(when == When::kWithin ? "_within" : "_just_before"));
}

INSTANTIATE_TEST_SUITE_P(Ways, ClientLeaves,
                         ::testing::Combine(::testing::Values("/coroutine", "/chain"),
                                            ::testing::Values(Leave::kClose, Leave::kReset,
                                                              Leave::kHalfClose),
                                            ::testing::Values(When::kJustBefore, When::kWithin)),
                         variant_of_client);

class ServerLeaves : public KillAtAwait,
                     public ::testing::WithParamInterface<std::tuple<const char*, std::size_t>> {};

// WH-07
TEST_P(ServerLeaves, the_application_goes_at_the_kth_wait) {
  const auto [path, k] = GetParam();
  Client client(loop_, server_->port(), 65536);
  start(client, path, k, When::kWithin, [&] { app_.reset(); });
  run_until(loop_, [&] {
    client.pump();
    return killed_ && living == 0;
  });
  EXPECT_EQ(finishes, 1);
  EXPECT_LE(closes, 1);
  client.until_end();
}

// WH-07
TEST_P(ServerLeaves, the_loop_closes_at_the_kth_wait) {
  const auto [path, k] = GetParam();
  Client client(loop_, server_->port(), 65536);
  start(client, path, k, When::kWithin, [&] { loop_.stop(); });
  try {
    run_until(loop_, [&] {
      client.pump();
      return false;
    });
    ADD_FAILURE() << "nothing stopped the loop";
  } catch (const std::runtime_error&) {  // stopped
  }
  EXPECT_TRUE(killed_);
  loop_.close();
  app_.reset();
  EXPECT_EQ(living, 0);
  EXPECT_EQ(finishes, 1);
  EXPECT_LE(closes, 1);
}

std::string variant_of_server(const ::testing::TestParamInfo<ServerLeaves::ParamType>& variant) {
  const auto [path, k] = variant.param;
  return (path + 1) + ("_" + std::to_string(k));
}

INSTANTIATE_TEST_SUITE_P(Ways, ServerLeaves,
                         ::testing::Combine(::testing::Values("/coroutine", "/chain"),
                                            ::testing::Range(std::size_t{1}, kWaitCount + 1)),
                         variant_of_server);

}  // namespace
}  // namespace tornado::web
