#include "05-http/http_server.h"

#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../04-iostream/stream_pair.h"

namespace mini {
namespace {

using RequestPtr = std::shared_ptr<HTTPServerRequest>;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kLast = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

// A server and its loop in the test's thread.
class HTTPServerTest : public testing::Test {
 protected:
  void serve(RequestCallback callback, HTTPLimits limits = {}) {
    server_ = std::make_unique<HTTPServer>(loop_, std::move(callback), limits);
    server_->listen(0);
  }
  void serve_paths() {
    serve([](const RequestPtr& request) { request->respond(200, {}, request->uri + "."); });
  }
  void settle() { mini::settle(loop_); }

  // Returns all that a client receives that sends `bytes` and then shuts down its sending side.
  std::string ask(const std::string& bytes) {
    Client client(server_->port());
    client.send(bytes);
    client.half_close();
    settle();
    return client.read_to_end();
  }
  static std::string body_of(const std::string& answer) {
    return answer.substr(answer.rfind("\r\n\r\n") + 4);
  }

  IOLoop loop_;
  std::unique_ptr<HTTPServer> server_;
};

TEST_F(HTTPServerTest, answers_many_requests_on_one_connection_in_order) {
  serve_paths();
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string answers = ask(bytes);
  std::size_t at = 0;
  for (int i = 0; i < 5; ++i) {
    at = answers.find("\r\n\r\n/" + std::to_string(i) + ".", at);
    ASSERT_NE(at, answers.npos) << answers;
  }
}

TEST_F(HTTPServerTest, a_slow_request_is_answered_before_the_next_one) {
  RequestPtr slow;
  serve([&](const RequestPtr& request) {
    if (!slow) {
      slow = request;
    } else {
      request->respond(200, {}, "second");
    }
  });
  Client client(server_->port());
  client.send(kGet + kLast);
  settle();
  slow->respond(200, {}, "first");
  settle();
  const std::string answers = client.read_to_end();
  EXPECT_LT(answers.find("first"), answers.find("second"));
  EXPECT_NE(answers.find("second"), answers.npos);
}

TEST_F(HTTPServerTest, closes_after_the_last_request_and_says_so) {
  serve_paths();
  Client client(server_->port());
  client.send(kLast + kGet);
  settle();
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("Connection: close\r\n"), answer.npos);
  EXPECT_EQ(body_of(answer), "/last.");
}

TEST_F(HTTPServerTest, an_old_client_is_told_that_the_connection_stays) {
  serve_paths();
  const std::string answer = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(answer.find("Connection: keep-alive\r\n"), answer.npos);
}

TEST_F(HTTPServerTest, HEAD_204_and_304_have_no_body) {
  serve([](const RequestPtr& request) {
    const int status = request->path() == "/head" ? 200 : std::stoi(request->path().substr(1));
    request->respond(status, {}, "body");
  });
  const std::string head = ask("HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 4\r\n"), head.npos);
  EXPECT_EQ(body_of(head), "");
  for (const std::string status : {"204", "304"}) {
    const std::string answer = ask("GET /" + status + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(answer), "");
    EXPECT_EQ(answer.find("Content-Length"), answer.npos) << answer;
  }
}

TEST_F(HTTPServerTest, a_response_in_pieces_is_chunked) {
  serve([](const RequestPtr& request) {
    request->write_headers(200, {{"Content-Length", "7"}});  // the handler has no say in this
    request->write("0123456789abcdef");
    request->write("");
    request->write("x", [request] { request->finish(); });
  });
  const std::string answer = ask(kGet);
  EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n"), answer.npos);
  EXPECT_EQ(answer.find("Content-Length"), answer.npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n")) << answer;
  EXPECT_EQ(body_of(ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")), "");
  const std::string old = ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(old.find("Connection: close\r\n"), old.npos);
  EXPECT_EQ(body_of(old), "0123456789abcdefx");
}

TEST_F(HTTPServerTest, refuses_and_closes) {
  serve_paths();
  const std::string answer = ask("garbage\r\n\r\n" + kGet);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(answer.find("HTTP/1.1", 1), answer.npos);
}

TEST_F(HTTPServerTest, a_callback_that_throws_becomes_a_500_and_the_connection_stays) {
  serve([](const RequestPtr& request) {
    if (request->path() == "/last") return request->respond(200, {}, "still here");
    throw std::runtime_error("no luck");
  });
  testing::internal::CaptureStderr();
  const std::string answers = ask(kGet + kLast);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/: no luck\n");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(body_of(answers), "still here");
}

TEST_F(HTTPServerTest, a_callback_that_throws_in_the_middle_of_its_response_ends_the_connection) {
  serve([](const RequestPtr& request) {
    request->write_headers(200, {});
    throw 5;
  });
  testing::internal::CaptureStderr();
  Client client(server_->port());
  client.send(kGet + kGet);
  settle();
  EXPECT_FALSE(client.read_to_end().ends_with("0\r\n\r\n"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/: an exception of an unknown type\n");
}

TEST_F(HTTPServerTest, a_second_response_throws) {
  RequestPtr kept;
  serve([&](const RequestPtr& request) {
    request->respond(200, {}, "once");
    kept = request;
  });
  EXPECT_EQ(body_of(ask(kGet)), "once");
  EXPECT_TRUE(kept->answered());
  EXPECT_THROW(kept->respond(200, {}, "twice"), std::logic_error);
  EXPECT_THROW(kept->write("more"), std::logic_error);
  EXPECT_THROW(kept->finish(), std::logic_error);
}

TEST_F(HTTPServerTest, dropping_an_unanswered_request_closes_its_connection) {
  serve([](const RequestPtr&) {});
  EXPECT_EQ(ask(kGet), "");
}

TEST_F(HTTPServerTest, a_client_that_leaves_is_reported_once_and_its_response_is_discarded) {
  RequestPtr kept;
  int left = 0;
  serve([&](const RequestPtr& request) {
    kept = request;
    request->set_close_callback([&] { ++left; });
  });
  {
    Client client(server_->port());
    client.send(kGet);
    settle();
    client.reset();
  }
  settle();
  EXPECT_EQ(left, 1);
  kept->respond(200, {}, "nobody hears this");
  settle();
  EXPECT_EQ(left, 1);
}

TEST_F(HTTPServerTest, a_client_that_has_its_response_is_not_reported_as_gone) {
  int left = 0;
  serve([&](const RequestPtr& request) {
    request->set_close_callback([&left, request] { ++left; });
    request->respond(200, {}, "bye");
  });
  EXPECT_EQ(body_of(ask(kGet)), "bye");
  EXPECT_EQ(left, 0);
}

TEST_F(HTTPServerTest, a_client_that_does_not_read_its_responses_is_not_read_either) {
  int asked = 0;
  serve([&](const RequestPtr& request) {
    ++asked;
    request->respond(200, {}, std::string(1'000'000, 'x'));
  });
  Client deaf(server_->port());
  std::string many;
  for (int i = 0; i < 100; ++i) many += kGet;
  deaf.send(many);
  settle();
  const int before = asked;
  settle();
  EXPECT_EQ(asked, before);
  EXPECT_LT(asked, 20);
}

class ManualClock final : public Clock {
 public:
  double now() override { return time; }
  double time = 1000;
};

TEST(HTTPServerPatience, a_request_has_a_minute_to_arrive) {
  ManualClock clock;
  IOLoop loop(clock);
  HTTPServer server(loop, [](const RequestPtr& request) { request->respond(200, {}, "ok"); });
  server.listen(0);
  Client silent(server.port());
  Client slow(server.port());
  slow.send(kGet);
  mini::settle(loop);
  clock.time += 59;
  slow.send(kGet.substr(0, 5));  // a piece now and then buys no time
  mini::settle(loop);
  clock.time += 2;
  mini::settle(loop);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(slow.read_to_end().ends_with("ok"));
}

}  // namespace
}  // namespace mini
