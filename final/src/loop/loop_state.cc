#include "loop/loop_state.h"

#include <time.h>
#include <tornado/log.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "loop/probe/trace_file.h"
#include "loop/signals.h"

namespace tornado::ioloop::detail {
namespace {

double read_clock(clockid_t id) {
  timespec now{};
  ::clock_gettime(id, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class RealClock final : public Clock {
 public:
  double time() override { return read_clock(CLOCK_MONOTONIC) + offset_; }

 private:
  // Read once, so that the clock is monotonic from here on, whatever happens to the date.
  const double offset_ = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
};

Clock& real_clock() {
  static RealClock clock;
  return clock;
}

std::uint64_t make_tag(int fd, std::uint32_t generation) {
  return static_cast<std::uint64_t>(generation) << 32 | static_cast<std::uint32_t>(fd);
}

void refill_await_budget() {
  core::thread_state.await_budget = core::kAwaitBudget;
}

}  // namespace

Future<void> call_and_report(core::RepeatedCallback& callback) {
  auto future = callback.call();
  const auto report = [](const Future<void>& done) {
    if (const auto exception = done.exception()) {
      core::report_callback_exception(exception);
    }
  };
  if (future.done()) {
    report(future);
  } else {
    future.add_done_callback(report);
  }
  return future;
}

LoopState::LoopState(const IOLoopOptions& options)
    : mailbox(new Mailbox),
      poller(make_poller(options.poller)),
      clock(options.clock != nullptr ? options.clock : &real_clock()),
      clock_is_real(options.clock == nullptr),
      signals(std::make_unique<SignalWatch>()) {
  round_time = clock->time();
  add_registration(mailbox->fd(), waker_, IOLoop::READ);
}

LoopState::~LoopState() {
  set_probe(nullptr);
  if (kept_recorder != nullptr) detail::end_trace(kept_recorder->trace);
}

char* LoopState::scratch() {
  if (scratch_ == nullptr) scratch_ = std::make_unique_for_overwrite<char[]>(kScratchSize);
  return scratch_.get();
}

void LoopState::Waker::handle_events(int /*fd*/, std::uint32_t /*events*/) {
  state_.mailbox->drain();
  state_.signals->deliver();
}

// ---- the iteration, as ioloop.h numbers it ------------------------------------------------------

// [iteration]
void LoopState::run_iteration() {
  if (mailbox->has_mail()) mailbox->collect(callbacks);
  run_callbacks();                      // 1
  run_timers();                         // 2
  run_ready();                          // 3
  flush();                              // 4
  const int timeout = sleep_time_ms();  // 5
  poll_and_dispatch(timeout);           // 6, 7
  free_retired();                       // 8
}
// [/iteration]

// Callbacks catch what their functions throw. This catches the rest, such as an exception from a
// destructor of a coroutine's frame.
void LoopState::run_one(core::Runnable& item, std::uint32_t step) noexcept {
  const RecordedRun recorded(recorder, item, step);
  refill_await_budget();
  try {
    item.run();
  } catch (...) {
    core::report_callback_exception();
  }
}

void LoopState::run_callbacks() {
  if (recorder != nullptr) [[unlikely]]
    recorder->iteration(callbacks.count(), ready.count(), timers.size());
  core::RunQueue batch;
  batch.splice_back(callbacks);
  while (core::Runnable* callback = batch.pop_front()) run_one(*callback, 1);
}

void LoopState::run_timers() {
  if (timers.empty()) return;
  const double now = clock->time();
  if (timers.earliest() > now) return;
  // All timers that are due are taken out before any of them runs. So a callback that sets a new
  // timer for now does not keep the loop here, and one that removes a later timer of the batch
  // still stops it.
  core::Timer* next = timers.pop_due(now);
  while (next != nullptr) {
    const auto timer = core::Ref<core::Timer>::adopt(next);
    next = timer->next_due();
    if (core::Runnable* callback = timer->take()) {
      if (recorder != nullptr) [[unlikely]]
        recorder->timer_fired(*callback, now - timer->deadline());
      run_one(*callback, 2);
    }
  }
}

void LoopState::run_ready() {
  for (int budget = IOLoop::kReadyBudget; budget > 0; --budget) {
    core::Runnable* item = ready.pop_front();
    if (item == nullptr) return;
    run_one(*item, 3);
    if ((budget - 1) % IOLoop::kMaxEvents == 0) flush();  // what they wrote is still in the cache
  }
}

// [flush]
void LoopState::flush() {
  while (core::Runnable* item = flushes.pop_front()) run_one(*item, 4);
  log::flush();
}
// [/flush]

int LoopState::sleep_time_ms() {
  if (stop_requested.load(std::memory_order_relaxed) || !callbacks.empty() || !ready.empty() ||
      !flushes.empty() || mailbox->has_mail()) {
    return 0;
  }
  if (timers.empty()) return -1;
  // Rounded up, because a wait that ends early would have to be repeated.
  const double ms = std::ceil((timers.earliest() - clock->time()) * 1e3);
  return static_cast<int>(std::clamp(ms, 0.0, 3'600'000.0));
}

void LoopState::poll_and_dispatch(int timeout_ms) {
  std::array<PollEvent, IOLoop::kMaxEvents> events;
  int count = 0;
  if (watch != nullptr) watch->end();
  const std::uint64_t asleep = recorder != nullptr ? Recorder::now() : 0;
  if (clock_is_real || timeout_ms <= 0) {
    count = poller->wait(events.data(), IOLoop::kMaxEvents, timeout_ms);
  } else {
    count = poller->wait(events.data(), IOLoop::kMaxEvents, 0);
    if (count == 0 && !clock->skip(timers.earliest() - clock->time())) {
      count = poller->wait(events.data(), IOLoop::kMaxEvents, timeout_ms);
    }
  }
  if (recorder != nullptr) [[unlikely]]
    recorder->sleep(asleep, timeout_ms, count);
  if (watch != nullptr) watch->begin();
  round_time = clock->time();
  for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)]);
}

// [dispatch]
void LoopState::dispatch(const PollEvent& event) {
  const int fd = static_cast<int>(event.tag & std::numeric_limits<std::uint32_t>::max());
  const auto place = static_cast<std::size_t>(fd);
  if (place >= registrations.size()) return;
  const Registration& found = registrations[place];
  if (found.handler == nullptr || make_tag(fd, found.generation) != event.tag) return;
  const RecordedRun recorded(recorder, fd, event.events, *found.handler);
  refill_await_budget();
  try {
    found.handler->handle_events(fd, event.events);
  } catch (...) {
    core::report_callback_exception();
  }
}
// [/dispatch]

void LoopState::free_retired() {
  while (core::Runnable* item = retired.pop_front()) item->run();
}

// ---- registrations ------------------------------------------------------------------------------

bool LoopState::registered(int fd) const noexcept {
  const auto place = static_cast<std::size_t>(fd);
  return fd >= 0 && place < registrations.size() && registrations[place].handler != nullptr;
}

void LoopState::add_registration(int fd, EventHandler& handler, std::uint32_t events) {
  if (fd < 0) {
    throw std::invalid_argument("add_handler: the descriptor is " + std::to_string(fd));
  }
  if (registered(fd)) {
    throw std::invalid_argument("descriptor " + std::to_string(fd) + " has a handler already");
  }
  const auto place = static_cast<std::size_t>(fd);
  const bool known = place < registrations.size();
  // The poller first: it throws if the descriptor does not exist, before room is made for it.
  poller->add(fd, events | IOLoop::ERROR,
              make_tag(fd, known ? registrations[place].generation : 0));
  if (!known) registrations.resize(std::max(place + 1, registrations.size() * 2));
  registrations[place].handler = &handler;
  if (recorder != nullptr) [[unlikely]]
    recorder->opened(fd, events, typeid(handler));
}

void LoopState::update_registration(int fd, std::uint32_t events) {
  if (!registered(fd)) {
    throw std::invalid_argument("descriptor " + std::to_string(fd) + " has no handler");
  }
  const std::uint32_t generation = registrations[static_cast<std::size_t>(fd)].generation;
  poller->modify(fd, events | IOLoop::ERROR, make_tag(fd, generation));
}

void LoopState::remove_registration(int fd) {
  if (!registered(fd)) return;
  Registration& registration = registrations[static_cast<std::size_t>(fd)];
  EventHandler* handler = std::exchange(registration.handler, nullptr);
  ++registration.generation;
  poller->remove(fd);
  if (recorder != nullptr) [[unlikely]]
    recorder->closed(fd);
  handler->released();
}

// ---- the probe ----------------------------------------------------------------------------------

void LoopState::set_probe(LoopProbe* probe) {
  if (probe != nullptr && probe->watched_ != nullptr && probe->watched_ != this) {
    throw std::invalid_argument("set_probe: another loop reports to this probe");
  }
  if (kept_recorder != nullptr && kept_recorder->probe != nullptr) {
    kept_recorder->probe->watched_ = nullptr;
  }
  if (probe != nullptr) probe->watched_ = this;
  change_probe(&Recorder::probe, probe);
}

void LoopState::begin_trace() {
  trace_begun = true;
  change_probe(&Recorder::trace, detail::begin_trace());
}

void LoopState::change_probe(LoopProbe* Recorder::* which, LoopProbe* probe) {
  if (kept_recorder == nullptr) {
    if (probe == nullptr) return;
    kept_recorder = std::make_unique<Recorder>();
  }
  (*kept_recorder).*which = probe;
  recorder = kept_recorder->watched() ? kept_recorder.get() : nullptr;
  if (probe != nullptr) report_what_is_there(which);
}

void LoopState::report_what_is_there(LoopProbe* Recorder::* to) {
  Recorder once;
  once.*to = (*kept_recorder).*to;
  for (std::size_t fd = 0; fd < registrations.size(); ++fd) {
    if (const EventHandler* handler = registrations[fd].handler) {
      once.opened(static_cast<int>(fd), 0, typeid(*handler), LoopRecord::kEarlier);
    }
  }
  for (core::ListHook* at = suspended.next(); at != &suspended; at = at->next()) {
    const core::Suspension& wait = *static_cast<core::Suspension::Hook*>(at)->suspension;
    once.suspended(wait, wait.handle_, wait.place_, LoopRecord::kEarlier);
  }
}

// ---- closing ------------------------------------------------------------------------------------

bool LoopState::cancel_oldest_wait() {
  if (!suspended.linked()) return false;
  auto* hook = static_cast<core::Suspension::Hook*>(suspended.next());
  hook->link_before(suspended);
  hook->suspension->cancel();
  return true;
}

void LoopState::free_locals() {
  while (!locals.empty()) {
    const LocalEntry last = std::move(locals.back());  // its destructor may look up others
    locals.pop_back();
  }
}

void LoopState::abandon_jobs() {
  while (jobs.linked()) {
    auto* job = static_cast<concurrent::detail::Job*>(jobs.next());
    job->unlink();
    job->abandon();
  }
}

void LoopState::discard_timers() {
  while (!timers.empty()) {
    if (core::Runnable* callback = timers.pop()->take()) callback->discard();
  }
}

void LoopState::discard_queues() noexcept {
  for (core::RunQueue* queue : {&callbacks, &ready, &flushes, &retired}) {
    while (core::Runnable* item = queue->pop_front()) item->discard();
  }
}

void LoopState::free_frames() {
  while (suspended.linked()) {
    auto* hook = static_cast<core::Suspension::Hook*>(suspended.next());
    core::Suspension& last = innermost(*hook->suspension);
    last.hook_.unlink();
    last.destroy();
  }
}

// Finds the end of the chain of waits that begins at `start`: the frame whose locals no other frame
// of the chain refers to. Moves the frames it passes to the front of the list, innermost first, so
// that a chain is walked once, and not once for each of its frames.
core::Suspension& LoopState::innermost(core::Suspension& start) {
  auto* at = &start;
  auto* behind = &start;  // half as fast: `at` meets it in a cycle, whose frames have no order
  for (bool even = false;; even = !even) {
    auto* in = at->inner();
    // A frame that waits on another loop is freed by that loop.
    if (in == nullptr || in->loop_ != at->loop_ || in == behind) return *at;
    in->hook_.link_after(suspended);
    at = in;
    if (even) behind = behind->inner();
  }
}

void LoopState::remove_registrations(bool close_descriptors) {
  for (std::size_t place = 0; place < registrations.size(); ++place) {
    const int fd = static_cast<int>(place);
    if (!registered(fd)) continue;
    remove_registration(fd);
    if (close_descriptors && fd != mailbox->fd()) ::close(fd);
  }
}

}  // namespace tornado::ioloop::detail
