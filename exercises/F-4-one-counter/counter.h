// A counter of visits that several processes share through a bus.
#pragma once

#include <tornado/bus.h>
#include <tornado/concurrent.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

// Each process has one. Must outlive the futures that it has returned.
class Counter {
 public:
  static constexpr const char* kTopic = "visits";

  // `process` is a name that no other process has.
  Counter(tornado::bus::Bus& bus, std::string process) : bus_(bus), process_(std::move(process)) {}

  // Counts a visit, and returns its number. The visits of all processes are numbered from 1 on,
  // without gaps, and no two have the same number. Waits until the bus has acknowledged the visit
  // and follow() has read it. If the bus does not take it, fails with the exception of the bus, and
  // leaves nothing behind here.
  tornado::Future<std::uint64_t> hit();

  // Reads the visits of all processes, beginning with the first one of the topic, until its future
  // is cancelled. Called once, when the process starts.
  tornado::Future<void> follow();

  // Returns how many visits follow() has read.
  std::uint64_t seen() const { return seen_; }
  // Returns how many visits of this process hit() has noted and follow() has not read.
  std::size_t waiting() const { return waiting_.size(); }

 private:
  tornado::bus::Bus& bus_;
  const std::string process_;
  std::uint64_t hits_ = 0;  // calls of hit() in this process
  std::uint64_t seen_ = 0;
  std::map<std::string, tornado::Future<std::uint64_t>> waiting_;  // by the text of the message
};
