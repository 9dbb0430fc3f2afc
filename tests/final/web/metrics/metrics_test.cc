// What /metrics says after a server has done known things.
#include <gmock/gmock.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <tornado/gen.h>
#include <tornado/metrics.h>
#include <tornado/web.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "../../http/server/server_test_tools.h"

namespace tornado::metrics {
namespace {

using test::Client;
using test::get;
using test::run_until;
using ::testing::HasSubstr;
using ::testing::Not;

std::optional<Future<void>> gate;
bool waits = false;

struct QuickHandler : web::RequestHandler {
  void get(int status) {
    set_status(status);
    write("quick");
  }
};

struct WaitingHandler : web::RequestHandler {
  Future<void> get() {
    const Future<void> waiting = *gate;
    waits = true;
    co_await waiting;
    write("waited");
  }
};

void block_for_20_ms() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  while (std::chrono::steady_clock::now() < end) {
  }
}

struct BlockingHandler : web::RequestHandler {
  void get() {
    block_for_20_ms();
    write("blocked");
  }
};

class MetricsTest : public ::testing::Test {
 protected:
  void serve(const MetricsOptions& options = {}) {
    gate.emplace();
    waits = false;
    metrics_.emplace(options);
    web::Settings settings;
    settings.log_function = metrics_->log_function();
    app_.emplace(
        std::vector<web::Rule>{web::url<QuickHandler>("/quick/([0-9]+)"),
                               web::url<WaitingHandler>("/wait"),
                               web::url<BlockingHandler>("/block"),
                               web::url<MetricsHandler>("/metrics", {.metrics = &*metrics_})},
        settings);
    server_ = &app_->listen(0, "127.0.0.1");
    metrics_->watch(*server_);
  }
  Client connect() { return Client(loop_, server_->port()); }
  // The value of a sample in the text; -1 if there is none.
  double value(const std::string& sample) {
    const std::string text = "\n" + metrics_->text();
    const auto at = text.find("\n" + sample + " ");
    return at == text.npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Metrics> metrics_;
  std::optional<web::Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

const std::string kQuick = "{handler=\"tornado::metrics::QuickHandler\"";

TEST_F(MetricsTest, counts_requests_by_handler_and_status_and_logs_them_as_before) {
  serve();
  Client client = connect();
  client.send(get("/quick/200") + get("/quick/200") + get("/quick/404") + get("/none"));
  client.until("HTTP/1.1 ", 4);
  EXPECT_EQ(value("tornado_http_requests_total" + kQuick + ",status=\"200\"}"), 2);
  EXPECT_EQ(value("tornado_http_requests_total" + kQuick + ",status=\"404\"}"), 1);
  EXPECT_EQ(value("tornado_http_requests_total{handler=\"tornado::web::ErrorHandler\","
                  "status=\"404\"}"),
            1);
  EXPECT_EQ(value("tornado_http_request_duration_seconds_count" + kQuick + "}"), 3);
  EXPECT_EQ(log_.count("200 GET /quick/200"), 2U);
  EXPECT_EQ(log_.count("404 GET /none"), 1U);
}

TEST_F(MetricsTest, a_request_that_outlives_its_application_is_not_counted) {
  serve();
  Client client = connect();
  client.send(get("/wait"));
  run_until(loop_, [] { return waits; });
  app_.reset();
  metrics_.reset();
  gate->set_result();
  run_until(loop_, [n = 0]() mutable { return ++n > 5; });
}

TEST_F(MetricsTest, durations_go_into_the_buckets_of_the_options) {
  MetricsOptions options;
  options.request_buckets = {0.015, 1000};
  serve(options);
  Client client = connect();
  client.send(get("/block"));
  client.until("blocked");
  const std::string name = "{handler=\"tornado::metrics::BlockingHandler\",le=";
  EXPECT_EQ(value("tornado_http_request_duration_seconds_bucket" + name + "\"0.015\"}"), 0);
  EXPECT_EQ(value("tornado_http_request_duration_seconds_bucket" + name + "\"1000\"}"), 1);
}

TEST_F(MetricsTest, counts_open_connections_and_suspended_coroutines) {
  serve();
  EXPECT_EQ(value("tornado_http_connections"), 0);
  const double before = value("tornado_coroutines_suspended");
  Client first = connect();
  Client second = connect();
  first.send(get("/wait"));
  second.send(get("/wait"));
  run_until(loop_, [&] { return value("tornado_coroutines_suspended") >= before + 2; });
  EXPECT_EQ(value("tornado_http_connections"), 2);
  gate->set_result();
  first.until("waited");
  second.until("waited");
  EXPECT_EQ(value("tornado_coroutines_suspended"), before);
  first.close();
  run_until(loop_, [&] { return value("tornado_http_connections") == 1; });
}

TEST_F(MetricsTest, shows_the_longest_turn_once_and_the_busy_time) {
  serve();
  Client client = connect();
  client.send(get("/block"));
  client.until("blocked");
  test::some_rounds(loop_);
  const std::string text = metrics_->text();
  EXPECT_GE(value("tornado_loop_busy_seconds_total"), 0.02);
  EXPECT_GT(value("tornado_loop_iterations_total"), 3);
  const auto at = text.find("\ntornado_loop_longest_turn_seconds ");
  ASSERT_NE(at, text.npos);
  EXPECT_GE(std::stod(text.substr(text.find(' ', at))), 0.02);
  // It was read just now, and nothing has run since.
  EXPECT_EQ(value("tornado_loop_longest_turn_seconds"), 0);
}

TEST_F(MetricsTest, a_timer_that_other_work_delays_is_late) {
  serve();
  bool fired = false;
  loop_.add_callback([&] {
    loop_.call_later(0.001, [&] { fired = true; });
    block_for_20_ms();
  });
  run_until(loop_, [&] { return fired; });
  EXPECT_GE(value("tornado_loop_timer_lag_seconds_count"), 1);
  EXPECT_GE(value("tornado_loop_timer_lag_seconds_sum"), 0.018);
}

TEST_F(MetricsTest, counts_the_jobs_of_executors_until_they_are_back) {
  serve();
  std::mutex mutex;
  std::condition_variable released;
  bool open = false;
  concurrent::ThreadPoolExecutor executor(1);
  const auto job = [&] {
    std::unique_lock lock(mutex);
    released.wait(lock, [&] { return open; });
  };
  Future<void> running;
  Future<void> queued;
  loop_.run_sync([&]() -> Future<void> {
    running = executor.submit(job);
    queued = executor.submit(job);
    EXPECT_EQ(value("tornado_executor_jobs"), 2);
    {
      const std::lock_guard lock(mutex);
      open = true;
    }
    released.notify_all();
    co_await running;
    co_await queued;
  });
  EXPECT_EQ(value("tornado_executor_jobs"), 0);
}

TEST_F(MetricsTest, the_handler_serves_the_text_format) {
  serve();
  prometheus::BuildCounter()
      .Name("orders_total")
      .Help("Orders")
      .Register(metrics_->registry())
      .Add({})
      .Increment(3);
  Client client = connect();
  client.send(get("/metrics"));
  const std::string& response = client.until("tornado_executor_jobs ");
  EXPECT_THAT(response, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(response, HasSubstr("# TYPE tornado_http_connections gauge\n"));
  EXPECT_THAT(response, Not(HasSubstr("Etag")));
  EXPECT_EQ(value("orders_total"), 3);
}

TEST_F(MetricsTest, without_watch_loop_the_loop_has_no_probe_and_its_metrics_are_missing) {
  MetricsOptions options;
  options.watch_loop = false;
  serve(options);
  Client client = connect();
  client.send(get("/quick/200"));
  client.until("quick");
  EXPECT_EQ(value("tornado_http_requests_total" + kQuick + ",status=\"200\"}"), 1);
  EXPECT_EQ(value("tornado_loop_iterations_total"), -1);
}

TEST_F(MetricsTest, may_go_before_its_loop) {
  {
    const Metrics short_lived;
  }
  bool ran = false;
  loop_.add_callback([&] { ran = true; });
  run_until(loop_, [&] { return ran; });
}

}  // namespace
}  // namespace tornado::metrics
