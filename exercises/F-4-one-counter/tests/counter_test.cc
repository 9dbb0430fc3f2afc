#include "F-4-one-counter/counter.h"

#include <gtest/gtest.h>
#include <tornado/ioloop.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "support/story.h"

namespace {

using story::Story;
using tornado::Future;
using tornado::bus::BusError;
using tornado::bus::Cursor;
using tornado::bus::LocalBus;
using tornado::bus::Messages;
using tornado::ioloop::IOLoop;
using Outcomes = std::vector<std::string>;

void settle() {
  for (int i = 0; i < 10; ++i) {
    IOLoop::current().add_callback([] { IOLoop::current().stop(); });
    IOLoop::current().start();
  }
}

// Stands for Redis: the one thing that all processes share.
class Engine final : public tornado::bus::Bus {
 public:
  Future<Cursor> publish(std::string topic, std::string message) override {
    if (refuses) throw BusError("the bus is full");
    const Future<Cursor> taken = log_.publish(topic, message);
    const Cursor cursor = co_await taken;
    if (acknowledges_late) co_await release;
    co_return cursor;
  }
  Future<Messages> after(std::string topic, Cursor cursor, std::size_t max) override {
    return log_.after(topic, cursor, max);
  }

  bool refuses = false;
  bool acknowledges_late = false;
  const Future<void> release;

 private:
  LocalBus log_;
};

// Stands for a process: a Counter that shares nothing with the others but the engine.
class Process {
 public:
  Process(Story& story, Engine& engine, const std::string& name)
      : story_(story), name_(name), counter_(engine, name) {
    story_.step("process " + name_ + " starts");
    following_ = counter_.follow();
    settle();
  }
  ~Process() {
    following_.cancel();
    settle();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Future<std::uint64_t> hit() {
    story_.step("process " + name_ + " calls hit()");
    return counter_.hit();
  }
  const Counter& counter() const { return counter_; }

 private:
  Story& story_;
  const std::string name_;
  Counter counter_;
  Future<void> following_;
};

std::string outcome(const Future<std::uint64_t>& hit) {
  settle();
  if (!hit.done()) return "pending";
  try {
    return std::to_string(hit.result());
  } catch (const std::exception& error) {
    return error.what();
  }
}

Outcomes outcomes(const std::vector<Future<std::uint64_t>>& hits) {
  Outcomes found;
  for (const auto& hit : hits) found.push_back(outcome(hit));
  return found;
}

TEST(Counter, one_process) {
  Story story("Your own visit comes back to you through the bus. Count it there, and only there.");
  Engine engine;
  Process process(story, engine, "A");
  for (const std::string number : {"1", "2", "3"}) {
    const auto hit = process.hit();
    story.expect("the visit's number", number, outcome(hit));
  }
  story.expect("seen()", std::uint64_t{3}, process.counter().seen());
  story.expect("waiting()", std::size_t{0}, process.counter().waiting());
}

TEST(Counter, two_processes) {
  Story story(
      "Each process has its own memory, static variables included. What both must know has to go "
      "through something\n"
      "  outside of both.");
  Engine engine;
  Process first(story, engine, "A");
  Process second(story, engine, "B");
  const auto one = first.hit();
  story.expect("the number of A's visit", std::string("1"), outcome(one));
  const auto two = second.hit();
  story.expect("the number of B's visit", std::string("2"), outcome(two));
  story.expect("seen() of A", std::uint64_t{2}, first.counter().seen());
  story.expect("seen() of B", std::uint64_t{2}, second.counter().seen());
}

TEST(Counter, two_visits_at_once) {
  Story story(
      "Reading a total and sending it back plus one are two steps. Another process may take both "
      "in between, and\n"
      "  then two visits have the same number.");
  Engine engine;
  Process first(story, engine, "A");
  Process second(story, engine, "B");
  const auto one = first.hit();
  const auto two = second.hit();
  Outcomes numbers = outcomes({one, two});
  std::sort(numbers.begin(), numbers.end());
  story.expect("the two numbers", Outcomes{"1", "2"}, numbers);
}

TEST(Counter, a_process_that_starts_later) {
  Story story(
      "A process that starts has missed what was said before. The bus keeps it, and after() "
      "returns it if you ask\n"
      "  from the beginning.");
  Engine engine;
  Process first(story, engine, "A");
  const auto one = first.hit();
  const auto two = first.hit();
  story.expect("the numbers of A's visits", Outcomes{"1", "2"}, outcomes({one, two}));
  Process late(story, engine, "B");
  story.expect("seen() of B", std::uint64_t{2}, late.counter().seen());
  const auto three = late.hit();
  story.expect("the number of B's visit", std::string("3"), outcome(three));
}

TEST(Counter, many_visits_in_one_reply) {
  Story story("after() returns all messages that have come, not one at a time.");
  Engine engine;
  Process first(story, engine, "A");
  Process second(story, engine, "B");
  std::vector<Future<std::uint64_t>> hits;
  for (int i = 0; i < 5; ++i) hits.push_back(first.hit());
  story.expect("the numbers", Outcomes{"1", "2", "3", "4", "5"}, outcomes(hits));
  story.expect("seen() of B", std::uint64_t{5}, second.counter().seen());
}

TEST(Counter, an_acknowledgement_that_is_late) {
  Story story(
      "A process has two connections to Redis: one publishes, the other one reads. So your visit "
      "may come back before\n"
      "  its acknowledgement does.");
  Engine engine;
  engine.acknowledges_late = true;
  Process process(story, engine, "A");
  const auto hit = process.hit();
  story.expect("the outcome before the acknowledgement", std::string("pending"), outcome(hit));
  story.expect("seen()", std::uint64_t{1}, process.counter().seen());
  story.step("the engine acknowledges the visit");
  engine.release.set_result();
  story.expect("the visit's number", std::string("1"), outcome(hit));
}

TEST(Counter, a_bus_that_refuses) {
  Story story("An exception is a way out too: what you have noted for a visit must go with it.");
  Engine engine;
  Process process(story, engine, "A");
  story.step("the bus is full");
  engine.refuses = true;
  const auto lost = process.hit();
  story.expect("the outcome", std::string("the bus is full"), outcome(lost));
  story.expect("seen()", std::uint64_t{0}, process.counter().seen());
  story.expect("waiting()", std::size_t{0}, process.counter().waiting());
  story.step("the bus has room again");
  engine.refuses = false;
  const auto hit = process.hit();
  story.expect("the visit's number", std::string("1"), outcome(hit));
}

}  // namespace
