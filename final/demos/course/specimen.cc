#include "specimen.h"

#include <tornado/httpserver.h>
#include <tornado/web.h>

#include <chrono>

#include "experiment.h"

using namespace tornado;

namespace course {

void PausingProbe::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
}

void PausingProbe::step() {
  {
    const std::lock_guard lock(mutex_);
    may_step_ = true;
  }
  changed_.notify_all();
}

void PausingProbe::resume() {
  {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    may_step_ = false;
  }
  changed_.notify_all();
}

bool PausingProbe::is_standing() {
  const std::lock_guard lock(mutex_);
  return standing_;
}

template <class Condition>
std::optional<std::uint32_t> PausingProbe::wait_until(Condition condition,
                                                      const std::uint32_t& number) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(5), condition)) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> PausingProbe::wait_until_standing() {
  return wait_until([this] { return standing_; }, next_);
}

std::optional<std::uint32_t> PausingProbe::wait_until_stepped() {
  return wait_until([this] { return !may_step_; }, begun_);
}

void PausingProbe::before_iteration(std::uint32_t number) noexcept {
  std::unique_lock lock(mutex_);
  next_ = number;
  standing_ = paused_ && !may_step_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !paused_ || may_step_; });
  standing_ = false;
  may_step_ = false;
  begun_ = number;
  changed_.notify_all();
}

Specimen::Specimen(Experiment* experiment) : thread_([this, experiment] { run(experiment); }) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return loop_ != nullptr; });
}

// A loop that is asleep comes to its next iteration.
void Specimen::wake() {
  loop_->add_callback([] {});
}

std::optional<std::uint32_t> Specimen::pause() {
  probe.pause();
  if (!probe.is_standing()) wake();
  return probe.wait_until_standing();
}

std::optional<std::uint32_t> Specimen::step() {
  if (!probe.is_standing()) wake();
  probe.step();
  return probe.wait_until_stepped();
}

Specimen::~Specimen() {
  probe.resume();
  loop_->stop();
  thread_.join();
}

void Specimen::run(Experiment* experiment) {
  ioloop::IOLoop loop;
  web::Application app(asked_routes(experiment, ""));
  auto& server = app.listen(0, "127.0.0.1");
  {
    const std::lock_guard lock(mutex_);
    loop_ = &loop;
    port_ = server.port();
  }
  ready_.notify_one();
  loop.start();
}

}  // namespace course
