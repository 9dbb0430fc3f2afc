// Text 002, 4: the four shapes of an asynchronous interface that the text names: a callback as an
// argument, a placeholder, delivery to a queue, a registry of callbacks (signals).
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/queues.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "seeds.h"

using namespace tornado;

namespace {

constexpr double kMoment = 0.01;

// 1. The caller passes the code that will handle the result.
template <class Callback>
void answer_to_callback(Callback callback) {
  ioloop::IOLoop::current().call_later(kMoment, [callback] { callback("a callback"); });
}

// 2. The caller gets an object that will hold the result.
Future<std::string> answer_as_future() {
  co_await gen::sleep(kMoment);
  co_return "a future";
}

// 3. The result goes to a place where the caller looks when it is ready for it.
void answer_to_queue(queues::Queue<std::string>& queue) {
  ioloop::IOLoop::current().call_later(kMoment, [&queue] { queue.put_nowait("a queue"); });
}

// 4. Those who want the result have registered beforehand, in one place for all.
void answer_to_registry() {
  ioloop::IOLoop::current().call_later(kMoment, [] { std::raise(SIGUSR1); });
}

Future<void> all_four() {
  const auto say = [](const std::string& what) { std::printf("through %s\n", what.c_str()); };

  Future<void> called;
  answer_to_callback([say, called](const std::string& answer) {
    say(answer);
    called.set_result();
  });
  co_await called;

  say(co_await answer_as_future());

  queues::Queue<std::string> queue;
  answer_to_queue(queue);
  say(co_await queue.get());

  Future<void> signalled;
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGUSR1, [say, signalled](int) {
    say("a signal");
    signalled.set_result();
  });
  answer_to_registry();
  co_await signalled;
  loop.remove_signal_handler(SIGUSR1);
}

}  // namespace

void seeds::four_interfaces(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  ioloop::IOLoop::current().run_sync(all_four);
}
