#include "race.h"

#include <unistd.h>

#include <chrono>
#include <string>

namespace course {
namespace {

mini::Handler blocking_handler(const Experiment* experiment) {
  return [experiment](const mini::Request& request) -> mini::Response {
    if (!experiment->answers(request.argument("key"))) return {.status = 403, .body = ""};
    std::this_thread::sleep_for(std::chrono::milliseconds(kRaceMs));
    return {.status = 200, .body = std::to_string(::gettid())};
  };
}

}  // namespace

RaceServers::RaceServers(const Experiment* experiment)
    : one_(mini::Socket::listen(0), blocking_handler(experiment)),
      each_(mini::Socket::listen(0), blocking_handler(experiment)) {
  threads_.emplace_back([this] { one_.run(); });
  threads_.emplace_back([this] { each_.run(); });
}

RaceServers::~RaceServers() {
  stop();
}

void RaceServers::stop() {
  one_.stop();
  each_.stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<Requests> RaceServers::requests() const {
  return {{.path = "/racing", .count = kRacers, .port = one_.port()},
          {.path = "/racing", .count = kRacers, .port = each_.port()},
          {.path = "/asked/racing", .count = kRacers}};
}

}  // namespace course
