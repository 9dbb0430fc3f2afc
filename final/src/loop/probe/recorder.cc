#include "loop/probe/recorder.h"

#include <time.h>

#include <algorithm>

#include "loop/probe/names.h"

namespace tornado::ioloop::detail {
namespace {

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e9) * 1e9);
}

std::uint32_t at_most_16_bits(std::size_t count) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(count, 0xFFFF));
}

}  // namespace

std::uint64_t Recorder::now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

void Recorder::iteration(std::size_t callbacks, std::size_t ready, std::size_t timers) noexcept {
  send({.kind = RecordKind::kIteration,
        .fd = static_cast<std::int32_t>(timers),
        .id = ++iterations_,
        .arg = at_most_16_bits(callbacks) << 16 | at_most_16_bits(ready),
        .start_ns = now()});
}

void Recorder::sleep(std::uint64_t start, int timeout_ms, int events) noexcept {
  send({.kind = RecordKind::kSleep,
        .id = timeout_ms < 0 ? LoopRecord::kForever : static_cast<std::uint32_t>(timeout_ms),
        .arg = static_cast<std::uint32_t>(events),
        .start_ns = start,
        .duration_ns = now() - start});
}

void Recorder::timer_set(const core::Runnable& callback, double delay) noexcept {
  send({.kind = RecordKind::kTimerSet,
        .id = id_of(&callback),
        .start_ns = now(),
        .duration_ns = nanoseconds(delay)});
}

void Recorder::timer_fired(const core::Runnable& callback, double late) noexcept {
  send({.kind = RecordKind::kTimerFired,
        .id = id_of(&callback),
        .start_ns = now(),
        .duration_ns = nanoseconds(late)});
}

void Recorder::timer_removed(const core::Runnable& callback) noexcept {
  send({.kind = RecordKind::kTimerRemoved, .id = id_of(&callback), .start_ns = now()});
}

void Recorder::suspended(const core::Runnable& wait, std::coroutine_handle<> coroutine,
                         const std::source_location& place, std::uint8_t flags) noexcept {
  send({.kind = RecordKind::kSuspend,
        .flags = flags,
        .name = name_of(place),
        .id = id_of(&wait),
        .arg = id_of(coroutine.address()),
        .start_ns = now()});
}

void Recorder::resumed(const core::Runnable& wait, std::coroutine_handle<> coroutine,
                       const std::source_location& place) noexcept {
  running_name_ = name_of(place);
  send({.kind = RecordKind::kResume,
        .name = running_name_,
        .id = id_of(&wait),
        .arg = id_of(coroutine.address()),
        .start_ns = now()});
}

void Recorder::ready(const core::Runnable& item) noexcept {
  send({.kind = RecordKind::kReady, .id = id_of(&item), .arg = running_, .start_ns = now()});
}

void Recorder::opened(int fd, std::uint32_t events, const std::type_info& handler,
                      std::uint8_t flags) noexcept {
  send({.kind = RecordKind::kOpen,
        .flags = flags,
        .name = name_of(handler),
        .fd = fd,
        .arg = events,
        .start_ns = now()});
}

void Recorder::closed(int fd) noexcept {
  send({.kind = RecordKind::kClose, .fd = fd, .start_ns = now()});
}

void Recorder::pool_queued(const core::Runnable& job) noexcept {
  send({.kind = RecordKind::kPoolQueued,
        .name = name_of(typeid(job)),
        .id = id_of(&job),
        .start_ns = now()});
}

void Recorder::pool_ran(const core::Runnable& job, std::uint64_t start, std::uint64_t end,
                        std::uint32_t thread) noexcept {
  send({.kind = RecordKind::kPoolRan,
        .name = name_of(typeid(job)),
        .id = id_of(&job),
        .arg = thread,
        .start_ns = start,
        .duration_ns = end - start});
}

// ---- what runs ----------------------------------------------------------------------------------

void RecordedRun::begin(RecordKind kind, int fd, std::uint32_t id, std::uint32_t arg,
                        const std::type_info& type) noexcept {
  record_ = {.kind = kind,
             .name = name_of(type),
             .fd = fd,
             .id = id,
             .arg = arg,
             .start_ns = Recorder::now()};
  recorder_->running_ = id;
  recorder_->running_name_ = 0;
}

void RecordedRun::end() noexcept {
  record_.duration_ns = Recorder::now() - record_.start_ns;
  if (recorder_->running_name_ != 0) record_.name = recorder_->running_name_;
  recorder_->running_ = 0;
  recorder_->send(record_);
}

}  // namespace tornado::ioloop::detail
