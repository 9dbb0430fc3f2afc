#include "specimen.h"

#include <tornado/httpserver.h>
#include <tornado/web.h>

#include <utility>

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
    steps_ = 1;
  }
  changed_.notify_one();
}

void PausingProbe::resume() {
  {
    const std::lock_guard lock(mutex_);
    paused_ = false;
  }
  changed_.notify_one();
}

void PausingProbe::before_iteration() noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !paused_ || steps_ > 0; });
  steps_ = 0;
}

Specimen::Specimen(Experiment* experiment) : thread_([this, experiment] { run(experiment); }) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return loop_ != nullptr; });
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
