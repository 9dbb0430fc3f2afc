// Internal header. The specimen: an IOLoop with a server, on a thread and a port of its own, made
// to be looked at.
#pragma once

#include <tornado/ioloop.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "loop_view.h"

namespace course {

class Experiment;

// Pauses the specimen's loop: while it is paused, it stands here before its next iteration.
class PausingProbe final : public MarkingProbe {
 public:
  // Any thread. pause() and step() return at once: the loop may be asleep.
  void pause();
  void step();  // lets one iteration run
  void resume();
  bool is_standing();
  // Waits until the loop stands, or has begun the iteration that step() allows, and returns that
  // iteration's number. Returns nothing if it takes 5 seconds, as for a loop without its probe.
  std::optional<std::uint32_t> wait_until_standing();
  std::optional<std::uint32_t> wait_until_stepped();

 protected:
  void before_iteration(std::uint32_t number) noexcept override;
  void unwatched() noexcept override { resume(); }

 private:
  template <class Condition>
  std::optional<std::uint32_t> wait_until(Condition condition, const std::uint32_t& number);

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool paused_ = false;
  bool standing_ = false;
  bool may_step_ = false;
  std::uint32_t next_ = 0;   // the last iteration that came here
  std::uint32_t begun_ = 0;  // the last that left here
};

class Specimen {
 public:
  // Starts the thread, and returns when the server listens.
  explicit Specimen(Experiment* experiment);
  Specimen(const Specimen&) = delete;
  Specimen& operator=(const Specimen&) = delete;
  // Stops the loop and joins the thread.
  ~Specimen();

  // Any thread: they block until the loop has done it. They return the number of the iteration
  // before which the loop stands, or that it has run; nothing if nobody watches the loop.
  std::optional<std::uint32_t> pause();
  std::optional<std::uint32_t> step();

  PausingProbe probe;
  tornado::ioloop::IOLoop& loop() { return *loop_; }
  int port() const { return port_; }

 private:
  void run(Experiment* experiment);
  void wake();

  std::mutex mutex_;
  std::condition_variable ready_;
  tornado::ioloop::IOLoop* loop_ = nullptr;  // set before the constructor returns, as is port_
  int port_ = 0;
  std::thread thread_;
};

}  // namespace course
