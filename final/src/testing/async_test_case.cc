#include <tornado/testing.h>

#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "loop/error_text.h"
#include "loop/loop_state.h"
#include "testing/test_clock.h"

namespace tornado::testing {
namespace {

ioloop::IOLoopOptions loop_options(ioloop::Clock* clock) {
  ioloop::IOLoopOptions options;
  options.clock = clock;
  options.make_current = ioloop::MakeCurrent::kNo;
  return options;
}

// Returns whether anything is left to run that need not wait for anything.
bool busy(const ioloop::detail::LoopState& loop) {
  return !loop.callbacks.empty() || !loop.ready.empty() || !loop.flushes.empty() ||
         loop.mailbox->has_mail();
}

// Lists handlers and timers in words. Empty if there are none.
std::string leftovers(ioloop::detail::LoopState& loop) {
  std::string handlers;
  const int own = loop.mailbox->fd();
  for (int fd = 0; fd < static_cast<int>(loop.registrations.size()); ++fd) {
    if (fd == own || !loop.registered(fd)) continue;
    handlers += (handlers.empty() ? "handlers of descriptors " : ", ") + std::to_string(fd);
  }
  const std::size_t timers = loop.timers.size();
  if (timers == 0) return handlers;
  if (!handlers.empty()) handlers += " and ";
  return handlers + std::to_string(timers) + (timers == 1 ? " timer" : " timers");
}

}  // namespace

double get_async_test_timeout() {
  constexpr double kDefault = 5;
  const char* text = std::getenv("ASYNC_TEST_TIMEOUT");
  if (text == nullptr) return kDefault;
  char* end = nullptr;
  const double seconds = std::strtod(text, &end);
  return end != text && *end == '\0' ? seconds : kDefault;
}

std::pair<netutil::Socket, std::uint16_t> bind_unused_port(bool reuse_port,
                                                           const std::string& address) {
  netutil::BindOptions options;
  options.family = netutil::Family::kInet;
  options.reuse_port = reuse_port;
  auto sockets = netutil::bind_sockets(0, address, options);
  const std::uint16_t port = sockets.front().getsockname().port();
  return {std::move(sockets.front()), port};
}

// ---- the inside ---------------------------------------------------------------------------------

struct AsyncTestCase::State {
  explicit State(Time time)
      : virtual_time(time == Time::kVirtual),
        before(ioloop::IOLoop::current(false)),
        loop(loop_options(virtual_time ? &clock : nullptr)),
        capture(Hook{this}) {
    loop.make_current();
  }
  ~State() {
    ioloop::IOLoop::clear_current();
    if (before != nullptr) before->make_current();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Takes the records that report an exception nobody has handled. An ExpectLog is newer, and sees
  // them first.
  struct Hook {
    bool operator()(const log::Record& record) const {
      if (record.logger != log::app_log.name()) return false;
      if (!record.message.starts_with(kExceptionInCallback) &&
          !record.message.starts_with(kNeverRetrieved)) {
        return false;
      }
      const std::lock_guard lock(state->mutex);
      state->failures.emplace_back(record.message);
      if (state->waiting) state->loop.stop();
      return true;
    }
    State* state;
  };

  std::string take_failure() {
    const std::lock_guard lock(mutex);
    if (failures.empty()) return {};
    std::string first = std::move(failures.front());
    failures.erase(failures.begin());
    return first;
  }
  void set_waiting(bool on) {
    const std::lock_guard lock(mutex);
    waiting = on;
  }

  void settle();
  void cancel_waits();

  const bool virtual_time;
  TestClock clock;
  ioloop::IOLoop* before;
  ioloop::IOLoop loop;

  bool stopped = false;
  std::shared_ptr<void> value;  // the value given to stop()
  const void* type = nullptr;
  bool torn_down = false;
  bool may_leave = false;

  std::mutex mutex;                   // records come from any thread
  std::vector<std::string> failures;  // guarded by mutex
  bool waiting = false;               // guarded by mutex
  log::Capture<Hook> capture;         // last: its hook uses the others
};

// Runs what is ready, and whatever that makes ready. Bounded, because callbacks may call each other
// for ever.
void AsyncTestCase::State::settle() {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    loop.internals().stop_requested = false;  // from a stop() that nobody has used
    loop.run_sync([] {});
    if (round > 0 && !busy(loop.internals())) return;
  }
}

void AsyncTestCase::State::cancel_waits() {
  std::size_t count = 0;
  const core::ListHook& all = loop.internals().suspended;
  for (auto* hook = all.next(); hook != &all; hook = hook->next()) ++count;
  // One at a time, because its end may also end coroutines that wait for it, or that it waits for.
  for (; count > 0 && loop.internals().cancel_oldest_wait(); --count) settle();
}

// ---- life ---------------------------------------------------------------------------------------

AsyncTestCase::AsyncTestCase(Time time)
    : state_(std::make_unique<State>(time)), io_loop(state_->loop) {}

AsyncTestCase::~AsyncTestCase() {
  close_loop();
}

void AsyncTestCase::TearDown() {
  state_->torn_down = true;
  state_->settle();
  state_->cancel_waits();
  state_->loop.internals().free_locals();  // the loop's own HTTP client
  state_->settle();
}

void AsyncTestCase::close_loop() {
  if (state_->loop.internals().closed) return;
  if (!HasFailure() && !state_->torn_down) {
    ADD_FAILURE() << "TearDown() was overridden, and AsyncTestCase::TearDown() was not called";
  }
  const std::string left = leftovers(state_->loop.internals());
  state_->loop.close();
  if (!left.empty() && !state_->may_leave && !HasFailure()) {
    ADD_FAILURE() << "the test has left " << left
                  << " on its loop: remove them, or call expect_leftovers()";
  }
  for (std::string text = state_->take_failure(); !text.empty(); text = state_->take_failure()) {
    ADD_FAILURE() << text;
  }
}

void AsyncTestCase::expect_leftovers() {
  state_->may_leave = true;
}

// ---- running ------------------------------------------------------------------------------------

void AsyncTestCase::gen_test(core::Function<Future<void>()> body, core::Seconds timeout) {
  State& state = *state_;
  if (!state.virtual_time || timeout < 0) {
    state.loop.run_sync(std::move(body), timeout);
    return;
  }
  state.clock.limit(timeout);
  struct Lift {
    ~Lift() { clock.lift(); }
    TestClock& clock;
  } const lift{state.clock};
  try {
    state.loop.run_sync(std::move(body), TestClock::kFar);
  } catch (const ioloop::TimeoutError&) {
    if (!state.clock.passed()) throw;
    throw ioloop::TimeoutError("Operation timed out after " + core::format_seconds(timeout) +
                               " seconds");
  }
}

void AsyncTestCase::stop_with(std::shared_ptr<void> value, const void* type) {
  state_->value = std::move(value);
  state_->type = type;
  state_->stopped = true;
  if (state_->loop.running()) state_->loop.stop();
}

std::shared_ptr<void> AsyncTestCase::wait_for_stop(const core::Function<bool()>& condition,
                                                   double timeout, const void* type) {
  State& state = *state_;
  struct Scope {
    explicit Scope(State& waiting) : state(waiting) { state.set_waiting(true); }
    ~Scope() {
      state.set_waiting(false);
      state.clock.lift();
      state.loop.remove_timeout(timer);
    }
    State& state;
    ioloop::Timeout timer;
  } scope(state);
  bool timed_out = false;
  if (timeout > 0) {
    if (state.virtual_time) state.clock.limit(timeout);
    scope.timer = state.loop.call_later(state.virtual_time ? TestClock::kFar : timeout, [&] {
      timed_out = true;
      state.loop.stop();
    });
  }
  while (!state.stopped || (condition && !condition())) {
    state.stopped = false;
    state.loop.start();
    if (std::string failure = state.take_failure(); !failure.empty()) {
      throw std::runtime_error(failure);
    }
    if (timed_out && !state.stopped) {
      throw ioloop::TimeoutError("Async operation timed out after " +
                                 core::format_seconds(timeout) + " seconds");
    }
  }
  state.stopped = false;
  if (type != nullptr && type != state.type) {
    throw std::logic_error("wait<T>(): stop() was not given a T");
  }
  return std::exchange(state.value, nullptr);
}

void AsyncTestCase::advance(core::Seconds seconds) {
  State& state = *state_;
  if (!state.virtual_time) throw std::logic_error("advance(): this test runs in real time");
  if (state.loop.running()) {
    throw std::logic_error("advance() while the loop runs: co_await gen::sleep() instead");
  }
  bool reached = false;
  state.loop.call_later(seconds, [&] {
    reached = true;
    state.loop.stop();
  });
  while (!reached) state.loop.start();
}

}  // namespace tornado::testing
