// Public header: what a server does, in numbers for Prometheus. The component `metrics`: link
// tornado::metrics. Not in Tornado. The metrics are listed in final/docs/operations.md.
//
//   metrics::Metrics metrics;                        // after the loop, before the application
//   web::Settings settings;
//   settings.log_function = metrics.log_function();
//   web::Application app({web::url<metrics::MetricsHandler>("/metrics", {.metrics = &metrics})},
//                        settings);
//   metrics.watch(app.listen(8888));
#pragma once

#include <tornado/web.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace prometheus {
class Registry;
}
namespace tornado::ioloop {
class IOLoop;
}

namespace tornado::metrics {

struct MetricsOptions {
  MetricsOptions();

  // Upper bounds of the buckets for the durations of requests, in seconds, in increasing order.
  // Default: 0.001, 0.0025, 0.005, 0.01, and so on to 10.
  std::vector<double> request_buckets;
  // Watches the loop through its probe, so nothing else may call IOLoop::set_probe. false: counts
  // requests and connections only, and the loop pays nothing.
  bool watch_loop = true;
};

// Counts the requests of applications, the connections of servers, and the work of one loop.
//
// Belongs to the loop that is current when it is made, and to its thread. It must outlive the
// applications that use its log_function(), and be destroyed before the loop. Each process has its
// own, so Prometheus has to scrape each process.
class Metrics {
 public:
  explicit Metrics(const MetricsOptions& options = {});
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // Returns a function for Settings::log_function: it counts the request, then writes the access
  // log as Application::log_request does. It borrows this object.
  core::Function<void(const web::RequestHandler&)> log_function();
  // Counts a request that has finished, by its handler's class and its status.
  void count(const web::RequestHandler& handler);
  // Counts the connections of `server` too, which must outlive the last text().
  void watch(const httpserver::HTTPServer& server);

  // Returns all metrics in Prometheus' text format, version 0.0.4. The longest turn is that since
  // the call before.
  std::string text();
  // Returns where the metrics are. Add your own there: include <prometheus/counter.h> and link
  // prometheus-cpp. Lives as long as this object.
  prometheus::Registry& registry();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Responds to GET with Metrics::text(). Anyone who reaches its route can read it: let the proxy in
// front refuse it to others, or listen on a port of its own.
class MetricsHandler : public web::RequestHandler {
 public:
  struct Init {
    Metrics* metrics;  // borrowed
  };
  // Throws std::invalid_argument if `metrics` is null.
  void initialize(const Init& init);
  // Responds with Metrics::text(). Called for a GET.
  void get();
  std::optional<std::string> compute_etag() const override { return std::nullopt; }

 private:
  Metrics* metrics_ = nullptr;
};

}  // namespace tornado::metrics
