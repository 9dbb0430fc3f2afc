#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/metrics.h>

#include <stdexcept>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>

#include "loop/error_text.h"
#include "web/metrics/loop_watch.h"

namespace tornado::metrics {
namespace {

using Counters = prometheus::Family<prometheus::Counter>;
using Histograms = prometheus::Family<prometheus::Histogram>;

const std::vector<double> kLagBuckets = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

// "tornado::web::ErrorHandler", without the unnamed namespaces that it is in.
std::string class_name(const std::type_info& type) {
  constexpr std::string_view kUnnamed = "(anonymous namespace)::";
  std::string name = type_name(type);
  for (std::size_t at = 0; (at = name.find(kUnnamed, at)) != name.npos;) {
    name.erase(at, kUnnamed.size());
  }
  return name;
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(const MetricsOptions& given)
      : options(given),
        requests(prometheus::BuildCounter()
                     .Name("tornado_http_requests_total")
                     .Help("Requests that have finished")
                     .Register(registry)),
        durations(prometheus::BuildHistogram()
                      .Name("tornado_http_request_duration_seconds")
                      .Help("Time from a request's head to the end of its response")
                      .Register(registry)),
        connections(gauge(registry, "tornado_http_connections", "Open connections")) {}

  // The metrics of one handler class.
  struct OfClass {
    std::string name;
    prometheus::Histogram* duration;
    std::unordered_map<int, prometheus::Counter*> by_status;
  };

  OfClass& of_class(const std::type_info& type) {
    const auto found = classes.find(type);
    if (found != classes.end()) return found->second;
    std::string name = class_name(type);
    auto& duration = durations.Add({{"handler", name}}, options.request_buckets);
    return classes.emplace(type, OfClass{std::move(name), &duration, {}}).first->second;
  }

  // What the probe adds up, as metrics.
  struct OfLoop {
    explicit OfLoop(prometheus::Registry& registry)
        : iterations(counter(registry, "tornado_loop_iterations_total", "Iterations of the loop")),
          busy(counter(registry, "tornado_loop_busy_seconds_total",
                       "Time that the loop worked: its rate is the load of its core")),
          longest_turn(
              gauge(registry, "tornado_loop_longest_turn_seconds",
                    "Longest time between two waits of the poller, since the last scrape")),
          suspended(gauge(registry, "tornado_coroutines_suspended", "Coroutines that wait")),
          jobs(gauge(registry, "tornado_executor_jobs",
                     "Jobs of executors that are queued or running")),
          watch(prometheus::BuildHistogram()
                    .Name("tornado_loop_timer_lag_seconds")
                    .Help("How late timers are")
                    .Register(registry)
                    .Add({}, kLagBuckets)) {}

    void publish() {
      iterations.Increment(static_cast<double>(watch.iterations) - iterations.Value());
      busy.Increment(static_cast<double>(watch.busy_ns) * 1e-9 - busy.Value());
      longest_turn.Set(static_cast<double>(watch.take_longest_turn_ns()) * 1e-9);
      suspended.Set(static_cast<double>(watch.suspended));
      jobs.Set(static_cast<double>(watch.jobs));
    }

    prometheus::Counter& iterations;
    prometheus::Counter& busy;
    prometheus::Gauge& longest_turn;
    prometheus::Gauge& suspended;
    prometheus::Gauge& jobs;
    LoopWatch watch;
  };

  const MetricsOptions options;
  prometheus::Registry registry;
  Counters& requests;
  Histograms& durations;
  prometheus::Gauge& connections;
  std::unordered_map<std::type_index, OfClass> classes;
  std::vector<const httpserver::HTTPServer*> servers;
  std::optional<OfLoop> loop;
};

MetricsOptions::MetricsOptions()
    : request_buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10} {}

Metrics::Metrics(const MetricsOptions& options) : impl_(std::make_unique<Impl>(options)) {
  if (!options.watch_loop) return;
  Impl::OfLoop& loop = impl_->loop.emplace(impl_->registry);
  ioloop::IOLoop::current().set_probe(&loop.watch);
}

Metrics::~Metrics() = default;

core::Function<void(const web::RequestHandler&)> Metrics::log_function() {
  return [this](const web::RequestHandler& handler) {
    count(handler);
    handler.application.log_request(handler);
  };
}

void Metrics::count(const web::RequestHandler& handler) {
  Impl::OfClass& of = impl_->of_class(typeid(handler));
  const int status = handler.get_status();
  prometheus::Counter*& requests = of.by_status[status];
  if (requests == nullptr) {
    requests = &impl_->requests.Add({{"handler", of.name}, {"status", std::to_string(status)}});
  }
  requests->Increment();
  of.duration->Observe(handler.request.request_time());
}

void Metrics::watch(const httpserver::HTTPServer& server) {
  impl_->servers.push_back(&server);
}

std::string Metrics::text() {
  std::size_t connections = 0;
  for (const auto* server : impl_->servers) connections += server->connection_count();
  impl_->connections.Set(static_cast<double>(connections));
  if (auto& loop = impl_->loop; loop) loop->publish();
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

prometheus::Registry& Metrics::registry() {
  return impl_->registry;
}

void MetricsHandler::initialize(const Init& init) {
  if (init.metrics == nullptr) throw std::invalid_argument("a MetricsHandler without metrics");
  metrics_ = init.metrics;
}

void MetricsHandler::get() {
  set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  write(metrics_->text());
}

}  // namespace tornado::metrics
