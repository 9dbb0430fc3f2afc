// Internal header: a loop's records as trace events, the JSON that https://ui.perfetto.dev and the
// Performance panel of Chromium's developer tools open.
#pragma once

#include <tornado/loop_probe.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tornado::ioloop::detail {

// Hands out the tracks of one file: a loop or a thread of a pool is one.
class Tracks {
 public:
  int next() noexcept { return ++last_; }

 private:
  int last_ = 0;
};

// Translates the records of one loop. Events are written in the order of their time stamps, track
// by track. Its memory is bounded: a turn of the loop with more than kMostRecords is written in
// pieces, each in order; beyond kMostArrows items that wait to run, and kMostThreads threads of
// pools, arrows and tracks are left out.
class TraceEvents {
 public:
  static constexpr std::size_t kMostRecords = RecordRing::kCapacity;
  static constexpr std::size_t kMostArrows = 65'536;
  static constexpr std::size_t kMostThreads = 1'024;

  // `process` and `thread` are the numbers of the loop's process and thread.
  TraceEvents(int process, int thread, Tracks& tracks);

  // Appends the events of what `ring` holds to `text`, each with a comma and a line's end before
  // it. What belongs to a turn that has not ended stays for the next call, unless this is the
  // `last` one.
  void take(RecordRing& ring, std::string& text, bool last);

  // Appends the event that gives a track its name.
  void name_track(int track, std::string_view name, std::string& text) const;

 private:
  void write_turns(std::size_t end, std::string& text);
  void write(const LoopRecord& record, std::string& text);
  void write_run(const LoopRecord& record, std::string& text);
  void write_ready(const LoopRecord& record, std::string& text);
  void write_counts(const LoopRecord& record, std::string& text);
  void write_pool(const LoopRecord& record, std::string& text);
  void begin(std::string& text, char phase, std::string_view name, std::string_view category,
             std::uint64_t ns, int track) const;
  void write_span(std::string& text, std::string_view name, std::string_view category,
                  const LoopRecord& record, int track) const;
  const std::string& name_of(const LoopRecord& record);

  const int process_;
  Tracks& tracks_;
  const int track_;
  std::vector<LoopRecord> pending_;
  std::map<std::uint16_t, std::string> names_;
  std::unordered_map<std::uint32_t, std::uint32_t> arrows_;  // by item: the arrow to it
  std::uint32_t last_arrow_ = 0;
  std::map<std::uint32_t, int> pool_tracks_;  // by the thread's number
  std::uint64_t dropped_ = 0;                 // as far as the file says it
  std::uint64_t counts_ = ~std::uint64_t{0};
};

}  // namespace tornado::ioloop::detail
