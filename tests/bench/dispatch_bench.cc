// Measures what it costs to find a request's handler, by the number of routes: the search alone,
// and a request's whole way through an Application, without a socket.
#include <benchmark/benchmark.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/web.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "web/routing/rule_table.h"

namespace {

using namespace tornado;

struct Handler : web::RequestHandler {
  void get(const web::PathArgs&) {}
};

// Route number i, and a path for it.
struct Shape {
  std::string (*pattern)(std::int64_t i);
  std::string (*path)(std::int64_t i);
};

std::string number(std::int64_t i) {
  return std::to_string(i);
}

// The shapes of routes that programs have.
const Shape kLiteral = {[](std::int64_t i) { return "/section" + number(i) + "/page"; },
                        [](std::int64_t i) { return "/section" + number(i) + "/page"; }};
const Shape kCapture = {[](std::int64_t i) { return "/section" + number(i) + "/([0-9]+)"; },
                        [](std::int64_t i) { return "/section" + number(i) + "/1234"; }};
// All begin alike, and differ after the capture.
const Shape kBehindCapture = {[](std::int64_t i) { return "/users/([^/]+)/item" + number(i); },
                              [](std::int64_t i) { return "/users/ann/item" + number(i); }};
// These need the regular expression engine.
const Shape kExpression = {[](std::int64_t i) { return "/section" + number(i) + "/(a|b)"; },
                           [](std::int64_t i) { return "/section" + number(i) + "/b"; }};
// For comparison: these begin alike, so they are tried one after the other.
const Shape kAlike = {[](std::int64_t i) { return "/(a|b)/section" + number(i); },
                      [](std::int64_t i) { return "/b/section" + number(i); }};

std::vector<web::Rule> routes(const Shape& shape, std::int64_t count) {
  std::vector<web::Rule> rules;
  for (std::int64_t i = 0; i < count; ++i) rules.push_back(web::url<Handler>(shape.pattern(i)));
  return rules;
}

// Requests for each of 8 routes from the first to the last, in turn.
std::vector<std::string> paths(const Shape& shape, std::int64_t count) {
  std::vector<std::string> result;
  for (std::int64_t i = 0; i < 8; ++i) result.push_back(shape.path(i * (count - 1) / 7));
  return result;
}

void find(benchmark::State& state, const Shape& shape) {
  const routing::detail::RuleTable table(routes(shape, state.range(0)));
  std::vector<httputil::HTTPServerRequest> requests;
  for (const std::string& path : paths(shape, state.range(0))) {
    requests.emplace_back(httputil::RequestStartLine("GET", path));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    auto to = table.find(requests[next++ % requests.size()]);
    if (!to) state.SkipWithError("no route");
    benchmark::DoNotOptimize(to.init);
  }
}
BENCHMARK_CAPTURE(find, literal, kLiteral)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(find, capture, kCapture)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(find, behind_capture, kBehindCapture)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(find, expression, kExpression)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(find, alike, kAlike)->Arg(10)->Arg(100)->Arg(1000);

// Takes what is written, and keeps nothing.
class Nowhere final : public httputil::HTTPConnection {
 public:
  concurrent::Sent write_headers(const httputil::ResponseStartLine& start_line,
                                 const httputil::HTTPHeaders&, std::string_view) override {
    status = start_line.code;
    return done_;
  }
  concurrent::Sent write(std::string_view) override { return done_; }
  void finish() override {}
  httputil::HTTPRequestContext& context() override { return context_; }

  int status = 0;

 private:
  static Future<void> make_done() {
    Future<void> future;
    future.set_result();
    return future;
  }
  Future<void> done_ = make_done();
  httputil::HTTPRequestContext context_{.remote_ip = "192.0.2.1"};
};

void dispatch(benchmark::State& state, const Shape& shape) {
  ioloop::IOLoop loop;
  web::Settings settings;
  settings.log_function = [](const web::RequestHandler&) {};
  web::Application app(routes(shape, state.range(0)), settings);
  const auto wanted = paths(shape, state.range(0));
  const httputil::HTTPHeaders headers = {{"Host", "example.com"}};
  const auto connection = std::make_shared<Nowhere>();
  std::size_t next = 0;
  for (auto _ : state) {
    const auto delegate = app.start_request(nullptr, connection);
    static_cast<void>(delegate->headers_received(
        httputil::RequestStartLine("GET", wanted[next++ % wanted.size()]), headers));
    delegate->finish();
  }
  if (connection->status != 200) state.SkipWithError("no answer");
}
BENCHMARK_CAPTURE(dispatch, literal, kLiteral)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(dispatch, capture, kCapture)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(dispatch, behind_capture, kBehindCapture)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(dispatch, expression, kExpression)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(dispatch, alike, kAlike)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
