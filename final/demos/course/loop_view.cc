#include "loop_view.h"

#include <time.h>
#include <tornado/json.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "microscope.h"

using namespace tornado;
using ioloop::LoopRecord;
using ioloop::RecordKind;

namespace course {

// ---- the probe ----------------------------------------------------------------------------------

void MarkingProbe::record(const LoopRecord& record) noexcept {
  if (record.kind == RecordKind::kIteration) before_iteration(record.id);
  LoopRecord marked = record;
  bool is_own = own_;
  if (record.kind == RecordKind::kRun || record.kind == RecordKind::kHandle) {
    if (own_) own_flush_ = true;
    own_ = false;
    if (own_flush_ && record.arg == 4 && record.kind == RecordKind::kRun) {
      own_flush_ = false;
      is_own = true;
    }
  }
  if (is_own) marked.flags |= LoopRecord::kOwn;
  ring.record(marked);
}

// ---- the view -----------------------------------------------------------------------------------

namespace {

constexpr int kPauseMs = 50;
constexpr std::size_t kMostRecords = 2000;  // in a batch
// Behind by more than this, records are skipped: the picture should be of now.
constexpr std::size_t kMostBehind = 20'000;

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

template <class T>
void append_bytes(std::string& bytes, const T& value) {
  static_assert(std::endian::native == std::endian::little);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

json name_as_json(std::uint16_t name) {
  const ioloop::RecordName found = ioloop::record_name(name);
  return {{"name", name}, {"text", found.text}, {"file", found.file}, {"line", found.line}};
}

}  // namespace

LoopView::LoopView(MarkingProbe& probe, ioloop::IOLoop& loop, bool is_live)
    : probe_(probe), loop_(loop), is_live_(is_live), tick_([this] { send(); }, kPauseMs) {
  records_.reserve(kMostRecords);
}

LoopView::~LoopView() = default;

void LoopView::set_probe(bool on) {
  ioloop::LoopProbe* probe = on ? &probe_ : nullptr;
  if (is_live_) {
    loop_.set_probe(probe);
  } else {
    loop_.add_callback([loop = &loop_, probe] { loop->set_probe(probe); });
  }
}

void LoopView::add(LoopSocket& viewer) {
  json names = json::array();
  for (const std::uint16_t name : known_names_) names.push_back(name_as_json(name));
  viewer.write_message(json{{"names", names}});
  if (viewers_.empty()) drop_old_records();
  viewers_.insert(&viewer);
  set_probe(true);  // also if there are viewers: it reports what is there, for the new one
  tick_.start();
}

void LoopView::remove(LoopSocket& viewer) {
  viewers_.erase(&viewer);
  if (!viewers_.empty()) return;
  tick_.stop();
  probe_.unwatched();
  set_probe(false);
}

// What the last viewer has left: between it and what comes next, nothing was recorded.
void LoopView::drop_old_records() {
  records_.resize(kMostRecords);
  while (probe_.ring.take(records_.data(), kMostRecords) > 0) continue;
}

void LoopView::send() {
  if (is_live_) probe_.what_runs_now_is_own();
  records_.resize(kMostRecords);
  std::uint64_t skipped = 0;
  while (probe_.ring.size() > kMostBehind) {
    skipped += probe_.ring.take(records_.data(), kMostRecords);
  }
  records_.resize(probe_.ring.take(records_.data(), kMostRecords));
  send_new_names(records_);
  const std::uint64_t dropped = probe_.ring.dropped();
  const auto lost = static_cast<std::uint32_t>(dropped - dropped_ + skipped);
  dropped_ = dropped;
  std::string bytes;
  bytes.reserve(16 + records_.size() * sizeof(LoopRecord));
  append_bytes(bytes, monotonic_ns());
  append_bytes(bytes, static_cast<std::uint32_t>(records_.size()));
  append_bytes(bytes, lost);
  bytes.append(reinterpret_cast<const char*>(records_.data()),
               records_.size() * sizeof(LoopRecord));
  for (LoopSocket* viewer : viewers_) {
    viewer->send_batch(bytes, static_cast<std::uint32_t>(records_.size()));
  }
}

void LoopView::send_new_names(const std::vector<LoopRecord>& records) {
  json names = json::array();
  for (const LoopRecord& record : records) {
    if (record.name != 0 && known_names_.insert(record.name).second) {
      names.push_back(name_as_json(record.name));
    }
  }
  if (names.empty()) return;
  websocket::broadcast(viewers_, websocket::PreparedMessage(json{{"names", names}}));
}

// ---- a viewer -----------------------------------------------------------------------------------

void LoopSocket::open(std::string view) {
  LoopView* found = microscope_->view(view);
  if (found == nullptr || found->full()) {
    close(1013, "too many viewers");
    return;
  }
  view_ = found;
  view_->add(*this);
}

void LoopSocket::on_close() {
  if (view_ != nullptr) view_->remove(*this);
}

void LoopSocket::send_batch(const std::string& batch, std::uint32_t count) {
  if (!is_ready()) {
    missed_ += count;
    return;
  }
  if (missed_ == 0) {
    last_ = write_message(batch, true);
    return;
  }
  std::string told = batch;
  std::uint32_t lost = 0;
  std::memcpy(&lost, told.data() + 12, sizeof lost);
  lost += std::exchange(missed_, 0);
  std::memcpy(told.data() + 12, &lost, sizeof lost);
  last_ = write_message(told, true);
}

}  // namespace course
