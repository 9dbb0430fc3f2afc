// The handler for health checks.
#include <tornado/web.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

using test::Client;
using test::get;

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() {
    const auto ready = [this] {
      if (broken_) throw std::runtime_error("the database is gone");
      return ready_;
    };
    app_.emplace(std::vector<Rule>{url<HealthHandler>("/health"),
                                   url<HealthHandler>("/ready", {.ready = ready})});
    port_ = app_->listen(0, "127.0.0.1").port();
  }
  std::string ask(std::string_view path, std::string_view end) {
    Client client(loop_, port_);
    client.send(get(path));
    return client.until(end);
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  bool ready_ = true;
  bool broken_ = false;
  std::optional<Application> app_;
  std::uint16_t port_ = 0;
};

TEST_F(HealthTest, a_process_that_runs_is_healthy) {
  ready_ = false;
  const std::string response = ask("/health", "\r\n\r\nok\n");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_NE(response.find("Cache-Control: no-store\r\n"), response.npos) << response;
}

TEST_F(HealthTest, readiness_is_asked_for_each_time) {
  EXPECT_TRUE(ask("/ready", "\r\n\r\nok\n").starts_with("HTTP/1.1 200 "));
  ready_ = false;
  EXPECT_TRUE(ask("/ready", "\r\n\r\nnot ready\n").starts_with("HTTP/1.1 503 "));
  ready_ = true;
  EXPECT_TRUE(ask("/ready", "\r\n\r\nok\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(HealthTest, a_check_that_throws_is_an_error) {
  broken_ = true;
  EXPECT_TRUE(ask("/ready", "</html>").starts_with("HTTP/1.1 500 "));
}

TEST_F(HealthTest, head_gets_the_same_without_a_body) {
  ready_ = false;
  Client client(loop_, port_);
  client.send("HEAD /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string& response = client.until_end();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << response;
  EXPECT_TRUE(response.ends_with("\r\n\r\n")) << response;
}

}  // namespace
}  // namespace tornado::web
