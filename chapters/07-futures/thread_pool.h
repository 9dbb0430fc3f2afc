// Threads for work that blocks (Python: concurrent.futures.ThreadPoolExecutor).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "03-ioloop/ioloop.h"
#include "07-futures/future.h"

namespace mini {

// [pool]
class ThreadPoolExecutor {
 public:
  explicit ThreadPoolExecutor(std::size_t threads);
  // Waits for the running tasks and drops those that have not started. Every loop that submitted a
  // task must outlive the pool.
  ~ThreadPoolExecutor();
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;

  // Runs `function` on one of the threads. Its result, or its exception, completes the future on
  // the caller's loop, so only `function` and the data it uses have to be safe to use there.
  template <class F>
  auto submit(F function) -> Future<std::invoke_result_t<F&>>;

 private:
  void work();
  void enqueue(std::function<void()> task);

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};
// [/pool]

// [submit]
template <class F>
auto ThreadPoolExecutor::submit(F function) -> Future<std::invoke_result_t<F&>> {
  using R = std::invoke_result_t<F&>;
  // [task]
  // Filled in by a pool thread, then read by the loop's thread; never used by both at once.
  struct Task {
    F function;
    Future<R> future;
    std::optional<typename FutureState<R>::Value> value;
    std::exception_ptr error;
  };
  auto task = std::make_shared<Task>(Task{std::move(function), {}, {}, {}});
  const Future<R> future = task->future;
  auto deliver = [task] {
    if (task->error) {
      task->future.set_exception(task->error);
    } else {
      task->future.set_result(std::move(*task->value));
    }
  };
  // [/task]
  // [run]
  enqueue(
      [task = std::move(task), deliver = std::move(deliver), &loop = IOLoop::current()]() mutable {
        try {
          if constexpr (std::is_void_v<R>) {
            task->function();
            task->value.emplace();
          } else {
            task->value.emplace(task->function());
          }
        } catch (...) {
          task->error = std::current_exception();
        }
        task.reset();  // from here on only the loop holds it, so its callbacks are freed there
        loop.add_callback(std::move(deliver));
      });
  // [/run]
  return future;
}
// [/submit]

}  // namespace mini
