#include "experiment.h"

#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/locks.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "race.h"

using namespace tornado;

namespace course {
namespace {

// ---- the handlers -------------------------------------------------------------------------------

struct AskedHandler : web::RequestHandler {
  struct Init {
    Experiment* experiment;
    std::shared_ptr<locks::Condition> news;
  };
  void initialize(const Init& init) {
    experiment_ = init.experiment;
    news = init.news;
  }
  void prepare() {
    if (!experiment_->answers(get_argument("key", ""))) throw web::HTTPError(403);
  }

  std::shared_ptr<locks::Condition> news;  // of all handlers of the application

 private:
  Experiment* experiment_ = nullptr;
};

long milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::round<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)
      .count();
}

// [handlers]
struct SlowHandler : AskedHandler {
  Future<void> get() {
    co_await gen::sleep(kSlowSeconds);
    write("slow");
  }
};

struct BlockHandler : AskedHandler {
  void get() {
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(kBlockMs));  // nobody else is served
    write(std::to_string(milliseconds_since(start)));
  }
};

struct PoolHandler : AskedHandler {
  Future<void> get() {
    auto sleeping = ioloop::IOLoop::current().run_in_executor(
        nullptr, [] { std::this_thread::sleep_for(std::chrono::milliseconds(kBlockMs)); });
    co_await sleeping;
    write("done in the pool");
  }
};

struct PollHandler : AskedHandler {
  Future<void> get() {
    auto waiting = news->wait(std::chrono::seconds(20));
    const bool told = co_await waiting;
    write(told ? "news" : "nothing new");
  }
};

struct NewsHandler : AskedHandler {
  void get() {
    news->notify_all();
    write("told");
  }
};
// [/handlers]

// Like the handlers of the other two servers in the race (race.cc), but it waits without a thread.
struct RacingHandler : AskedHandler {
  Future<void> get() {
    co_await gen::sleep(kRaceMs / 1000.0);
    write(std::to_string(::gettid()));
  }
};

// ---- the client ---------------------------------------------------------------------------------

// The client's side of an experiment, on the client's thread.
struct Asking {
  httpclient::AsyncHTTPClient client;
  std::string prefix;
  std::string query;
  Experiment::Listener listener;
  double start = 0;
  std::vector<Arrival> arrivals;
};

Future<void> ask_one(Asking* asking, std::size_t which, Requests wanted) {
  httpclient::HTTPRequest request("http://127.0.0.1:" + std::to_string(wanted.port) +
                                  asking->prefix + wanted.path + asking->query);
  request.request_timeout = 20.0;
  const auto response = co_await asking->client.fetch(std::move(request), false);
  asking->arrivals.push_back({which, ioloop::IOLoop::current().time() - asking->start,
                              response.code != 200, std::string(response.body)});
  asking->listener(asking->arrivals.back());
}

Future<void> ask(Asking* asking, std::size_t which, Requests wanted) {
  if (wanted.after > 0) co_await gen::sleep(wanted.after);
  std::vector<Future<void>> all;
  for (int i = 0; i < std::min(wanted.count, kMostRequests); ++i) {
    all.push_back(ask_one(asking, which, wanted));
  }
  const auto done = gen::multi(std::move(all));
  co_await done;
}

std::vector<Arrival> ask_all(const std::vector<Requests>& requests, const std::string& prefix,
                             const std::string& query, Experiment::Listener listener) {
  ioloop::IOLoop loop;
  httpclient::ClientOptions options;
  options.max_clients = kMostRequests;
  Asking asking{httpclient::AsyncHTTPClient(httpclient::ForceInstance(), options),
                prefix,
                query,
                std::move(listener),
                loop.time(),
                {}};
  loop.run_sync([&]() {
    std::vector<Future<void>> all;
    for (std::size_t i = 0; i < requests.size(); ++i) all.push_back(ask(&asking, i, requests[i]));
    return gen::multi(std::move(all));
  });
  asking.client.close();
  return std::move(asking.arrivals);
}

}  // namespace

Experiment::~Experiment() {
  if (client_.joinable()) client_.join();
}

std::optional<std::vector<Requests>> Experiment::named(const std::string& name) {
  if (name == "slow") return std::vector<Requests>{{"/asked/slow", 64, 0}};
  if (name == "block") return std::vector<Requests>{{"/asked/block", 1, 0}};
  if (name == "pool") return std::vector<Requests>{{"/asked/pool", 1, 0}};
  if (name == "poll") {
    return std::vector<Requests>{{"/asked/poll", 64, 0}, {"/asked/news", 1, kNewsAfter}};
  }
  if (name == "both") {
    return std::vector<Requests>{{"/asked/slow", 64, 0}, {"/asked/block", 1, 0.3}};
  }
  return std::nullopt;
}

Future<std::vector<Arrival>> Experiment::run(std::vector<Requests> requests, int port,
                                             std::string prefix, Listener listener) {
  running_ = true;
  if (client_.joinable()) client_.join();
  std::random_device random;
  key_ = (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
  for (Requests& one : requests) {
    if (one.port == 0) one.port = port;
  }
  Future<std::vector<Arrival>> ended;
  auto& site = ioloop::IOLoop::current();
  Listener to_site = [&site, listener = std::move(listener)](const Arrival& arrival) {
    if (listener) site.add_callback([listener, arrival] { listener(arrival); });
  };
  client_ = std::thread([requests = std::move(requests), prefix, ended, to_site, &site,
                         query = "?key=" + std::to_string(key_)] {
    std::vector<Arrival> arrivals;
    try {
      arrivals = ask_all(requests, prefix, query, to_site);
    } catch (const std::exception&) {
      arrivals.assign(1, {.failed = true, .body = ""});
    }
    site.add_callback([ended, arrivals] { ended.set_result(arrivals); });
  });
  const std::vector<Arrival> arrivals = co_await ended;
  key_ = 0;
  running_ = false;
  co_return arrivals;
}

bool Experiment::answers(const std::string& key) const {
  const std::uint64_t now = key_;
  return now != 0 && key == std::to_string(now);
}

std::vector<web::URLSpec> asked_routes(Experiment* experiment, const std::string& prefix) {
  const AskedHandler::Init init{.experiment = experiment,
                                .news = std::make_shared<locks::Condition>()};
  return {
      web::url<SlowHandler>(prefix + "/asked/slow", init),
      web::url<BlockHandler>(prefix + "/asked/block", init),
      web::url<PoolHandler>(prefix + "/asked/pool", init),
      web::url<PollHandler>(prefix + "/asked/poll", init),
      web::url<NewsHandler>(prefix + "/asked/news", init),
      web::url<RacingHandler>(prefix + "/asked/racing", init),
  };
}

}  // namespace course
