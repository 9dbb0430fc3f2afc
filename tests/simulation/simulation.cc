// The deterministic simulation: a server, clients and a network in one process and virtual time.
// A seed chooses how many clients there are, what they send and when, and what the network does to
// it. These have to hold at every step, or at the end:
//
// - a client gets the responses to its requests in order and whole, or its connection is closed;
// - a request is handled once, and its handler's on_finish() is called once;
// - the bytes in memory are bounded;
// - at the end no handler, connection or descriptor is left.
//
//   simulation [--seeds=N] [--first=SEED]   or   simulation --prove
//
// Every eighth seed runs twice, and both runs must be the same to the last event. With --prove, the
// server misbehaves on purpose, and each defect must be noticed.
#include <sys/socket.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/log.h>
#include <tornado/netutil.h>
#include <tornado/web.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../support/allocated.h"
#include "client.h"
#include "network.h"

namespace simulation {
namespace {

using namespace tornado;

constexpr double kPatience = 20'000;  // virtual seconds: more than all timeouts together
constexpr std::size_t kBytesAlways = 16 << 20;
constexpr std::size_t kBytesPerConnection = 1 << 20;

struct Outcome {
  std::string violation;  // empty: none
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::size_t requests = 0;
  std::size_t answered = 0;
};

// ---- the server ---------------------------------------------------------------------------------

// A mistake planted in all of the server's responses, which a run must notice.
enum class Defect : std::uint8_t { kNone, kId, kBody, kSilence, kMemory, kDescriptor, kChance };

// Counts how often each request, by number, was started and finished.
struct Ledger {
  struct Entry {
    int started = 0;
    int finished = 0;
  };
  std::map<std::uint64_t, Entry> entries;
  int living = 0;
  Defect planted = Defect::kNone;
  std::string hoard;
  std::string violation;
  void violate(const std::string& what) {
    if (violation.empty()) violation = what;
  }
};

// Serves /ID/SIZE/HOW.
struct Answer : web::RequestHandler {
  struct Init {
    Ledger* ledger = nullptr;
  };
  void initialize(const Init& init) {
    ledger = init.ledger;
    ++ledger->living;
  }
  ~Answer() override {
    if (ledger != nullptr) --ledger->living;
  }

  void prepare() {
    const std::size_t end = request.path.find('/', 1);
    std::from_chars(request.path.data() + 1, request.path.data() + end, id);
    if (++ledger->entries[id].started > 1) ledger->violate(name() + " was handled twice");
  }
  void on_finish() override {
    if (++ledger->entries[id].finished > 1) ledger->violate(name() + ": on_finish() came twice");
  }
  Future<void> get(std::uint64_t, std::size_t size, std::string how) {
    return answer(size, std::move(how));
  }
  Future<void> post(std::uint64_t, std::size_t size, std::string how) {
    return answer(size, std::move(how));
  }
  std::string name() const { return "request " + std::to_string(id); }

  Future<void> answer(std::size_t size, std::string how) {
    set_header("X-Id", std::to_string(id));
    if (ledger->planted != Defect::kNone) co_await misbehave();
    if (how == "throw") throw std::runtime_error("as asked");
    if (how == "later") co_await gen::sleep(static_cast<double>(size % 50) * 0.1);
    if (how == "late") co_await gen::sleep(100);
    std::size_t left = size;
    if (how == "stream") {
      for (; left > 10; left -= left / 3) {
        write(std::string(left / 3, 'x'));
        co_await flush();
        co_await gen::sleep(0.3);
      }
    }
    write(std::string(left, 'x'));
  }

  Future<void> misbehave() {
    static int call = 0;
    switch (ledger->planted) {
      case Defect::kNone:
        break;
      case Defect::kId:
        set_header("X-Id", std::to_string(id + 1));
        break;
      case Defect::kBody:
        write("y");
        break;
      case Defect::kSilence:
        co_await gen::sleep(1.5 * kPatience);
        break;
      case Defect::kMemory:
        ledger->hoard.assign(64 << 20, 'm');
        break;
      case Defect::kDescriptor:
        if (left_open < 0) left_open = ::dup(STDOUT_FILENO);
        break;
      case Defect::kChance:
        co_await gen::sleep(0.001 * ++call);
        break;
    }
  }

  static inline int left_open = -1;
  Ledger* ledger = nullptr;
  std::uint64_t id = 0;
};

// ---- one seed -----------------------------------------------------------------------------------

class World {
 public:
  World(std::uint64_t seed, const std::string& folder, Defect planted)
      : random_(seed),
        server_path_(folder + "/server"),
        client_path_(folder + "/client"),
        loop_(options(clock_)),
        memory_before_(test::allocated()),
        trace_(loop_, [this] { check_bytes(); }) {
    loop_.make_current();
    ledger_.planted = planted;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome run();

 private:
  static ioloop::IOLoopOptions options(Clock& clock) {
    ioloop::IOLoopOptions options;
    options.clock = &clock;
    options.make_current = ioloop::MakeCurrent::kNo;
    return options;
  }

  void check_bytes();
  template <class Condition>
  bool until(Condition condition);
  Weather weather();
  void add_wire(int end);
  void add_client();
  void add_request(std::deque<Client::Part>& parts, std::vector<Expected>& expected);
  void add_fetches(const httpclient::AsyncHTTPClient& client);
  void check_fetches();
  void check_ledger();

  Random random_;
  const std::string server_path_;
  const std::string client_path_;
  Clock clock_;
  ioloop::IOLoop loop_;
  const std::size_t memory_before_;
  Ledger ledger_;
  Trace trace_;
  std::vector<std::unique_ptr<Wire>> wires_;
  std::vector<std::unique_ptr<Client>> clients_;
  struct Fetch {
    Expected expected;
    Future<httpclient::HTTPResponse> response;
  };
  std::vector<Fetch> fetches_;
  std::uint64_t last_id_ = 0;
  std::size_t requests_ = 0;
};

void World::check_bytes() {
  if (trace_.events() % 32 != 0) return;
  const std::size_t bound = kBytesAlways + wires_.size() * kBytesPerConnection;
  if (test::allocated() > memory_before_ + bound) ledger_.violate("too much memory is in use");
}

template <class Condition>
bool World::until(Condition condition) {
  const double end = loop_.time() + kPatience;
  bool met = false;
  loop_.run_sync([&]() -> Future<void> {
    for (double pause = 0.01; !(met = condition()) && loop_.time() < end;) {
      co_await gen::sleep(pause);
      pause = std::min(pause * 1.1, 10.0);
    }
  });
  return met;
}

Weather World::weather() {
  Weather weather;
  weather.delay = random_.chance(50) ? 0.01 : random_.seconds(3);
  weather.piece = random_.chance(20) ? 1 + random_.below(1000) : 20'000;
  if (random_.chance(30)) {
    weather.stall = 5;
    weather.stall_seconds = random_.chance(50) ? 2 : 150;
  }
  if (random_.chance(20)) weather.cut_after = random_.seconds(random_.chance(50) ? 1 : 30);
  return weather;
}

void World::add_wire(int end) {
  const int other = connect_unix(server_path_);
  wires_.push_back(std::make_unique<Wire>(loop_, Random(random_.next()), trace_, wires_.size(),
                                          std::array{end, other}, weather()));
}

void World::add_request(std::deque<Client::Part>& parts, std::vector<Expected>& expected) {
  constexpr std::string_view kHow[] = {"now", "later", "stream", "throw", "late"};
  const std::size_t size = random_.chance(10) ? random_.below(300'000) : random_.below(500);
  const std::string_view how = kHow[random_.below(100) < 90 ? random_.below(3) : random_.below(5)];
  expected.push_back({++last_id_, size, how == "throw" ? 500 : 200});
  const std::string head = " /" + std::to_string(last_id_) + "/" + std::to_string(size) + "/" +
                           std::string(how) + " HTTP/1.1\r\nHost: x\r\n";
  const double after = random_.chance(40) ? 0 : random_.seconds(random_.chance(90) ? 3 : 100);
  if (random_.chance(60)) {
    parts.push_back({after, "GET" + head + "\r\n", 1});
    return;
  }
  const std::string body(random_.below(40'000), 'b');
  const std::string expect = random_.chance(20) ? "Expect: 100-continue\r\n" : "";
  if (random_.chance(50)) {
    parts.push_back({after, "POST" + head + expect +
                                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n"});
    const std::size_t half = body.size() / 2;
    parts.push_back({random_.seconds(1), body.substr(0, half)});
    parts.push_back({random_.seconds(1), body.substr(half), 1});
  } else {
    char size_line[32];
    std::snprintf(size_line, sizeof size_line, "%zx\r\n", body.size());
    parts.push_back({after, "POST" + head + expect + "Transfer-Encoding: chunked\r\n\r\n"});
    const std::string chunk = body.empty() ? "" : size_line + body + "\r\n";
    parts.push_back({random_.seconds(1), chunk + "0\r\n\r\n", 1});
  }
}

void World::add_client() {
  const auto [ours, wire_end] = socket_pair();
  add_wire(wire_end);
  std::deque<Client::Part> parts;
  std::vector<Expected> expected;
  const std::uint64_t count = 1 + random_.below(5);
  for (std::uint64_t i = 0; i < count; ++i) add_request(parts, expected);
  if (random_.chance(10)) {
    parts.push_back({0, "NOT HTTP\r\n\r\n", 1});
    expected.push_back({0, 0, 400});
  } else if (random_.chance(5)) {
    parts.push_back({0, "GET / HTTP/1.1\r\nHo", 1});
    expected.push_back({0, 0, 408});
  }
  requests_ += expected.size();
  clients_.push_back(std::make_unique<Client>(
      loop_, trace_, 1000 + clients_.size(), ours, std::move(parts), std::move(expected),
      random_.chance(10), [this](const std::string& what) { ledger_.violate(what); }));
}

// The framework's client, whose connections go through the network too.
void World::add_fetches(const httpclient::AsyncHTTPClient& client) {
  const std::uint64_t count = random_.below(5);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t size = random_.below(50'000);
    httpclient::HTTPRequest request("http://simulated/" + std::to_string(++last_id_) + "/" +
                                    std::to_string(size) + "/stream");
    request.request_timeout = random_.chance(50) ? 20 : 300;
    fetches_.push_back({{last_id_, size, 200}, client.fetch(std::move(request), false)});
    ++requests_;
  }
}

void World::check_fetches() {
  for (const Fetch& fetch : fetches_) {
    if (fetch.response.exception() != nullptr) continue;
    const httpclient::HTTPResponse response = fetch.response.result();
    if (response.code != 200) continue;
    if (response.headers.get("X-Id") != std::to_string(fetch.expected.id)) {
      ledger_.violate("a fetch got another request's response");
    }
    if (response.body.size() != fetch.expected.size) ledger_.violate("a fetch got half a body");
  }
}

void World::check_ledger() {
  for (const auto& [id, entry] : ledger_.entries) {
    if (entry.finished == 1) continue;
    ledger_.violate("request " + std::to_string(id) + ": on_finish() was called " +
                    std::to_string(entry.finished) + " times");
  }
  if (ledger_.living != 0) ledger_.violate(std::to_string(ledger_.living) + " handlers are left");
}

// Resolves every name to the network's end.
class Everywhere final : public netutil::Resolver {
 public:
  explicit Everywhere(std::string path) : path_(std::move(path)) {}
  Future<std::vector<netutil::Address>> resolve(std::string, std::uint16_t,
                                                netutil::Family) override {
    Future<std::vector<netutil::Address>> found;
    found.set_result({netutil::Address::unix_path(path_)});
    return found;
  }

 private:
  std::string path_;
};

Outcome World::run() {
  web::Settings settings;
  settings.compress_response = random_.chance(20);
  web::Application app({web::url<Answer>(R"(/(\d+)/(\d+)/([a-z]+))", {.ledger = &ledger_})},
                       std::move(settings));
  httpserver::HTTPServer server(app);
  server.add_socket(netutil::bind_unix_socket(server_path_));
  const netutil::Socket entry = netutil::bind_unix_socket(client_path_);
  const auto accept = [&](int fd, std::uint32_t) {
    const int end = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (end >= 0) add_wire(end);
  };
  loop_.add_handler(entry.fileno(), accept, ioloop::IOLoop::READ);
  httpclient::ClientOptions client_options;
  client_options.resolver = std::make_shared<Everywhere>(client_path_);
  const httpclient::AsyncHTTPClient client(httpclient::force_instance, client_options);

  const std::uint64_t count = 1 + random_.below(20);
  for (std::uint64_t i = 0; i < count; ++i) add_client();
  add_fetches(client);
  const auto over = [&] {
    for (const auto& one : clients_) {
      if (!one->over()) return false;
    }
    for (const Fetch& fetch : fetches_) {
      if (!fetch.response.done()) return false;
    }
    return true;
  };
  if (!until(over)) ledger_.violate("a request is neither answered nor its connection closed");
  Outcome outcome;
  if (over()) check_fetches();
  client.close();
  loop_.remove_handler(entry.fileno());
  server.stop();
  for (const auto& wire : wires_) wire->cut();
  if (!until([&] { return server.connection_count() == 0 && ledger_.living == 0; })) {
    ledger_.violate(std::to_string(server.connection_count()) + " connections are left");
  }
  check_ledger();
  for (const auto& one : clients_) outcome.answered += one->answered();
  outcome.violation = ledger_.violation;
  outcome.hash = trace_.hash();
  outcome.events = trace_.events();
  outcome.requests = requests_;
  return outcome;
}

// ---- all seeds ----------------------------------------------------------------------------------

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct Quiet {
  bool operator()(const log::Record&) const { return true; }
};

char running[64] = "none";

void name_the_seed(int signal) {
  static_cast<void>(::write(STDOUT_FILENO, running, std::char_traits<char>::length(running)));
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

Outcome run_once(std::uint64_t seed, const std::string& folder, Defect planted) {
  const std::size_t descriptors = open_descriptors();
  std::snprintf(running, sizeof running, "FAILED: seed %llu crashed\n",
                static_cast<unsigned long long>(seed));
  Outcome outcome = World(seed, folder, planted).run();
  if (outcome.violation.empty() && open_descriptors() != descriptors) {
    outcome.violation = std::to_string(open_descriptors()) + " descriptors are open, " +
                        std::to_string(descriptors) + " were";
  }
  return outcome;
}

Outcome run_seed(std::uint64_t seed, const std::string& folder, Defect planted = Defect::kNone) {
  Outcome outcome = run_once(seed, folder, planted);
  if (seed % 8 == 0 && outcome.violation.empty() &&
      run_once(seed, folder, planted).hash != outcome.hash) {
    outcome.violation = "it went another way the second time";
  }
  return outcome;
}

int prove(const std::string& folder) {
  struct Proof {
    Defect defect;
    std::string_view noticed;
  };
  constexpr Proof kProofs[] = {
      {Defect::kId, "responses out of order"},
      {Defect::kBody, "a body of the wrong size"},
      {Defect::kSilence, "a request is neither answered nor its connection closed"},
      {Defect::kMemory, "too much memory is in use"},
      {Defect::kDescriptor, "descriptors are open"},
      {Defect::kChance, "it went another way the second time"},
  };
  int missed = 0;
  for (const Proof& proof : kProofs) {
    const Outcome outcome = run_seed(8, folder, proof.defect);
    const bool noticed = outcome.violation.find(proof.noticed) != std::string::npos;
    missed += noticed ? 0 : 1;
    std::printf("%s: %s\n", noticed ? "noticed" : "FAILED: not noticed", proof.noticed.data());
    if (Answer::left_open >= 0) ::close(std::exchange(Answer::left_open, -1));
  }
  return missed == 0 ? 0 : 1;
}

int run_all(std::uint64_t first, std::uint64_t seeds, const std::string& folder) {
  Outcome sum;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const Outcome outcome = run_seed(seed, folder);
    if (!outcome.violation.empty()) {
      ++failures;
      std::printf("FAILED: seed %llu: %s\n", static_cast<unsigned long long>(seed),
                  outcome.violation.c_str());
    }
    sum.events += outcome.events;
    sum.requests += outcome.requests;
    sum.answered += outcome.answered;
    if ((seed - first + 1) % 500 == 0) {
      std::printf("%llu of %llu seeds\n", static_cast<unsigned long long>(seed - first + 1),
                  static_cast<unsigned long long>(seeds));
    }
    std::fflush(stdout);
  }
  std::printf("%llu seeds, %llu events, %zu requests, %zu answered, %llu failed\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(sum.events),
              sum.requests, sum.answered, static_cast<unsigned long long>(failures));
  return failures == 0 && sum.answered > 0 ? 0 : 1;
}

}  // namespace
}  // namespace simulation

int main(int argc, char** argv) {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  bool proving = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [word](std::uint64_t& to) {
      const auto end = word.data() + word.size();
      const auto result = std::from_chars(word.data() + 8, end, to);
      return word.size() > 8 && result.ec == std::errc() && result.ptr == end;
    };
    if (word == "--prove") {
      proving = true;
    } else if (!(word.starts_with("--first=") && number(first)) &&
               !(word.starts_with("--seeds=") && number(seeds))) {
      std::fprintf(stderr, "usage: simulation [--seeds=N] [--first=SEED] | --prove\n");
      return 2;
    }
  }
  const tornado::log::Capture<simulation::Quiet> quiet{simulation::Quiet()};
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) {
    std::signal(signal, &simulation::name_the_seed);
  }
  std::string folder = std::filesystem::temp_directory_path() / "tornado-simulation-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::perror("mkdtemp");
    return 1;
  }
  const int result =
      proving ? simulation::prove(folder) : simulation::run_all(first, seeds, folder);
  std::filesystem::remove_all(folder);
  return result;
}
