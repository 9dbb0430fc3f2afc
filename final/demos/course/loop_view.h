// Internal header. One loop under the microscope: its records and their viewers.
#pragma once

#include <tornado/loop_probe.h>
#include <tornado/websocket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace course {

// Keeps a loop's records, and marks those that come of showing them. If it is the specimen's, it
// also pauses the loop between two iterations: the loop waits while its probe does not return.
class MarkingProbe : public tornado::ioloop::LoopProbe {
 public:
  void record(const tornado::ioloop::LoopRecord& record) noexcept override;

  // Called on the loop's thread by what shows the records, while it runs.
  void what_runs_now_is_own() noexcept { own_ = true; }

  // Called on the site's thread when the loop's last viewer has gone.
  virtual void unwatched() noexcept {}

  tornado::ioloop::RecordRing ring;

 protected:
  ~MarkingProbe() = default;
  virtual void before_iteration(std::uint32_t /*number*/) noexcept {}

 private:
  bool own_ = false;        // until the record of what runs now
  bool own_flush_ = false;  // until the next run of step 4, which writes out what it sent
};

class LoopSocket;
class Microscope;

// Sends a loop's records to its viewers, 20 times a second. Belongs to the site's loop, even if the
// records are those of another loop. Without viewers, that loop has no probe.
class LoopView {
 public:
  static constexpr std::size_t kMostViewers = 8;

  LoopView(MarkingProbe& probe, tornado::ioloop::IOLoop& loop, bool is_live);
  LoopView(const LoopView&) = delete;
  LoopView& operator=(const LoopView&) = delete;
  ~LoopView();

  bool full() const { return viewers_.size() >= kMostViewers; }
  void add(LoopSocket& viewer);
  void remove(LoopSocket& viewer);

 private:
  void set_probe(bool on);
  void drop_old_records();
  void send();
  void send_new_names(const std::vector<tornado::ioloop::LoopRecord>& records);
  std::string batch();

  MarkingProbe& probe_;
  tornado::ioloop::IOLoop& loop_;
  const bool is_live_;
  std::set<LoopSocket*> viewers_;
  std::set<std::uint16_t> known_names_;
  std::vector<tornado::ioloop::LoopRecord> records_;
  std::uint64_t dropped_ = 0;
  tornado::ioloop::PeriodicCallback tick_;
};

// A viewer's connection. It receives names as JSON, then batches of records:
//
//   8 bytes  nanoseconds of CLOCK_MONOTONIC when the batch was made
//   4 bytes  number of records
//   4 bytes  records dropped since the last batch, because there was no room
//   32 bytes for each record, as in LoopRecord
//
// All numbers are little-endian. A viewer that has not taken the last batch gets none, and the next
// one says how many records it has missed.
class LoopSocket : public tornado::websocket::WebSocketHandler {
 public:
  struct Init {
    Microscope* microscope;
  };
  void initialize(const Init& init) { microscope_ = init.microscope; }

  void open(std::string view);
  void on_message(std::string_view /*data*/) {}
  void on_close();

  // Returns whether the last batch has left.
  bool is_ready() const { return !last_ || last_->done(); }
  void send_batch(const std::string& batch, std::uint32_t count);

 private:
  Microscope* microscope_ = nullptr;
  LoopView* view_ = nullptr;
  std::optional<tornado::Future<void>> last_;
  std::uint32_t missed_ = 0;
};

}  // namespace course
