#include "loop/probe/trace_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tornado::ioloop::detail {
namespace {

template <class... Args>
void add(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}

// Microseconds with three digits after the point, as the format wants times.
std::string time_text(std::uint64_t ns) {
  return fmt::format("{}.{:03}", ns / 1000, ns % 1000);
}

std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return text += '"';
}

bool is_span(RecordKind kind) {
  return kind == RecordKind::kRun || kind == RecordKind::kHandle || kind == RecordKind::kSleep;
}

// Before what happened inside of it, a span.
bool comes_first(const LoopRecord& a, const LoopRecord& b) {
  if (a.start_ns != b.start_ns) return a.start_ns < b.start_ns;
  return is_span(a.kind) && !is_span(b.kind);
}

}  // namespace

TraceEvents::TraceEvents(int process, int thread, Tracks& tracks)
    : process_(process), tracks_(tracks), track_(tracks.next()) {
  pending_.reserve(kMostRecords);
  names_[0] = "IOLoop, thread " + std::to_string(thread);  // until the first take()
}

void TraceEvents::take(RecordRing& ring, std::string& text, bool last) {
  if (const auto name = names_.extract(0)) name_track(track_, name.mapped(), text);
  const std::size_t before = pending_.size();
  pending_.resize(kMostRecords);
  pending_.resize(before + ring.take(pending_.data() + before, kMostRecords - before));
  // A turn ends when the loop wakes up: what is recorded later began later.
  const auto is_sleep = [](const LoopRecord& record) { return record.kind == RecordKind::kSleep; };
  const auto sleep = std::find_if(pending_.rbegin(), pending_.rend(), is_sleep);
  const bool all = last || (sleep == pending_.rend() && pending_.size() == kMostRecords);
  write_turns(all ? pending_.size() : static_cast<std::size_t>(pending_.rend() - sleep), text);
  if (const std::uint64_t now = ring.dropped(); now != dropped_) {
    const std::uint64_t at = pending_.empty() ? 0 : pending_.back().start_ns;
    begin(text, 'i', "dropped " + std::to_string(now - dropped_) + " records", "loop", at, 0);
    text += R"(,"s":"g"})";
    dropped_ = now;
  }
}

void TraceEvents::write_turns(std::size_t end, std::string& text) {
  const auto stop = pending_.begin() + static_cast<std::ptrdiff_t>(end);
  std::vector<const LoopRecord*> order;
  std::for_each(pending_.begin(), stop, [&](const LoopRecord& one) { order.push_back(&one); });
  std::sort(order.begin(), order.end(), [](const LoopRecord* a, const LoopRecord* b) {
    if (comes_first(*a, *b)) return true;
    return !comes_first(*b, *a) && a < b;  // of two that began together, the one that ended first
  });
  for (const LoopRecord* const record : order) write(*record, text);
  pending_.erase(pending_.begin(), stop);
}

const std::string& TraceEvents::name_of(const LoopRecord& record) {
  const auto [place, is_new] = names_.try_emplace(record.name);
  if (is_new) {
    const RecordName name = record_name(record.name);
    place->second = name.text;
    if (!name.file.empty()) {
      place->second +=
          " " + name.file.substr(name.file.rfind('/') + 1) + ":" + std::to_string(name.line);
    }
  }
  return place->second;
}

// ---- the events ---------------------------------------------------------------------------------

void TraceEvents::begin(std::string& text, char phase, std::string_view name,
                        std::string_view category, std::uint64_t ns, int track) const {
  add(text, ",\n{{\"ph\":\"{}\",\"name\":{},\"cat\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":{}", phase,
      quoted(name), category, process_, track, time_text(ns));
}

void TraceEvents::name_track(int track, std::string_view name, std::string& text) const {
  begin(text, 'M', "thread_name", "__metadata", 0, track);
  add(text, R"(,"args":{{"name":{}}}}})", quoted(name));
}

void TraceEvents::write_span(std::string& text, std::string_view name, std::string_view category,
                             const LoopRecord& record, int track) const {
  begin(text, 'X', name, category, record.start_ns, track);
  add(text, R"(,"dur":{})", time_text(record.duration_ns));
}

void TraceEvents::write(const LoopRecord& record, std::string& text) {
  const auto instant = [&](const std::string& name) {
    begin(text, 'i', name, "loop", record.start_ns, track_);
    add(text, R"(,"s":"t","args":{{"milliseconds":{}}}}})", time_text(record.duration_ns / 1000));
  };
  switch (record.kind) {
    case RecordKind::kIteration:
      return write_counts(record, text);
    case RecordKind::kRun:
      return write_run(record, text);
    case RecordKind::kHandle:
      write_span(text, "fd " + std::to_string(record.fd) + " " + name_of(record), "fd", record,
                 track_);
      return add(text, R"(,"args":{{"events":{}}}}})", record.arg);
    case RecordKind::kSleep:
      write_span(text, "sleep", "sleep", record, track_);
      return add(text, R"(,"args":{{"events":{}}}}})", record.arg);
    case RecordKind::kTimerSet:
      return instant("timer set");
    case RecordKind::kTimerFired:
      return instant("timer fired late by");
    case RecordKind::kTimerRemoved:
      return instant("timer removed");
    case RecordKind::kSuspend:
    case RecordKind::kResume:
      begin(text, record.kind == RecordKind::kSuspend ? 'b' : 'e', name_of(record), "coroutine",
            record.start_ns, track_);
      return add(text, R"(,"id":{}}})", record.id);
    case RecordKind::kReady:
      return write_ready(record, text);
    case RecordKind::kOpen:
      return instant("fd " + std::to_string(record.fd) + " opened");
    case RecordKind::kClose:
      return instant("fd " + std::to_string(record.fd) + " closed");
    case RecordKind::kPoolQueued:
      return instant("job queued");
    case RecordKind::kPoolRan:
      return write_pool(record, text);
  }
}

void TraceEvents::write_run(const LoopRecord& record, std::string& text) {
  write_span(text, name_of(record), "run", record, track_);
  add(text, R"(,"args":{{"step":{}}}}})", record.arg);
  const auto arrow = arrows_.extract(record.id);
  if (arrow.empty()) return;
  begin(text, 'f', "ready", "ready", record.start_ns, track_);
  add(text, R"(,"bp":"e","id":{}}})", arrow.mapped());
}

void TraceEvents::write_ready(const LoopRecord& record, std::string& text) {
  if (arrows_.size() >= kMostArrows && !arrows_.contains(record.id)) return;
  arrows_[record.id] = ++last_arrow_;
  begin(text, 's', "ready", "ready", record.start_ns, track_);
  add(text, R"(,"id":{}}})", last_arrow_);
}

void TraceEvents::write_counts(const LoopRecord& record, std::string& text) {
  const std::uint64_t counts =
      static_cast<std::uint64_t>(record.arg) << 32 | static_cast<std::uint32_t>(record.fd);
  if (std::exchange(counts_, counts) == counts) return;
  begin(text, 'C', "queued", "loop", record.start_ns, track_);
  add(text, R"(,"args":{{"callbacks":{},"ready":{},"timers":{}}}}})", record.arg >> 16,
      record.arg & 0xFFFF, record.fd);
}

void TraceEvents::write_pool(const LoopRecord& record, std::string& text) {
  auto found = pool_tracks_.find(record.arg);
  if (found == pool_tracks_.end()) {
    if (pool_tracks_.size() >= kMostThreads) return;
    found = pool_tracks_.emplace(record.arg, tracks_.next()).first;
    name_track(found->second, "pool, thread " + std::to_string(record.arg), text);
  }
  write_span(text, "job", "pool", record, found->second);
  text += '}';
}

}  // namespace tornado::ioloop::detail
