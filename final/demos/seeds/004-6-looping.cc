// Text 004, 6: a loop that awaits. Python 2 had no asynchronous for; in C++ a queue or a cursor
// that can end returns an optional.
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/queues.h>

#include <cstdio>

#include "errand.h"
#include "seeds.h"

using namespace tornado;

namespace {

// [loop]
Future<void> produce(queues::Queue<std::string>* rows) {
  for (const char* name : {"ada", "bob", "eve"}) {
    std::string row = co_await seeds::errand(name, 1);
    co_await rows->put(std::move(row));
  }
  rows->shutdown();
}

Future<void> loop_over_rows() {
  queues::Queue<std::string> rows(1);
  auto producer = produce(&rows);
  while (auto row = co_await rows.next()) std::printf("row: %s\n", row->c_str());
  co_await producer;
  std::puts("no more rows");
}
// [/loop]

}  // namespace

void seeds::looping(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  ioloop::IOLoop::current().run_sync(loop_over_rows);
}
