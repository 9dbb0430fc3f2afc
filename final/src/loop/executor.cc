// A job's life: submit() creates it on the loop's thread and links it into the loop's list;
// execute() hands it to a worker; work() runs there; send_home() posts it to the loop, which
// delivers the result and frees the job. If the loop closes meanwhile, it takes the future out of
// the job (abandon), because futures belong to its thread; the worker then frees the rest.
#include <tornado/concurrent.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "loop/loop_state.h"
#include "loop/mailbox.h"

namespace tornado::concurrent {

using core::Owned;
using core::Ref;

namespace detail {

Job::Job() = default;
Job::~Job() = default;

void Job::work() noexcept {
  if (begun_.exchange(true)) return;
  if (timed_) started_ns_ = ioloop::detail::Recorder::now();
  compute();
  if (!timed_) return;
  ended_ns_ = ioloop::detail::Recorder::now();
  thread_ = static_cast<std::uint32_t>(::gettid());
}

void Job::cancel(core::FutureStateBase& future) {
  if (begun_.exchange(true)) {
    cancelled_ = true;
  } else {
    future.fail_cancelled();
  }
}

void Job::run() {
  unlink();
  const Owned<Job> self(this);
  auto* recorder = ioloop::IOLoop::current().internals().recorder;
  if (recorder != nullptr && ended_ns_ != 0) [[unlikely]]
    recorder->pool_ran(*this, started_ns_, ended_ns_, thread_);
  deliver();
}

void Job::enlist() {
  auto& state = ioloop::IOLoop::current().internals();
  if (state.closed) throw std::runtime_error("cannot schedule new futures: the IOLoop is closed");
  ioloop::detail::Mailbox::attach(*this, state.mailbox);
  link_before(state.jobs);
  if (state.recorder == nullptr) return;
  timed_ = true;
  state.recorder->pool_queued(*this);
}

}  // namespace detail

// Shared by the executor and its threads, because the last task may be the one that destroys the
// executor.
struct ThreadPoolExecutor::Pool final : core::ThreadSafeCounted {
  explicit Pool(std::size_t max) : max_workers(max) {}

  const std::size_t max_workers;
  std::mutex mutex;
  std::condition_variable work_there;
  std::deque<Owned<detail::Job>> jobs;  // guarded by mutex
  std::size_t idle = 0;                 // guarded by mutex
  bool closing = false;                 // guarded by mutex
  std::vector<std::thread> threads;     // guarded by mutex

  void add(Owned<detail::Job> job) {
    const std::lock_guard lock(mutex);
    if (closing) throw std::runtime_error("cannot schedule new futures after shutdown");
    jobs.push_back(std::move(job));
    if (idle >= jobs.size()) {
      work_there.notify_one();
    } else if (threads.size() < max_workers) {
      add_thread();
    }
  }

  // With the mutex held. If a thread cannot be created, the existing workers take the job.
  void add_thread() {
    try {
      threads.emplace_back([pool = Ref<Pool>(this)] { pool->serve(); });
    } catch (const std::system_error&) {
      if (!threads.empty()) return;
      jobs.pop_back();
      throw;
    }
  }

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

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t max_workers) : pool_(new Pool(max_workers)) {
  if (max_workers == 0) throw std::invalid_argument("max_workers must be greater than 0");
}

ThreadPoolExecutor::~ThreadPoolExecutor() {
  shutdown();
}

void ThreadPoolExecutor::execute(Owned<detail::Job> job) {
  pool_->add(std::move(job));
}

void ThreadPoolExecutor::shutdown() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->closing = true;
    threads.swap(pool_->threads);
  }
  pool_->work_there.notify_all();
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();  // it shares the pool, and ends after it returns from here
    } else {
      thread.join();
    }
  }
}

void DummyExecutor::execute(Owned<detail::Job> job) {
  job->work();
  job.release()->run();
}

}  // namespace tornado::concurrent
