// Public header: Bus, a log of messages per topic that coroutines read from any position, and
// LocalBus, which keeps the log in this process. RedisBus (tornado/redisbus.h) shares it between
// processes. Not in Tornado.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/pointers.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::bus {

// The position of a message in its topic. Later messages have larger cursors. The default is before
// all messages.
struct Cursor {
  std::uint64_t time = 0;    // milliseconds since the epoch when the message was published
  std::uint64_t number = 0;  // among those of the same millisecond

  auto operator<=>(const Cursor&) const = default;

  // Returns "TIME-NUMBER", which is an ID of Redis Streams.
  std::string text() const;
  // Returns the cursor with this text, "0" for the default one; nullopt for anything else.
  static std::optional<Cursor> parse(std::string_view text);
};

struct Message {
  Cursor cursor;     // where it is in its topic: pass it to Bus::after() to go on from here
  std::string body;  // as published: any bytes
};
using Messages = std::vector<Message>;

// The engine has not taken a message, or cannot tell. what() names the engine and the reason. An
// HTTP handler responds with 503 and Retry-After.
class BusError : public std::runtime_error {
 public:
  explicit BusError(const std::string& reason, double retry_after_seconds = 1)
      : std::runtime_error(reason), retry_after(retry_after_seconds) {}

  double retry_after;  // seconds after which another attempt makes sense; at least 1
};

// The bounds of a bus. All are per bus object, which means per process.
struct BusOptions {
  BusOptions() {}

  std::size_t max_messages = 1000;         // kept of a topic; the oldest go first
  std::size_t max_topic_size = 1'048'576;  // bytes of the messages that are kept of a topic
  std::size_t max_message_size = 65'536;   // bytes; publishing a longer one fails
  // When a topic is opened beyond this number, the one that was unused for longest goes, with its
  // messages. Topics that somebody waits for stay; if all are such, opening one fails.
  std::size_t max_topics = 10'000;
};

// Messages by topic. A topic exists as soon as it is named; its name has 1 to 256 bytes. An object
// belongs to the loop that was current when it was made, and is used on that loop's thread only.
// Destroy it before that loop: the readers that wait then fail with CancelledError.
class Bus {
 public:
  virtual ~Bus() = default;

  // Appends a message to a topic. Completes with its cursor when the engine has it. Fails with
  // BusError if the engine rejects it or does not confirm it in time; in the latter case the
  // message may have arrived all the same, so a repetition may be a second message. Fails with
  // std::invalid_argument for a topic or a message that is too long, or a topic without a name.
  // Cancelling the future does not take the message back.
  virtual Future<Cursor> publish(std::string topic, std::string message) = 0;

  // Returns the oldest messages after `cursor`, at least one and at most `max` (0 counts as 1).
  // Waits until there is one. If messages after `cursor` are no longer kept, begins with the oldest
  // that is. While the engine is away it waits; it fails with BusError if the engine refuses to
  // show the topic, or if there are too many topics. Cancelling the future ends the wait. A slow
  // reader holds no memory: what it has not asked for is kept once, for all.
  virtual Future<Messages> after(std::string topic, Cursor cursor, std::size_t max = 100) = 0;
};

// Makes the bus that `url` names: "local" for a LocalBus, or "redis://..." in a program that
// includes tornado/redisbus.h. Throws std::invalid_argument for any other, and for a URL that its
// engine rejects.
core::Owned<Bus> open(const std::string& url, const BusOptions& options = {});

namespace detail {
class Topics;

using Maker = core::Owned<Bus> (*)(const std::string& url, const BusOptions& options);
// Makes the URLs known that begin with `scheme` and a colon. Returns true.
bool add_engine(std::string scheme, Maker maker);
}  // namespace detail

// Keeps the messages in this process, and forgets them when it ends. Its cursors are larger than
// those of an earlier run, unless the clock was set back in between.
class LocalBus final : public Bus {
 public:
  explicit LocalBus(const BusOptions& options = {});
  ~LocalBus() override;

  Future<Cursor> publish(std::string topic, std::string message) override;
  Future<Messages> after(std::string topic, Cursor cursor, std::size_t max = 100) override;

 private:
  core::Owned<detail::Topics> topics_;
  Cursor last_;
};

}  // namespace tornado::bus
