#include "experiment.h"

#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

using namespace tornado;

namespace course {
namespace {

// ---- the handlers -------------------------------------------------------------------------------

struct AskedHandler : web::RequestHandler {
  struct Init {
    Experiment* experiment = nullptr;
  };
  void initialize(const Init& init) { experiment_ = init.experiment; }
  void prepare() {
    if (!experiment_->answers(get_argument("key", ""))) throw web::HTTPError(403);
  }

 private:
  Experiment* experiment_ = nullptr;
};

// [handlers]
struct SlowHandler : AskedHandler {
  Future<void> get() {
    co_await gen::sleep(kSlowSeconds);
    write("slow");
  }
};

struct BlockHandler : AskedHandler {
  void get() {
    std::this_thread::sleep_for(std::chrono::milliseconds(kBlockMs));  // nobody else is served
    write("blocked");
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
// [/handlers]

// ---- the client ---------------------------------------------------------------------------------

// The client's side of an experiment, on the client's thread.
struct Asking {
  httpclient::AsyncHTTPClient client;
  std::string base;
  std::string query;
  double start = 0;
  Outcome outcome;
};

Future<void> ask_one(Asking* asking, std::string path) {
  httpclient::HTTPRequest request(asking->base + path + asking->query);
  request.request_timeout = 20.0;
  const auto response = co_await asking->client.fetch(std::move(request), false);
  if (response.code == 200) {
    asking->outcome.seconds.push_back(ioloop::IOLoop::current().time() - asking->start);
  } else {
    ++asking->outcome.failed;
  }
}

Future<void> ask(Asking* asking, Requests wanted) {
  if (wanted.after > 0) co_await gen::sleep(wanted.after);
  std::vector<Future<void>> all;
  for (int i = 0; i < std::min(wanted.count, kMostRequests); ++i) {
    all.push_back(ask_one(asking, wanted.path));
  }
  const auto done = gen::multi(std::move(all));
  co_await done;
}

Outcome ask_all(const std::vector<Requests>& requests, const std::string& base,
                const std::string& query) {
  ioloop::IOLoop loop;
  httpclient::ClientOptions options;
  options.max_clients = kMostRequests;
  Asking asking{httpclient::AsyncHTTPClient(httpclient::ForceInstance(), options),
                base,
                query,
                loop.time(),
                {}};
  loop.run_sync([&]() {
    std::vector<Future<void>> all;
    for (const Requests& wanted : requests) all.push_back(ask(&asking, wanted));
    return gen::multi(std::move(all));
  });
  asking.client.close();
  return asking.outcome;
}

}  // namespace

Experiment::~Experiment() {
  if (client_.joinable()) client_.join();
}

std::optional<std::vector<Requests>> Experiment::named(const std::string& name) {
  if (name == "slow") return std::vector<Requests>{{"/asked/slow", 64, 0}};
  if (name == "block") return std::vector<Requests>{{"/asked/block", 1, 0}};
  if (name == "pool") return std::vector<Requests>{{"/asked/pool", 1, 0}};
  if (name == "both") {
    return std::vector<Requests>{{"/asked/slow", 64, 0}, {"/asked/block", 1, 0.3}};
  }
  return std::nullopt;
}

Future<Outcome> Experiment::run(std::vector<Requests> requests, int port, std::string prefix) {
  running_ = true;
  if (client_.joinable()) client_.join();
  std::random_device random;
  key_ = (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
  Future<Outcome> arrived;
  auto& site = ioloop::IOLoop::current();
  const std::string base = "http://127.0.0.1:" + std::to_string(port) + prefix;
  client_ = std::thread([requests = std::move(requests), base, arrived, &site,
                         query = "?key=" + std::to_string(key_)] {
    Outcome outcome;
    try {
      outcome = ask_all(requests, base, query);
    } catch (const std::exception&) {
      outcome.failed = kMostRequests;
    }
    site.add_callback([arrived, outcome] { arrived.set_result(outcome); });
  });
  const Outcome outcome = co_await arrived;
  key_ = 0;
  running_ = false;
  co_return outcome;
}

bool Experiment::answers(const std::string& key) const {
  const std::uint64_t now = key_;
  return now != 0 && key == std::to_string(now);
}

std::vector<web::URLSpec> asked_routes(Experiment* experiment, const std::string& prefix) {
  const AskedHandler::Init init{.experiment = experiment};
  return {
      web::url<SlowHandler>(prefix + "/asked/slow", init),
      web::url<BlockHandler>(prefix + "/asked/block", init),
      web::url<PoolHandler>(prefix + "/asked/pool", init),
  };
}

}  // namespace course
