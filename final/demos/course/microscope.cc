#include "microscope.h"

#include <tornado/iostream.h>
#include <tornado/json.h>
#include <tornado/loop_probe.h>
#include <tornado/queues.h>
#include <tornado/template.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "experiment.h"
#include "loop_view.h"
#include "race.h"
#include "specimen.h"

using namespace tornado;

namespace course {
namespace {

// Like the other pages', and the page may open a WebSocket to its server.
constexpr const char* kLoopPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct LoopHandler : web::RequestHandler {
  struct Init {
    Microscope* microscope;
  };
  void initialize(const Init& init) { microscope = init.microscope; }
  void set_default_headers() override {
    set_header("Content-Security-Policy", kLoopPolicy);
    set_header("X-Content-Type-Options", "nosniff");
  }

  Microscope* microscope = nullptr;
};

// Returns the lines of a file between `// [name]` and `// [/name]`.
std::vector<std::string> lines_of_region(const std::string& text, const std::string& name) {
  std::vector<std::string> lines;
  const std::size_t begin = text.find("// [" + name + "]\n");
  const std::size_t end = text.find("// [/" + name + "]", begin);
  if (begin == text.npos || end == text.npos) return lines;
  for (std::size_t at = text.find('\n', begin) + 1; at < end;) {
    const std::size_t next = text.find('\n', at);
    lines.push_back(text.substr(at, next - at));
    at = next + 1;
  }
  return lines;
}

constexpr const char* kIterationFile = "final/src/loop/loop_state.cc";

struct MicroscopeHandler : LoopHandler {
  void get() {
    xsrf_token();  // sets the cookie whose text the page's script sends back
    const std::string source = microscope->repository().read(kIterationFile).value_or("");
    render("loop.html", {{"lines", lines_of_region(source, "iteration")},
                         {"may", microscope->may_experiment(request)}});
  }
};

// Shows the lines around the place of a name: only what some record refers to, and only files of
// the project.
struct PlaceHandler : LoopHandler {
  static constexpr std::size_t kAround = 6;

  void get(int number) {
    const auto name = ioloop::record_name(static_cast<std::uint16_t>(number));
    const std::string root = microscope->repository().root().string() + "/";
    if (!name.file.starts_with(root)) throw web::HTTPError(404);
    const std::string path = name.file.substr(root.size());
    const auto text = microscope->repository().read(path);
    if (!text) throw web::HTTPError(404);
    json lines = json::array();
    std::size_t line = 1;
    for (std::size_t at = 0; at < text->size(); ++line) {
      const std::size_t next = std::min(text->find('\n', at), text->size());
      if (line + kAround >= name.line && line <= name.line + kAround) {
        lines.push_back(text->substr(at, next - at));
      }
      at = next + 1;
    }
    const std::size_t first = name.line > kAround ? name.line - kAround : 1;
    write(json{{"path", path}, {"line", name.line}, {"first", first}, {"lines", lines}});
  }
};

// The base of what starts experiments.
struct StartingHandler : LoopHandler {
  // Throws if this reader may start none, or none now. Sets where its requests go.
  void check() {
    if (!microscope->may_experiment(request)) throw web::HTTPError(403);
    const std::string view = get_argument("loop", "live");
    port = microscope->port_of(view);
    if (port == 0) throw web::HTTPError(400);
    if (view == "live") prefix = "/loop";
    if (microscope->experiment().running()) throw web::HTTPError(409, "one experiment at a time");
  }

  int port = 0;
  std::string prefix;
};

// [experiment]
struct ExperimentHandler : StartingHandler {
  Future<void> post() {
    check();
    auto requests = Experiment::named(get_argument("name"));
    if (!requests) throw web::HTTPError(400);
    const auto running = microscope->experiment().run(*std::move(requests), port, prefix);
    const std::vector<Arrival> arrivals = co_await running;
    json seconds = json::array();
    int failed = 0;
    for (const Arrival& arrival : arrivals) {
      failed += arrival.failed ? 1 : 0;
      if (!arrival.failed) seconds.push_back(arrival.seconds);
    }
    const std::string said = arrivals.empty() ? "" : arrivals.back().body;
    write(json{{"seconds", seconds}, {"failed", failed}, {"said", said}});
  }
};
// [/experiment]

// [race]
// Streams the race: a line of JSON for each response, as it comes.
struct RaceHandler : StartingHandler {
  Future<void> post() {
    check();
    set_header("Content-Type", "application/x-ndjson");
    auto servers = std::make_shared<RaceServers>(&microscope->experiment());
    const auto arrivals = std::make_shared<queues::Queue<Arrival>>();
    const auto running =
        microscope->experiment().run(servers->requests(), port, prefix,
                                     [arrivals](const Arrival& one) { arrivals->put_nowait(one); });
    running.add_done_callback([arrivals](const auto&) { arrivals->shutdown(); });
    while (true) {
      const auto coming = arrivals->next();
      const std::optional<Arrival> arrival = co_await coming;
      if (!arrival) break;
      co_await send(*arrival);
    }
    // Their threads may take a moment to end, and the loop has others to serve.
    const auto stopping =
        ioloop::IOLoop::current().run_in_executor(nullptr, [servers] { servers->stop(); });
    co_await stopping;
  }

  // A reader who leaves does not end the race: another one starts when it is over.
  Future<void> send(Arrival arrival) {
    if (has_left) co_return;
    const json line = {{"server", arrival.of},
                       {"seconds", arrival.seconds},
                       {"failed", arrival.failed},
                       {"thread", arrival.body}};
    write(line.dump() + "\n");
    try {
      co_await flush();
    } catch (const iostream::StreamClosedError&) {
      has_left = true;
    }
  }

  bool has_left = false;
};
// [/race]

struct ControlHandler : LoopHandler {
  Future<void> post() {
    if (!microscope->may_experiment(request)) throw web::HTTPError(403);
    const std::string what = get_argument("do");
    Specimen& specimen = microscope->specimen();
    if (what == "resume") {
      specimen.probe.resume();
      write(json{{"done", what}});
      co_return;
    }
    if (what != "pause" && what != "step") throw web::HTTPError(400);
    const auto doing = ioloop::IOLoop::current().run_in_executor(
        nullptr, what == "pause" ? &Specimen::pause : &Specimen::step, &specimen);
    const std::optional<std::uint32_t> iteration = co_await doing;
    if (!iteration) throw web::HTTPError(409, "nobody watches the specimen");
    write(json{{"done", what}, {"iteration", *iteration}});
  }
};

class LiveProbe final : public MarkingProbe {};

LiveProbe& live_probe() {
  static auto& probe = *new LiveProbe;  // the loop may end after the microscope
  return probe;
}

}  // namespace

Microscope::Microscope(const Repository* repository, bool for_everybody)
    : repository_(repository),
      for_everybody_(for_everybody),
      experiment_(std::make_unique<Experiment>()),
      live_(std::make_unique<LoopView>(live_probe(), ioloop::IOLoop::current(), true)),
      specimen_(std::make_unique<Specimen>(experiment_.get())),
      specimen_view_(std::make_unique<LoopView>(specimen_->probe, specimen_->loop(), false)) {}

Microscope::~Microscope() = default;

std::vector<web::URLSpec> Microscope::routes() {
  const LoopHandler::Init init{.microscope = this};
  std::vector<web::URLSpec> routes = {
      web::url<MicroscopeHandler>("/loop", init),
      web::url<LoopSocket>("/loop/stream/([a-z]+)", LoopSocket::Init{.microscope = this}),
      web::url<PlaceHandler>("/loop/source/([0-9]{1,5})", init),
      web::url<ExperimentHandler>("/loop/experiment", init),
      web::url<RaceHandler>("/loop/race", init),
      web::url<ControlHandler>("/loop/specimen", init),
  };
  std::ranges::move(asked_routes(experiment_.get(), "/loop"), std::back_inserter(routes));
  return routes;
}

// A page of another site cannot have this machine's name in its address, so it cannot use the
// reader's browser.
bool Microscope::may_experiment(const httputil::HTTPServerRequest& request) const {
  if (for_everybody_) return true;
  const std::string host = request.host_name();
  return (request.remote_ip == "127.0.0.1" || request.remote_ip == "::1" ||
          request.remote_ip == "::ffff:127.0.0.1") &&
         (host == "127.0.0.1" || host == "localhost" || host == "[::1]");
}

LoopView* Microscope::view(const std::string& name) {
  if (name == "live") return live_.get();
  return name == "specimen" ? specimen_view_.get() : nullptr;
}

int Microscope::port_of(const std::string& view) const {
  if (view == "live") return port_;
  return view == "specimen" ? specimen_->port() : 0;
}

}  // namespace course
