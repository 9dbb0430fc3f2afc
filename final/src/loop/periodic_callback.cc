#include <tornado/ioloop.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "loop/loop_state.h"

namespace tornado::ioloop {

using core::Ref;

// Shared by the object and its timer, so that a callback may destroy its own PeriodicCallback.
struct PeriodicCallback::State : core::Counted {
  Ref<core::RepeatedCallback> callback;
  double period = 0;  // seconds
  double jitter = 0;
  // The run of the current start(); null when stopped. A run that an earlier start() left behind
  // compares itself with this, and ends.
  Run* run = nullptr;

  void stop();
};

// One start(). Owned by whatever continues it: the timer, or the end of the call. If that is
// dropped because the loop closes, the run is over.
struct PeriodicCallback::Run : core::Counted {
  Run(State* of, IOLoop& on) : state(of), loop(on), next(on.time()) {}
  ~Run() override {
    if (current()) state->run = nullptr;
  }

  bool current() const noexcept { return state->run == this; }

  void schedule() {
    const double now = loop.time();
    double step = state->period;
    if (state->jitter > 0) {
      static thread_local std::minstd_rand random{std::random_device{}()};
      std::uniform_real_distribution<double> between(-0.5, 0.5);
      step *= 1 + state->jitter * between(random);
    }
    if (next <= now) {
      // Late: skip to the next multiple of the period that is still to come.
      next += (std::floor((now - next) / step) + 1) * step;
    } else {
      // The clock went backwards: one more period keeps the rhythm.
      next += step;
    }
    timer = loop.call_at(next, [self = Ref<Run>(this)] { self->fire(); });
  }

  void fire() {
    detail::call_and_report(*state->callback)
        .add_done_callback([self = Ref<Run>(this)](const auto&) {
          if (self->current()) self->schedule();
        });
  }

  const Ref<State> state;
  IOLoop& loop;  // used only while the timer is pending, or on the loop itself
  double next;
  Timeout timer;
};

void PeriodicCallback::State::stop() {
  if (run == nullptr) return;
  const Ref<Run> last(std::exchange(run, nullptr));
  // A loop that is gone has taken the timer with it.
  if (last->timer.pending()) last->loop.remove_timeout(last->timer);
}

PeriodicCallback::PeriodicCallback(const Ref<core::RepeatedCallback>& callback,
                                   double callback_time_ms, double jitter)
    : state_(new State) {
  if (!(callback_time_ms > 0)) {
    throw std::invalid_argument("Periodic callback must have a positive callback_time, not " +
                                core::format_seconds(callback_time_ms) + " ms");
  }
  if (!(jitter >= 0 && jitter <= 1)) {
    throw std::invalid_argument("Periodic callback must have a jitter between 0 and 1, not " +
                                core::format_seconds(jitter));
  }
  state_->callback = callback;
  state_->period = callback_time_ms / 1e3;
  state_->jitter = jitter;
}

PeriodicCallback::~PeriodicCallback() {
  state_->stop();
}

void PeriodicCallback::start() & {
  if (state_->run != nullptr) return;
  const Ref<Run> run(new Run(state_.get(), IOLoop::current()));
  state_->run = run.get();
  run->schedule();
}

void PeriodicCallback::stop() {
  state_->stop();
}

bool PeriodicCallback::is_running() const noexcept {
  return state_->run != nullptr;
}

}  // namespace tornado::ioloop
