// A job's life: submit() makes it on the loop's thread and links it into the loop's list; execute()
// hands it to a worker; work() runs there; send_home() posts it to the loop, which delivers and
// frees it. A loop that closes meanwhile takes the future out of the job (abandon), because futures
// belong to its thread; the worker then frees the rest.
#include <tornado/concurrent.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "loop/loop_state.h"
#include "loop/mailbox.h"

namespace tornado::concurrent {

namespace detail {

void Job::run() {
  unlink();
  const std::unique_ptr<Job> self(this);
  deliver();
}

void Job::enlist() {
  auto& state = ioloop::IOLoop::current().internals();
  ioloop::detail::Mailbox::attach(*this, state.mailbox);
  link_before(state.jobs);
}

}  // namespace detail

struct ThreadPoolExecutor::Pool {
  explicit Pool(std::size_t max) : max_workers(max) {}

  const std::size_t max_workers;
  std::mutex mutex;
  std::condition_variable work_there;
  std::deque<std::unique_ptr<detail::Job>> jobs;  // guarded by mutex
  std::size_t idle = 0;                           // guarded by mutex
  bool closing = false;                           // guarded by mutex
  std::vector<std::thread> threads;               // guarded by mutex, but for shutdown()

  void serve() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      work_there.wait(lock, [this] { return closing || !jobs.empty(); });
      --idle;
      if (jobs.empty()) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job->work();
      ioloop::detail::Mailbox::send_home(std::move(job));
      lock.lock();
    }
  }
};

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t max_workers)
    : pool_(std::make_unique<Pool>(max_workers)) {
  if (max_workers == 0) throw std::invalid_argument("max_workers must be greater than 0");
}

ThreadPoolExecutor::~ThreadPoolExecutor() {
  shutdown();
}

void ThreadPoolExecutor::execute(std::unique_ptr<detail::Job> job) {
  const std::lock_guard lock(pool_->mutex);
  if (pool_->closing) {
    throw std::runtime_error("cannot schedule new futures after shutdown");
  }
  pool_->jobs.push_back(std::move(job));
  if (pool_->idle >= pool_->jobs.size()) {
    pool_->work_there.notify_one();
  } else if (pool_->threads.size() < pool_->max_workers) {
    pool_->threads.emplace_back([pool = pool_.get()] { pool->serve(); });
  }
}

void ThreadPoolExecutor::shutdown() {
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->closing = true;
  }
  pool_->work_there.notify_all();
  for (std::thread& thread : pool_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace tornado::concurrent
