// Measures how long it takes to find a route after many others.  routes [us]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "06-request-handler/request_handler.h"
#include "06-request-handler/url_spec.h"

namespace {

// [search]
// Returns the index of the first route that matches `path`, found as Application does it.
std::size_t find(const std::vector<mini::URLSpec>& routes, const std::string& path) {
  std::size_t index = 0;
  while (index < routes.size() && !routes[index].match(path)) ++index;
  return index;
}
// [/search]

std::vector<mini::URLSpec> some_routes(std::size_t count) {
  std::vector<mini::URLSpec> routes;
  for (std::size_t i = 0; i < count; ++i) {
    routes.push_back(mini::url<mini::RequestHandler>("/r" + std::to_string(i) + "/([0-9]+)"));
  }
  return routes;
}

// Returns the best of five tries: anything else that the machine does only adds to them.
double microseconds_each(const std::vector<mini::URLSpec>& routes, const std::string& path) {
  const std::size_t times = 20'000 / routes.size();
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t n = 0; n < times; ++n) {
      if (find(routes, path) + 1 != routes.size()) return 0;
    }
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / static_cast<double>(times));
  }
  return best;
}

double last_of(std::size_t count) {
  return microseconds_each(some_routes(count), "/r" + std::to_string(count - 1) + "/7");
}

}  // namespace

int main(int argc, char** argv) {
  const bool absolute = argc > 1 && std::string(argv[1]) == "us";
  const double unit = absolute ? 1 : last_of(10);
  const char* const what = absolute ? "us" : "times as long as the last of 10";
  for (const std::size_t count : {1u, 10u, 100u, 1000u}) {
    if (!absolute && count <= 10) continue;
    std::printf("the last of %4zu routes: %.1f %s\n", count, last_of(count) / unit, what);
  }
}
