// Text 004, 5: a future that is kept instead of awaited makes progress by itself. The next piece
// arrives while the last one is being sent.
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>

#include "errand.h"
#include "seeds.h"

using namespace tornado;

namespace {

Future<std::string> fetch(int number) {
  const std::string piece = "piece " + std::to_string(number);
  std::printf("%s is on its way\n", piece.c_str());
  co_return co_await seeds::errand(piece, 1);
}

Future<void> store(std::string piece) {
  co_await seeds::errand(piece, 2);
  std::printf("%s is stored\n", piece.c_str());
}

Future<void> copy(int pieces) {
  Future<std::string> next = fetch(1);
  for (int number = 1; number <= pieces; ++number) {
    const std::string piece = co_await next;
    if (number < pieces) next = fetch(number + 1);
    co_await store(piece);
  }
}

}  // namespace

void seeds::interleaving(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  ioloop::IOLoop::current().run_sync([] { return copy(3); });
}
