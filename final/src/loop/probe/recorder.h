// Internal header: makes records of what a loop does, for its probe and for --trace.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/loop_probe.h>

#include <bit>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <typeinfo>

namespace tornado::ioloop::detail {

// The number that stands for an object in the records. Two live objects share one only if they are
// 32 GiB apart.
inline std::uint32_t id_of(const void* object) noexcept {
  return static_cast<std::uint32_t>(std::bit_cast<std::uintptr_t>(object) >> 3);
}

// Belongs to a loop, and is used on its thread only. A loop that nobody watches has none, and asks
// only whether its pointer is null.
class Recorder {
 public:
  // Returns the nanoseconds of CLOCK_MONOTONIC.
  static std::uint64_t now() noexcept;

  LoopProbe* probe = nullptr;  // the program's
  LoopProbe* trace = nullptr;  // of --trace
  bool watched() const noexcept { return probe != nullptr || trace != nullptr; }

  void iteration(std::size_t callbacks, std::size_t ready, std::size_t timers) noexcept;
  void sleep(std::uint64_t start, int timeout_ms, int events) noexcept;
  void timer_set(const core::Runnable& callback, double delay) noexcept;
  void timer_fired(const core::Runnable& callback, double late) noexcept;
  void timer_removed(const core::Runnable& callback) noexcept;
  void suspended(const core::Runnable& wait, std::coroutine_handle<> coroutine,
                 const std::source_location& place, std::uint8_t flags = 0) noexcept;
  void resumed(const core::Runnable& wait, std::coroutine_handle<> coroutine,
               const std::source_location& place) noexcept;
  void ready(const core::Runnable& item) noexcept;
  void opened(int fd, std::uint32_t events, const std::type_info& handler,
              std::uint8_t flags = 0) noexcept;
  void closed(int fd) noexcept;
  void pool_queued(const core::Runnable& job) noexcept;
  void pool_ran(const core::Runnable& job, std::uint64_t start, std::uint64_t end,
                std::uint32_t thread) noexcept;

 private:
  friend class RecordedRun;
  void send(const LoopRecord& record) noexcept {
    if (probe != nullptr) probe->record(record);
    if (trace != nullptr) trace->record(record);
  }

  std::uint32_t iterations_ = 0;
  std::uint32_t running_ = 0;       // the id of what runs now
  std::uint16_t running_name_ = 0;  // of a coroutine that was resumed: where it waited
};

// Records, if `recorder` is not null, what runs while this object lives.
class RecordedRun {
 public:
  RecordedRun(Recorder* recorder, const core::Runnable& item, std::uint32_t step) noexcept
      : recorder_(recorder) {
    if (recorder_ != nullptr) [[unlikely]]
      begin(RecordKind::kRun, -1, id_of(&item), step, typeid(item));
  }
  RecordedRun(Recorder* recorder, int fd, std::uint32_t events,
              const EventHandler& handler) noexcept
      : recorder_(recorder) {
    if (recorder_ != nullptr) [[unlikely]]
      begin(RecordKind::kHandle, fd, static_cast<std::uint32_t>(fd), events, typeid(handler));
  }
  RecordedRun(const RecordedRun&) = delete;
  RecordedRun& operator=(const RecordedRun&) = delete;
  ~RecordedRun() {
    if (recorder_ != nullptr) [[unlikely]]
      end();
  }

 private:
  void begin(RecordKind kind, int fd, std::uint32_t id, std::uint32_t arg,
             const std::type_info& type) noexcept;
  void end() noexcept;

  Recorder* const recorder_;
  LoopRecord record_;
};

}  // namespace tornado::ioloop::detail
