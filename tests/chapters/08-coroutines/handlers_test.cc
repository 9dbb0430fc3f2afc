// The same handler written three times, and the same tests for all three.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "../04-iostream/stream_pair.h"
#include "06-request-handler/application.h"
#include "08-coroutines/three_ways.h"

namespace mini {
namespace {

// The upstream server: responds with "1", "2", "3" ..., fails at request `fails_at`, and holds back
// the response to request `holds_at`.
class Upstream {
 public:
  explicit Upstream(IOLoop& loop)
      : server_(loop, [this](const auto& request) {
          if (++asked == fails_at) return request->respond(500, {}, "");
          if (asked == holds_at) {
            held = request;
            return;
          }
          request->respond(200, {}, std::to_string(asked));
        }) {
    server_.listen(0);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/"; }

  int asked = 0;
  int fails_at = 0;
  int holds_at = 0;
  std::shared_ptr<HTTPServerRequest> held;

 private:
  HTTPServer server_;
};

class ThreeWays : public testing::TestWithParam<std::string> {
 protected:
  ThreeWays() { port_ = app_.listen(loop_, 0).port(); }

  std::unique_ptr<Client> ask() {
    auto client = std::make_unique<Client>(port_);
    client->send("GET /" + GetParam() + "?url=" + upstream_.url() +
                 " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 20; ++i) settle(loop_);
    return client;
  }

  IOLoop loop_;
  Upstream upstream_{loop_};
  AsyncHTTPClient client_{loop_};
  Application app_{{
      url<CallbackHandler>("/callbacks", "", &client_),
      url<StateHandler>("/states", "", &client_),
      url<CoAwaitHandler>("/coroutine", "", &client_),
  }};
  std::uint16_t port_ = 0;
};

TEST_P(ThreeWays, asks_three_times_and_answers_with_all_of_it) {
  EXPECT_TRUE(ask()->read_to_end().ends_with("\r\n\r\n123"));
}

TEST_P(ThreeWays, a_question_that_fails_is_502) {
  for (int fails = 1; fails <= 3; ++fails) {
    upstream_.asked = 0;
    upstream_.fails_at = fails;
    EXPECT_TRUE(ask()->read_to_end().starts_with("HTTP/1.1 502 ")) << fails;
    EXPECT_EQ(upstream_.asked, fails);
  }
}

TEST_P(ThreeWays, a_client_that_leaves_at_any_question_harms_nobody) {
  for (int holds = 1; holds <= 3; ++holds) {
    upstream_.asked = 0;
    upstream_.holds_at = holds;
    ask()->reset();
    settle(loop_);
    upstream_.holds_at = 0;
    std::exchange(upstream_.held, nullptr)->respond(200, {}, "late");
    for (int i = 0; i < 20; ++i) settle(loop_);
    EXPECT_EQ(upstream_.asked, 3);  // it runs to its end, though nobody reads the response
  }
}

TEST_P(ThreeWays, ends_with_the_loop_in_the_middle) {
  upstream_.holds_at = 2;
  const auto client = ask();
  EXPECT_EQ(upstream_.asked, 2);
}

TEST_P(ThreeWays, a_missing_argument_is_400) {
  Client client(port_);
  client.send("GET /" + GetParam() + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  settle(loop_);
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400 "));
}

INSTANTIATE_TEST_SUITE_P(Handlers, ThreeWays, testing::Values("callbacks", "states", "coroutine"),
                         [](const auto& test) { return test.param; });

// A handler awaits `opened` after it has finished its response, and then fills `said`.
struct Gate {
  Future<void> opened;
  std::string said;
};

// Finishes its response before its verb returns.
class EarlyHandler : public CoroutineHandler {
 public:
  void initialize(Gate* gate) { gate_ = gate; }
  void get(const PathArgs& args) override { run(args[0] == "redirects" ? redirects() : goes_on()); }

 private:
  Future<void> redirects() {
    redirect("/login");
    co_return;
  }
  Future<void> goes_on() {
    finish("ok");
    const Future<void> opened = gate_->opened;
    co_await opened;
    gate_->said = name_;
  }

  Gate* gate_ = nullptr;
  const std::string name_ = "a member that is too long to stand in the string itself";
};

TEST(CoroutineHandler, may_finish_before_it_waits) {
  IOLoop loop;
  Gate gate;
  Application app({url<EarlyHandler>("/(.*)", "", &gate)});
  const std::uint16_t port = app.listen(loop, 0).port();
  const auto ask = [&](const std::string& path) {
    Client client(port);
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    settle(loop);
    return client.read_to_end();
  };
  testing::internal::CaptureStderr();
  EXPECT_TRUE(ask("/redirects").starts_with("HTTP/1.1 302 "));
  EXPECT_TRUE(ask("/goes-on").ends_with("ok"));
  loop.add_callback([&] { gate.opened.set_result(); });
  settle(loop);
  EXPECT_EQ(gate.said, "a member that is too long to stand in the string itself");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace mini
