// Lab: a coroutine, and the same function written out the way the compiler rewrites it.  by_hand
#include <coroutine>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "08-coroutines/coroutine.h"

namespace {

using mini::Future;

// [small]
Future<int> add_one(Future<int> number) {
  const int value = co_await number;
  co_return value + 1;
}

// One call of add_one. g++ and clang begin each frame with two pointers like these, and their
// std::coroutine_handle is its address: resume() calls the first one, destroy() the second.
struct Frame {
  void (*on_resume)(Frame*) = [](Frame* frame) { frame->run(); };
  void (*on_destroy)(Frame*) = [](Frame* frame) { delete frame; };
  mini::CoroutinePromise<int> promise;
  Future<int> number;                               // the parameter
  int state = 0;                                    // where the body is to go on
  std::optional<mini::FutureAwaiter<int>> awaiter;  // of the current wait

  explicit Frame(Future<int> parameter) : number(std::move(parameter)) {}
  void run();
};
// [/small]

// [body]
Future<int> add_one_by_hand(Future<int> number) {
  auto* const frame = new Frame(std::move(number));
  Future<int> future = frame->promise.get_return_object();
  frame->run();  // because initial_suspend() says "never"
  return future;
}

void Frame::run() {
  try {
    if (state == 0) {  // called, not resumed
      awaiter.emplace(mini::operator co_await(number));
      if (!awaiter->await_ready()) {
        state = 1;
        return awaiter->await_suspend(std::coroutine_handle<>::from_address(this));
      }
    }
    const int value = awaiter->await_resume();
    promise.return_value(value + 1);
  } catch (...) {
    promise.unhandled_exception();
  }
  delete this;  // because final_suspend() says "never"
}
// [/body]

std::string describe(const Future<int>& future) {
  if (!future.done()) return "pending";
  try {
    return std::to_string(future.result());
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Calls `add` with a value that is there, one that comes later, an exception, and one that never
// comes. The loop frees the frame of the last.
void show(const char* name, Future<int> (*add)(Future<int>)) {
  mini::IOLoop loop;
  const Future<int> ready;
  const Future<int> late;
  const Future<int> bad;
  ready.set_result(1);
  const Future<int> results[] = {add(ready), add(late), add(bad), add(Future<int>())};
  const auto print = [&](const char* when) {
    std::printf("%s, %s:", name, when);
    for (const Future<int>& result : results) std::printf(" %s;", describe(result).c_str());
    std::puts("");
  };
  print("at the call");
  late.set_result(2);
  bad.set_exception(std::make_exception_ptr(std::runtime_error("no luck")));
  loop.add_callback([&loop] { loop.stop(); });
  loop.start();
  print("from the loop");
}

}  // namespace

int main() {
  show("by the compiler", add_one);
  show("by hand", add_one_by_hand);
}
