// Internal header. The specimen: an IOLoop with a server, on a thread and a port of its own, made
// to be looked at.
#pragma once

#include <tornado/ioloop.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "loop_view.h"

namespace course {

class Experiment;

// Pauses the specimen's loop: while it is paused, it waits here before its next iteration.
class PausingProbe final : public MarkingProbe {
 public:
  // Any thread.
  void pause();
  void step();  // lets one iteration run
  void resume();

 protected:
  void before_iteration() noexcept override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool paused_ = false;  // guarded by mutex_
  int steps_ = 0;        // guarded by mutex_
};

class Specimen {
 public:
  // Starts the thread, and returns when the server listens.
  explicit Specimen(Experiment* experiment);
  Specimen(const Specimen&) = delete;
  Specimen& operator=(const Specimen&) = delete;
  // Stops the loop and joins the thread.
  ~Specimen();

  PausingProbe probe;
  tornado::ioloop::IOLoop& loop() { return *loop_; }
  int port() const { return port_; }

 private:
  void run(Experiment* experiment);

  std::mutex mutex_;
  std::condition_variable ready_;
  tornado::ioloop::IOLoop* loop_ = nullptr;  // set before the constructor returns, as is port_
  int port_ = 0;
  std::thread thread_;
};

}  // namespace course
