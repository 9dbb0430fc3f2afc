#include "07-futures/asynchronous.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../04-iostream/stream_pair.h"
#include "06-request-handler/application.h"
#include "07-futures/future.h"

namespace mini {
namespace {

// What the handlers of a test report.
struct Notes {
  std::vector<std::string> events;
  Callback later;  // what a handler waits for
};

class WaitingHandler : public AsynchronousHandler {
 public:
  ~WaitingHandler() override { notes_->events.push_back("freed"); }
  void initialize(Notes* notes) { notes_ = notes; }
  void get(const PathArgs& args) override {
    asynchronous();
    notes_->events.push_back("get");
    if (args[0] == "at-once") return finish("at once");
    if (args[0] == "throw") throw std::runtime_error("no luck");
    notes_->later = wrap([this, what = args[0]] {
      if (what == "later-throw") throw std::runtime_error("later, no luck");
      if (what == "later-404" || what == "later-full") throw HTTPError(404);
      finish("later");
    });
  }
  void on_connection_close() override { notes_->events.push_back("closed"); }
  void on_finish() override {
    notes_->events.push_back("on_finish");
    if (request().path() == "/later-full") throw std::runtime_error("the disk is full");
  }

 private:
  Notes* notes_ = nullptr;
};

class AsynchronousTest : public testing::Test {
 protected:
  AsynchronousTest() { server_ = &app_.listen(loop_, 0); }

  void ask(const std::string& path) {
    client_ = std::make_unique<Client>(server_->port());
    client_->send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    settle(loop_);
  }
  std::string answer() {
    settle(loop_);
    return client_->read_to_end();
  }
  void run_later() {
    std::exchange(notes_.later, nullptr)();
    settle(loop_);
  }

  Notes notes_;
  Application app_{{url<WaitingHandler>("/(.*)", "", &notes_)}};
  IOLoop loop_;
  HTTPServer* server_ = nullptr;
  std::unique_ptr<Client> client_;
};

using Events = std::vector<std::string>;

TEST_F(AsynchronousTest, the_answer_comes_when_it_is_finished) {
  ask("/later");
  EXPECT_EQ(notes_.events, Events{"get"});
  run_later();
  EXPECT_TRUE(answer().ends_with("\r\n\r\nlater"));
  EXPECT_EQ(notes_.events, (Events{"get", "on_finish", "freed"}));
}

TEST_F(AsynchronousTest, a_handler_may_finish_at_once) {
  ask("/at-once");
  EXPECT_TRUE(answer().ends_with("\r\n\r\nat once"));
  EXPECT_EQ(notes_.events, (Events{"get", "on_finish", "freed"}));
}

TEST_F(AsynchronousTest, an_exception_before_the_verb_returns_is_500) {
  testing::internal::CaptureStderr();
  ask("/throw");
  EXPECT_TRUE(answer().starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/throw: no luck\n");
}

TEST_F(AsynchronousTest, an_exception_in_a_wrapped_callback_becomes_the_error_page) {
  testing::internal::CaptureStderr();
  ask("/later-throw");
  run_later();
  EXPECT_TRUE(answer().starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/later-throw: later, no luck\n");
  ask("/later-404");
  run_later();
  EXPECT_TRUE(answer().starts_with("HTTP/1.1 404 "));
}

TEST_F(AsynchronousTest, an_exception_of_on_finish_after_the_error_page_is_that_requests) {
  ask("/later-full");
  testing::internal::CaptureStderr();
  run_later();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/later-full: the disk is full\n");
  EXPECT_TRUE(answer().starts_with("HTTP/1.1 404 "));
}

TEST_F(AsynchronousTest, a_client_that_leaves_is_reported_and_the_late_response_harms_nobody) {
  ask("/later");
  client_->reset();
  settle(loop_);
  EXPECT_EQ(notes_.events, (Events{"get", "closed"}));
  run_later();
  EXPECT_EQ(notes_.events, (Events{"get", "closed", "on_finish", "freed"}));
}

TEST_F(AsynchronousTest, a_handler_that_nobody_calls_is_freed_with_its_client) {
  ask("/later");
  notes_.later = nullptr;
  settle(loop_);
  EXPECT_EQ(notes_.events, Events{"get"});
  client_->reset();
  settle(loop_);
  EXPECT_EQ(notes_.events, (Events{"get", "closed", "freed"}));
}

TEST(Asynchronous, an_unwrapped_callback_loses_its_error) {
  class CarelessHandler : public AsynchronousHandler {
   public:
    void get(const PathArgs&) override {
      asynchronous();
      IOLoop::current().add_callback([] { throw std::runtime_error("whose?"); });
    }
  };
  IOLoop loop;
  Application app({url<CarelessHandler>("/")});
  Client client(app.listen(loop, 0).port());
  testing::internal::CaptureStderr();
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  settle(loop);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("whose?"), std::string::npos);
  client.half_close();
  settle(loop);
  EXPECT_EQ(client.read_to_end(), "");  // the client got nothing
}

// A pending future in a member would hold the callback, and the callback would hold the handler.
TEST(Asynchronous, a_handler_that_keeps_only_done_futures_is_freed_with_the_loop) {
  class KeepingHandler : public AsynchronousHandler {
   public:
    ~KeepingHandler() override { *freed_ = true; }
    void initialize(bool* freed) { freed_ = freed; }
    void get(const PathArgs&) override {
      asynchronous();
      const Future<int> later;
      IOLoop::current().call_later(60, [later] { later.set_result(1); });
      later.add_done_callback(wrap([this](const Future<int>& done) { answer_ = done; }));
    }

   private:
    bool* freed_ = nullptr;
    Future<int> answer_;
  };
  bool freed = false;
  {
    IOLoop loop;
    Application app({url<KeepingHandler>("/", "", &freed)});
    Client client(app.listen(loop, 0).port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    settle(loop);
    EXPECT_FALSE(freed);
  }
  EXPECT_TRUE(freed);
}

TEST(Asynchronous, a_client_that_shuts_down_its_side_counts_as_gone) {
  Notes notes;
  IOLoop loop;
  Application app({url<WaitingHandler>("/(.*)", "", &notes)});
  const std::uint16_t port = app.listen(loop, 0).port();
  for (const std::string what : {"at-once", "later"}) {
    Client client(port);
    client.send("GET /" + what + " HTTP/1.1\r\nHost: h\r\n\r\n");
    client.half_close();
    settle(loop);
    if (notes.later) std::exchange(notes.later, nullptr)();
    settle(loop);
    EXPECT_EQ(client.read_to_end().ends_with("at once"), what == "at-once");
  }
  EXPECT_EQ(notes.events, (Events{"get", "on_finish", "freed",  //
                                  "get", "closed", "on_finish", "freed"}));
}

}  // namespace
}  // namespace mini
