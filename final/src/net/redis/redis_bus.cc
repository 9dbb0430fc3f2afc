#include <tornado/gen.h>
#include <tornado/log.h>
#include <tornado/redisbus.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include "loop/bus/topics.h"
#include "net/redis/link.h"

namespace tornado::bus {

using core::Ref;
using redis::Connection;
using redis::ConnectionLost;
using redis::ErrorReply;
using redis::Reply;

namespace {

constexpr const char* kField = "m";   // of a stream's entry: the message
constexpr std::size_t kPage = 100;    // messages of a topic in one reply
constexpr double kAfterError = 0.5;   // seconds until a refused command is tried again
constexpr double kAfterMiss = 0.005;  // seconds until CLIENT UNBLOCK is tried again

Cursor parse_id(const std::string& id) {
  if (const auto cursor = Cursor::parse(id)) return *cursor;
  throw std::runtime_error("Redis replied with '" + id + "', which is not the ID of an entry");
}

Cursor cursor_of(const Reply& entry) {
  return parse_id(entry.items.at(0).text);
}

// Returns the message of an entry, nullopt if another program wrote something else.
std::optional<Message> message_of(const Reply& entry) {
  const auto& fields = entry.items.at(1).items;
  if (fields.size() != 2 || fields[0].text != kField) return std::nullopt;
  return Message{cursor_of(entry), fields[1].text};
}

// Returns the largest cursor before `cursor`.
Cursor before(Cursor cursor) {
  if (cursor.number > 0) return {cursor.time, cursor.number - 1};
  return {cursor.time - 1, UINT64_MAX};
}

void check_positive(const std::string& option, auto value) {
  if (value > 0) return;  // false also for a NaN
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  throw std::invalid_argument("RedisBus: " + option + " is " + std::string(digits.data(), end) +
                              ", but must be positive; set a larger value, or keep the default");
}

void check_options(const RedisBusOptions& options) {
  check_positive("max_messages", options.max_messages);
  check_positive("max_pending", options.max_pending);
  check_positive("max_topics", options.max_topics);
  check_positive("reply_timeout", options.reply_timeout);
  check_positive("max_block_time", options.max_block_time);
  check_positive("min_reconnect_pause", options.min_reconnect_pause);
  check_positive("max_reconnect_pause", options.max_reconnect_pause);
  check_positive("idle_timeout", options.idle_timeout);
}

}  // namespace

// What the bus, its readers and its two connections share.
class detail::RedisCore final : public core::Counted {
 public:
  RedisCore(const redis::URL& url, const RedisBusOptions& options)
      : options_(options),
        loop_(ioloop::IOLoop::current()),
        topics_(std::make_unique<Topics>(options)),
        writer_(new redis::Link(loop_, url, options, "publishes")),
        reader_(new redis::Link(loop_, url, options, "reads")) {}

  void start();
  void stop();

  static Future<Cursor> publish(Ref<RedisCore> self, std::string topic, std::string message);
  static Future<Messages> after(Ref<RedisCore> self, std::string topic, Cursor cursor,
                                std::size_t max);

 private:
  static Future<void> read(Ref<RedisCore> self);
  Future<void> read_from(Ref<Connection> connection);
  Future<void> load(Ref<Connection> connection);
  Future<void> read_once(Ref<Connection> connection);
  void take(const Reply& streams);
  static Future<void> interrupt(Ref<RedisCore> self);
  static Future<Messages> fetch(Ref<RedisCore> self, std::string topic, Cursor cursor,
                                std::size_t max);
  void drop_idle();
  bool has_new_topic() const;
  void forget_loaded();
  std::string key_of(const std::string& topic) const { return options_.prefix + topic; }

  const RedisBusOptions options_;
  ioloop::IOLoop& loop_;
  std::unique_ptr<Topics> topics_;  // null: the bus was destroyed
  const Ref<redis::Link> writer_;
  const Ref<redis::Link> reader_;
  locks::Condition wanted_;  // there is a topic to read
  std::int64_t reader_id_ = 0;
  bool blocked_ = false;       // an XREAD waits
  bool interrupting_ = false;  // interrupt() runs
};

namespace detail {

void RedisCore::start() {
  writer_->start();
  reader_->start();
  loop_.spawn_callback([self = Ref<RedisCore>(this)] { return read(self); });
}

void RedisCore::stop() {
  topics_.reset();
  writer_->stop();
  reader_->stop();
  wanted_.notify_all();
}

// ---- publishing ---------------------------------------------------------------------------------

// [publish]
Future<Cursor> RedisCore::publish(Ref<RedisCore> self, std::string topic, std::string message) {
  self->topics_->check_message(message);
  self->topics_->check_name(topic);
  const auto connection = co_await self->writer_->ready();
  if (connection->pending() >= self->options_.max_pending) {
    throw self->writer_->error(std::to_string(connection->pending()) + " publications wait");
  }
  auto sent = connection->command({"XADD", self->key_of(topic), "MAXLEN", "~",
                                   std::to_string(self->options_.max_messages), "*", kField,
                                   std::move(message)});
  try {
    const Reply reply = co_await sent;
    co_return parse_id(reply.text);
  } catch (const ErrorReply& refused) {
    throw self->writer_->error(refused.what());
  } catch (const ConnectionLost& lost) {
    throw self->writer_->error(lost.what());
  }
}
// [/publish]

// ---- reading, by those who wait for a topic -----------------------------------------------------

// [after]
Future<Messages> RedisCore::after(Ref<RedisCore> self, std::string topic, Cursor cursor,
                                  std::size_t max) {
  const Reading reading(self->topics_->open(topic));
  if (!reading->loaded) {
    self->wanted_.notify_all();
    self->loop_.spawn_callback([self] { return interrupt(self); });
  }
  while (true) {
    if (!reading->error().empty()) throw self->reader_->error(reading->error());
    if (reading->loaded) {
      Messages messages;
      // This process keeps only the latest; older ones are read from Redis.
      if (!reading->covers(cursor)) messages = co_await fetch(self, topic, cursor, max);
      if (messages.empty()) messages = reading->after(cursor, max);
      if (!messages.empty()) co_return messages;
    }
    auto changed = reading->changed();
    co_await changed;
  }
}
// [/after]

// Returns nothing if all that comes after the cursor was deleted in Redis, or the bus has ended.
Future<Messages> RedisCore::fetch(Ref<RedisCore> self, std::string topic, Cursor cursor,
                                  std::size_t max) {
  const std::size_t count = std::clamp<std::size_t>(max, 1, kPage);
  while (self->topics_) {
    const auto connection = self->writer_->connection();
    if (!connection) {
      auto change = self->writer_->changed();
      co_await change;
      continue;
    }
    auto asked = connection->command(
        {"XRANGE", self->key_of(topic), "(" + cursor.text(), "+", "COUNT", std::to_string(count)});
    try {
      const Reply reply = co_await asked;
      Messages found;
      for (const Reply& entry : reply.items) {
        if (auto message = message_of(entry)) found.push_back(std::move(*message));
      }
      co_return found;
    } catch (const ConnectionLost&) {
      continue;  // on the next connection
    } catch (const ErrorReply& refused) {
      throw self->writer_->error(refused.what());
    }
  }
  co_return Messages();
}

// ---- reading, for all topics of the process -----------------------------------------------------

Future<void> RedisCore::read(Ref<RedisCore> self) {
  while (self->topics_) {
    const auto connection = self->reader_->connection();
    if (!connection) {
      auto change = self->reader_->changed();
      co_await change;
      continue;
    }
    bool is_lost = false;
    try {
      co_await self->read_from(connection);
    } catch (const ConnectionLost&) {
      is_lost = true;
    } catch (const ErrorReply& refused) {
      log::gen_log.error(self->reader_->error(refused.what()).what());
    }
    if (is_lost) {  // the link knows, and connects again
      co_await gen::moment;
    } else {
      co_await gen::sleep(kAfterError);
    }
  }
}

// [read_from]
Future<void> RedisCore::read_from(Ref<Connection> connection) {
  auto asked = connection->command({"CLIENT", "ID"});
  const Reply id = co_await asked;
  reader_id_ = id.integer;
  while (topics_) {
    drop_idle();
    co_await load(connection);
    if (!topics_) co_return;
    if (topics_->all().empty()) {
      auto wanted = wanted_.wait();
      co_await wanted;
    } else if (!has_new_topic()) {
      co_await read_once(connection);
    }
  }
}
// [/read_from]

// Reads the latest messages of the topics that are new here.
Future<void> RedisCore::load(Ref<Connection> connection) {
  std::vector<Ref<Topic>> fresh;
  for (const auto& topic : topics_->all()) {
    if (!topic->loaded) fresh.push_back(topic);
  }
  std::vector<Future<Reply>> replies;
  replies.reserve(fresh.size());
  const std::size_t count = std::min(kPage, options_.max_messages);
  for (const auto& topic : fresh) {
    replies.push_back(connection->command(
        {"XREVRANGE", key_of(topic->name()), "+", "-", "COUNT", std::to_string(count)}));
  }
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    Topic& topic = *fresh[i];
    try {
      const Reply newest = co_await replies[i];
      const bool is_all = newest.items.size() < count;
      topic.restart(is_all ? Cursor() : before(cursor_of(newest.items.back())));
      for (auto entry = newest.items.rbegin(); entry != newest.items.rend(); ++entry) {
        topic.skip_to(cursor_of(*entry));
        if (auto message = message_of(*entry)) topic.add(std::move(*message));
      }
      topic.loaded = true;
      topic.wake();
    } catch (const ErrorReply& refused) {
      topic.end(refused.what());
      if (topics_) topics_->remove(topic.name());
    } catch (const ConnectionLost&) {
      // All are done, and have the same exception: seen here, it is not logged.
      for (const auto& reply : replies) static_cast<void>(reply.exception());
      throw;
    }
  }
}

// Waits until a topic has something new, and passes it on.
Future<void> RedisCore::read_once(Ref<Connection> connection) {
  std::vector<std::string> words{
      "XREAD",
      "COUNT",
      std::to_string(kPage),
      "BLOCK",
      std::to_string(std::lround(std::ceil(options_.max_block_time * 1000))),
      "STREAMS"};
  for (const auto& topic : topics_->all()) words.push_back(key_of(topic->name()));
  for (const auto& topic : topics_->all()) words.push_back(topic->last().text());
  auto asked = connection->command(words, options_.max_block_time);
  std::string refusal;
  blocked_ = true;
  try {
    const Reply streams = co_await asked;
    blocked_ = false;
    if (topics_) take(streams);
  } catch (const ConnectionLost&) {
    blocked_ = false;
    throw;
  } catch (const ErrorReply& refused) {
    blocked_ = false;
    refusal = refused.what();
  }
  if (refusal.empty()) co_return;
  // Redis does not say which topic it means: load() asks for one after the other.
  log::gen_log.error(reader_->error(refusal).what());
  forget_loaded();
  co_await gen::sleep(kAfterError);
}

void RedisCore::take(const Reply& streams) {
  for (const Reply& stream : streams.items) {
    const auto topic = topics_->find(stream.items.at(0).text.substr(options_.prefix.size()));
    if (!topic || !topic->loaded) continue;  // it has made room for others meanwhile
    for (const Reply& entry : stream.items.at(1).items) {
      topic->skip_to(cursor_of(entry));
      if (auto message = message_of(entry)) topic->add(std::move(*message));
    }
  }
}

// A new topic cannot wait until the XREAD that runs has ended: Redis ends it on our request. The
// request may overtake the XREAD, which then misses it; so it is repeated until the topic is there.
Future<void> RedisCore::interrupt(Ref<RedisCore> self) {
  if (self->interrupting_) co_return;
  self->interrupting_ = true;
  try {
    while (self->topics_ && self->blocked_ && self->has_new_topic()) {
      const auto connection = self->writer_->connection();
      if (!connection) break;  // the XREAD ends by itself
      auto asked = connection->command({"CLIENT", "UNBLOCK", std::to_string(self->reader_id_)});
      co_await asked;
      co_await gen::sleep(kAfterMiss);
    }
  } catch (const ConnectionLost& lost) {
    log::gen_log.debug(self->writer_->error(lost.what()).what());  // the XREAD ends by itself
  } catch (const ErrorReply& refused) {
    log::gen_log.warning(self->writer_->error(refused.what()).what());
  }
  self->interrupting_ = false;
}

void RedisCore::drop_idle() {
  std::vector<std::string> idle;
  for (const auto& topic : topics_->all()) {
    if (topic->readers == 0 && loop_.time() - topic->unused_since > options_.idle_timeout) {
      idle.push_back(topic->name());
    }
  }
  for (const std::string& name : idle) topics_->remove(name);
}

bool RedisCore::has_new_topic() const {
  return std::any_of(topics_->all().begin(), topics_->all().end(),
                     [](const auto& topic) { return !topic->loaded; });
}

void RedisCore::forget_loaded() {
  if (!topics_) return;
  for (const auto& topic : topics_->all()) topic->loaded = false;
}

}  // namespace detail

// ---- the public class ---------------------------------------------------------------------------

RedisBus::RedisBus(const std::string& url, const RedisBusOptions& options) {
  check_options(options);
  core_ = Ref<detail::RedisCore>(new detail::RedisCore(redis::parse_url(url), options));
  core_->start();
}

RedisBus::~RedisBus() {
  core_->stop();
}

Future<Cursor> RedisBus::publish(std::string topic, std::string message) {
  return detail::RedisCore::publish(core_, std::move(topic), std::move(message));
}

Future<Messages> RedisBus::after(std::string topic, Cursor cursor, std::size_t max) {
  return detail::RedisCore::after(core_, std::move(topic), cursor, max);
}

core::Owned<Bus> RedisBus::make(const std::string& url, const BusOptions& options) {
  return core::make_owned<RedisBus>(url, options);
}

bool detail::add_redis() {
  return add_engine("redis", &RedisBus::make);
}

}  // namespace tornado::bus
