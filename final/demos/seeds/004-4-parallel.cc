// Text 004, 4: co_await on a vector or a map of futures waits for all of them at once, and returns
// their results in the same shape.
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>
#include <map>
#include <vector>

#include "errand.h"
#include "seeds.h"

using namespace tornado;

namespace {

// [both]
Future<void> both_shapes() {
  std::vector<Future<std::string>> list;
  list.push_back(seeds::errand("slow", 3));
  list.push_back(seeds::errand("quick", 1));
  const std::vector<std::string> results = co_await list;
  std::printf("list: %s, %s\n", results[0].c_str(), results[1].c_str());

  std::map<std::string, Future<std::string>> named;
  named.emplace("a", seeds::errand("apple", 2));
  named.emplace("b", seeds::errand("bread", 1));
  const std::map<std::string, std::string> by_name = co_await named;
  for (const auto& [name, result] : by_name) {
    std::printf("map: %s is %s\n", name.c_str(), result.c_str());
  }
}
// [/both]

}  // namespace

void seeds::parallel(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  ioloop::IOLoop::current().run_sync(both_shapes);
}
