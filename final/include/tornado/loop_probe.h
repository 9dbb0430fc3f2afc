// Public header: watching an IOLoop at work. The loop reports each thing it does to a LoopProbe, as
// a record of 32 bytes. RecordRing is the usual one. Not in Tornado; compare tokio-console, and
// Chromium's Performance panel.
//
//   ioloop::RecordRing ring;
//   loop.set_probe(&ring);
//
// A program that parses its command line needs none of this: `--trace=FILE` writes the same records
// as a trace for https://ui.perfetto.dev or for the Performance panel of Chromium's developer
// tools.
#pragma once

#include <tornado/ioloop.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tornado::ioloop {

enum class RecordKind : std::uint8_t {
  kIteration,     // an iteration begins
  kRun,           // a callback, a timer's callback, or a coroutine ran
  kHandle,        // a descriptor's handler ran
  kSleep,         // the loop was in its poller
  kTimerSet,      // a timer was made
  kTimerFired,    // its time has come, and its callback is about to run
  kTimerRemoved,  // it was cancelled
  kSuspend,       // a coroutine begins to wait
  kResume,        // it goes on
  kReady,         // something was queued to run
  kOpen,          // a descriptor got a handler
  kClose,         // its handler was removed
  kPoolQueued,    // a job was handed to an executor
  kPoolRan,       // it came back
};
// The number of kinds, for tables that have an entry for each.
inline constexpr std::size_t kRecordKinds = 14;

// One thing that the loop did. Records are reported in the order in which the things ended. What a
// field means depends on the kind; elsewhere it is 0, and `fd` is -1.
struct LoopRecord {
  // Flags. kEarlier: it was so before the probe was set. kOwn is never set by the loop; a program
  // may set it on the records that its own probe caused.
  static constexpr std::uint8_t kEarlier = 1;
  static constexpr std::uint8_t kOwn = 2;

  RecordKind kind = RecordKind::kIteration;  // what the loop did
  std::uint8_t flags = 0;                    // kEarlier, kOwn, both or none
  // For record_name(). kRun, kHandle, kOpen: the type of the function or handler. kSuspend,
  // kResume, and the kRun of a coroutine: where it waits. kPoolQueued, kPoolRan: the type of the
  // job.
  std::uint16_t name = 0;
  // kHandle, kOpen, kClose: the descriptor. kIteration: how many timers are pending.
  std::int32_t fd = -1;
  // kIteration: its number. kSleep: the timeout in milliseconds, kForever if there was none.
  // Otherwise it identifies the item: kReady, kTimerSet and kSuspend have the id of the kRun or
  // kResume that follows. An id can return once its item is gone.
  std::uint32_t id = 0;
  // kIteration: the number of queued callbacks (upper 16 bits) and of completed futures (lower),
  // at most 65,535 each. kRun: the step of the iteration, 1 to 8 (see IOLoop). kHandle, kOpen: the
  // events. kSleep: the number of events returned. kSuspend, kResume: the coroutine, the same in
  // all its waits. kReady: the id of what ran when it was queued. kPoolRan: the number of the
  // thread.
  std::uint32_t arg = 0;
  std::uint64_t start_ns = 0;  // on CLOCK_MONOTONIC
  // kRun, kHandle, kSleep, kPoolRan: how long it took. kTimerSet: how long until it is due.
  // kTimerFired: how late it is. 0 for what takes no time.
  std::uint64_t duration_ns = 0;

  // The `id` of a kSleep without a timeout.
  static constexpr std::uint32_t kForever = 0xFFFF'FFFF;
};
static_assert(sizeof(LoopRecord) == 32);

// Receives the records of one loop. Destroying a probe ends the reports to it. Destroy it on the
// loop's thread if a loop still reports to it.
class LoopProbe {
 public:
  LoopProbe() = default;
  LoopProbe(const LoopProbe&) = delete;
  LoopProbe& operator=(const LoopProbe&) = delete;

  // Called on the loop's thread, in the middle of its work, which waits for it. Must not use the
  // loop.
  virtual void record(const LoopRecord& record) noexcept = 0;

 protected:
  virtual ~LoopProbe();

 private:
  friend struct detail::LoopState;
  detail::LoopState* watched_ = nullptr;  // the loop that reports to it
};

// Keeps records until somebody takes them. All its memory is allocated when it is made: recording
// neither allocates nor takes a lock.
class RecordRing final : public LoopProbe {
 public:
  static constexpr std::size_t kCapacity = 65'536;  // 2 MiB

  // `capacity` is rounded up to a power of two.
  explicit RecordRing(std::size_t capacity = kCapacity);
  RecordRing(const RecordRing&) = delete;
  RecordRing& operator=(const RecordRing&) = delete;
  ~RecordRing() override;

  // The loop's thread. If the ring is full, the record is dropped and counted.
  void record(const LoopRecord& record) noexcept override;

  // Moves up to `most` records, oldest first, to `to`, and returns how many. Any thread, one at a
  // time.
  std::size_t take(LoopRecord* to, std::size_t most) noexcept;
  // Returns how many records there are to take. The taker's thread.
  std::size_t size() const noexcept {
    return static_cast<std::size_t>(written_.load(std::memory_order_acquire) -
                                    taken_.load(std::memory_order_relaxed));
  }
  // Returns how many records were dropped since the ring was made. Any thread.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::size_t mask_;
  LoopRecord* const records_;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> taken_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
};

// What LoopRecord::name stands for.
struct RecordName {
  std::string text;   // a type, without its namespaces' noise; for a place, the coroutine's name
  std::string file;   // of a place: as the compiler was given it; otherwise empty
  unsigned line = 0;  // of a place: the line with the co_await
};
// Returns the name with that number. Numbers are the same for all loops of the process, and stay
// valid. `text` is "?" for 0, which means that there is no name, or that the process has too many.
// Any thread.
RecordName record_name(std::uint16_t name);

}  // namespace tornado::ioloop
