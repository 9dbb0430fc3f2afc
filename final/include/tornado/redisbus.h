// Public header: RedisBus, a Bus that many processes share through a Redis server. Not in Tornado.
// The component `redis`: link tornado::redis.
#pragma once

#include <tornado/bus.h>

namespace tornado::bus {

namespace detail {
class RedisCore;
}

struct RedisBusOptions : BusOptions {
  RedisBusOptions() {}
  RedisBusOptions(const BusOptions& bounds) : BusOptions(bounds) {}

  std::string prefix = "tornado:";  // the stream of topic "chat" has the key "tornado:chat"
  // Seconds for which Redis may leave a command without a reply. Then the connection is closed, and
  // what waits for replies fails.
  double reply_timeout = 2;
  // Seconds for which one XREAD waits for messages. If the machine of Redis is gone, the readers'
  // connection notices after this and the reply_timeout.
  double max_block_time = 2;
  std::size_t max_pending = 1000;  // publications without a reply; one more fails at once
  // Reconnecting waits between half and all of a pause, at random, so that not all processes come
  // at the same moment. The pause doubles with each failure, from `min_` to `max_reconnect_pause`.
  double min_reconnect_pause = 0.05;
  double max_reconnect_pause = 5;
  double idle_timeout = 60;  // seconds after which a topic without readers leaves this process
};

// Each topic is a stream of Redis (XADD, XREAD), whose IDs are the cursors. Needs Redis 6 or newer.
// The URL is
//
//   redis://HOST[:PORT][/DATABASE]   redis://:PASSWORD@HOST...   redis://USER:PASSWORD@HOST...
//
// with %-escapes in user and password; port 6379 and database 0 unless named.
//
// The object connects twice, from the loop that was current when it was made: one connection
// publishes, the other one reads all topics of the process with one XREAD. Both reconnect for ever.
// While Redis cannot be reached, refuses the password, hangs or loads its data, publish() fails
// with BusError and readers wait; when it is back, they continue where they were. The problem is
// logged once, not for each attempt. If Redis replies with an error, for instance because its
// memory is full (OOM), only the call concerned fails.
//
// Whenever something arrives, XREAD is sent again with the names of all topics that are read here.
// So a process should read hundreds of topics, not tens of thousands.
//
// A published message is as safe as Redis keeps it: with `appendonly yes` it survives the end of
// redis-server, and with `appendfsync always` also a failure of the machine. Redis keeps about
// max_messages of a topic, never fewer. Of each topic this process keeps at most max_messages that
// it has read; Redis serves the readers that are further behind.
class RedisBus final : public Bus {
 public:
  // Returns at once; the first publish() waits for the connection. Throws std::invalid_argument
  // for a URL that is not as above, and for options that are not positive.
  explicit RedisBus(const std::string& url, const RedisBusOptions& options = {});
  ~RedisBus() override;

  Future<Cursor> publish(std::string topic, std::string message) override;
  Future<Messages> after(std::string topic, Cursor cursor, std::size_t max = 100) override;

  // For bus::open().
  static core::Owned<Bus> make(const std::string& url, const BusOptions& options);

 private:
  core::Ref<detail::RedisCore> core_;
};

namespace detail {
// Makes "redis:" known to open(). Returns true.
bool add_redis();
inline const bool redis_added = add_redis();
}  // namespace detail

}  // namespace tornado::bus
