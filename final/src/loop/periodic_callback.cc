#include <tornado/ioloop.h>

#include <cmath>
#include <random>

namespace tornado::ioloop {

// Shared by the object and its timer, so that a callback may destroy the PeriodicCallback it
// belongs to.
struct PeriodicCallback::State : std::enable_shared_from_this<PeriodicCallback::State> {
  std::shared_ptr<detail::RepeatedCallback> callback;
  double period;  // seconds
  double jitter;
  IOLoop* loop = nullptr;  // while running
  double next = 0;
  Timeout timer;

  void schedule() {
    const double now = loop->time();
    double step = period;
    if (jitter > 0) {
      static thread_local std::minstd_rand random{std::random_device{}()};
      step *= 1 + jitter * (std::uniform_real_distribution<double>(0, 1)(random) - 0.5);
    }
    if (next <= now) {
      // Late: the next multiple of the period that is still to come.
      next += (std::floor((now - next) / step) + 1) * step;
    } else {
      // The clock went backwards; one period on keeps the rhythm.
      next += step;
    }
    timer = loop->call_at(next, [self = shared_from_this()] { self->fire(); });
  }

  void fire() {
    IOLoop* at_start = loop;
    callback->call().add_done_callback([self = shared_from_this(), at_start](Future<void>) {
      if (self->loop == at_start && self->loop != nullptr) self->schedule();
    });
  }

  void stop() {
    if (loop == nullptr) return;
    loop->remove_timeout(timer);
    loop = nullptr;
  }
};

PeriodicCallback::PeriodicCallback(std::shared_ptr<detail::RepeatedCallback> callback,
                                   double callback_time_ms, double jitter)
    : state_(std::make_shared<State>()) {
  if (!(callback_time_ms > 0)) {
    throw std::invalid_argument("Periodic callback must have a positive callback_time");
  }
  state_->callback = std::move(callback);
  state_->period = callback_time_ms / 1e3;
  state_->jitter = jitter;
}

PeriodicCallback::~PeriodicCallback() {
  state_->stop();
}

void PeriodicCallback::start() {
  if (state_->loop != nullptr) return;
  state_->loop = &IOLoop::current();
  state_->next = state_->loop->time();
  state_->schedule();
}

void PeriodicCallback::stop() {
  state_->stop();
}

bool PeriodicCallback::is_running() const noexcept {
  return state_->loop != nullptr;
}

}  // namespace tornado::ioloop
