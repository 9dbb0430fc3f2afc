// Internal header. The topics that a bus holds in memory: the latest messages of each, and the
// coroutines that wait for the next one. LocalBus has nothing else; RedisBus keeps in them what it
// has read.
#pragma once

#include <tornado/bus.h>
#include <tornado/locks.h>

#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace tornado::bus::detail {

// Shared by its table and its readers.
class Topic final : public core::Counted {
 public:
  Topic(std::string name, const BusOptions& options) : name_(std::move(name)), options_(options) {}

  const std::string& name() const noexcept { return name_; }

  // Returns whether all messages of the engine after `cursor`, up to last(), are here.
  bool covers(Cursor cursor) const noexcept { return cursor >= floor_; }
  // Returns at most `max` of those after `cursor`, oldest first.
  Messages after(Cursor cursor, std::size_t max) const;
  // The position up to which the engine was read.
  Cursor last() const noexcept { return last_; }

  // Appends a message, drops those beyond the bounds, and wakes the readers.
  void add(Message message);
  // Forgets all messages: those up to `floor` are not here. Later ones follow by add().
  void restart(Cursor floor);
  // Skips an entry that is not a message.
  void skip_to(Cursor cursor) { last_ = cursor; }

  // Waits until something has changed. Fails with CancelledError after end().
  Future<bool> changed();
  void wake() {
    if (condition_) condition_->notify_all();
  }
  // Makes the readers fail: with `error` as a BusError or, if it is empty, with CancelledError.
  void end(std::string error = {});
  const std::string& error() const noexcept { return error_; }

  // The number of readers that wait, and when the last one left (IOLoop::time()).
  std::size_t readers = 0;
  double unused_since = 0;
  // RedisBus: whether the messages of the engine are here yet.
  bool loaded = false;

 private:
  const std::string name_;
  const BusOptions options_;
  std::deque<Message> messages_;
  std::size_t size_ = 0;  // bytes in messages_
  Cursor floor_;          // the messages up to this one may be missing
  Cursor last_;
  std::optional<locks::Condition> condition_{std::in_place};
  std::string error_;
};

// Counts a reader for as long as it lives.
class Reading {
 public:
  explicit Reading(core::Ref<Topic> topic);
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading();

  Topic* operator->() const noexcept { return topic_.get(); }
  Topic& operator*() const noexcept { return *topic_; }

 private:
  core::Ref<Topic> topic_;
};

// The topics by name, the latest used first.
class Topics {
 public:
  explicit Topics(const BusOptions& options) : options_(options) {}
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;
  // Ends all topics.
  ~Topics();

  // Returns the topic, which is made if it is new. Throws std::invalid_argument for a bad name,
  // BusError if there are too many topics.
  core::Ref<Topic> open(const std::string& name);
  // Returns null if there is no topic with this name.
  core::Ref<Topic> find(const std::string& name) const;
  // Forgets a topic. Its readers keep theirs: end() it first.
  void remove(const std::string& name);
  // Throw std::invalid_argument.
  void check_message(const std::string& message) const;
  static void check_name(const std::string& name);

  const std::list<core::Ref<Topic>>& all() const noexcept { return order_; }
  const BusOptions& options() const noexcept { return options_; }

 private:
  using Order = std::list<core::Ref<Topic>>;
  void make_room();

  const BusOptions options_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_name_;
};

}  // namespace tornado::bus::detail
