#include "loop/bus/topics.h"

#include <tornado/ioloop.h>

#include <algorithm>

namespace tornado::bus::detail {
namespace {

constexpr std::size_t kLongestName = 256;

}  // namespace

// ---- one topic ----------------------------------------------------------------------------------

Messages Topic::after(Cursor cursor, std::size_t max) const {
  const auto first = std::upper_bound(messages_.begin(), messages_.end(), cursor,
                                      [](Cursor one, const Message& m) { return one < m.cursor; });
  const auto there = static_cast<std::size_t>(messages_.end() - first);
  const auto count = static_cast<std::ptrdiff_t>(std::min(there, std::max<std::size_t>(max, 1)));
  return {first, first + count};
}

void Topic::add(Message message) {
  last_ = message.cursor;
  size_ += message.body.size();
  messages_.push_back(std::move(message));
  while (messages_.size() > options_.max_messages ||
         (size_ > options_.max_topic_size && messages_.size() > 1)) {
    floor_ = messages_.front().cursor;
    size_ -= messages_.front().body.size();
    messages_.pop_front();
  }
  wake();
}

void Topic::restart(Cursor floor) {
  messages_.clear();
  size_ = 0;
  floor_ = floor;
  last_ = floor;
}

Future<bool> Topic::changed() {
  if (condition_) return condition_->wait();
  Future<bool> ended;
  ended.cancel();
  return ended;
}

void Topic::end(std::string error) {
  error_ = std::move(error);
  if (error_.empty()) {
    condition_.reset();
  } else {
    wake();
  }
}

Reading::Reading(core::Ref<Topic> topic) : topic_(std::move(topic)) {
  ++topic_->readers;
}

Reading::~Reading() {
  --topic_->readers;
  // A loop that is being closed frees its readers when it is no longer current.
  if (const auto* loop = ioloop::IOLoop::current(false)) topic_->unused_since = loop->time();
}

// ---- all of them --------------------------------------------------------------------------------

Topics::~Topics() {
  for (const auto& topic : order_) topic->end();
}

core::Ref<Topic> Topics::open(const std::string& name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    return *found->second;
  }
  check_name(name);
  make_room();
  order_.push_front(core::Ref<Topic>(new Topic(name, options_)));
  by_name_[name] = order_.begin();
  order_.front()->unused_since = ioloop::IOLoop::current().time();
  return order_.front();
}

void Topics::make_room() {
  if (order_.size() < options_.max_topics) return;
  const auto unused =
      std::find_if(order_.rbegin(), order_.rend(), [](const auto& t) { return t->readers == 0; });
  if (unused == order_.rend()) {
    throw BusError("all " + std::to_string(order_.size()) + " topics of the bus have readers");
  }
  remove(std::string((*unused)->name()));
}

core::Ref<Topic> Topics::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? core::Ref<Topic>() : *found->second;
}

void Topics::remove(const std::string& name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  order_.erase(found->second);
  by_name_.erase(found);
}

void Topics::check_name(const std::string& name) {
  if (!name.empty() && name.size() <= kLongestName) return;
  throw std::invalid_argument("a topic's name must have 1 to " + std::to_string(kLongestName) +
                              " bytes; this one has " + std::to_string(name.size()));
}

void Topics::check_message(const std::string& message) const {
  if (message.size() <= options_.max_message_size) return;
  throw std::invalid_argument("a message of " + std::to_string(message.size()) +
                              " bytes; max_message_size is " +
                              std::to_string(options_.max_message_size));
}

}  // namespace tornado::bus::detail
