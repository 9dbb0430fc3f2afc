#include "03-ioloop/periodic_callback.h"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace mini {

// [state]
struct PeriodicCallback::State {
  IOLoop& loop;
  const Callback callback;
  const double period;  // seconds
  double next = 0;      // when the next call is due
  bool running = false;
  Timeout timeout{};

  static void schedule(const std::shared_ptr<State>& state) {
    state->next = next_multiple(state->next, state->period, state->loop.time());
    state->timeout =
        state->loop.call_later(state->next - state->loop.time(), [state] { call(state); });
  }

  // The callback may destroy its object. The state stays: this call holds it.
  static void call(const std::shared_ptr<State>& state) {
    state->timeout = {};
    IOLoop::run_callback(state->callback);
    const bool restarted = state->timeout.number != 0;  // stop() and start() by the callback
    if (state->running && !restarted) schedule(state);
  }
};
// [/state]

PeriodicCallback::PeriodicCallback(IOLoop& loop, Callback callback, double milliseconds) {
  if (!(milliseconds > 0)) throw std::invalid_argument("a period must be positive");
  state_ = std::make_shared<State>(loop, std::move(callback), milliseconds / 1000);
}

void PeriodicCallback::start() {
  if (state_->running) return;
  state_->running = true;
  state_->next = state_->loop.time();
  State::schedule(state_);
}

void PeriodicCallback::stop() {
  state_->running = false;
  state_->loop.remove_timeout(state_->timeout);
}

bool PeriodicCallback::is_running() const {
  return state_->running;
}

// [next]
double next_multiple(double last, double period, double now) {
  return last + (std::floor(std::fmax(now - last, 0) / period) + 1) * period;
}
// [/next]

}  // namespace mini
