#include <fcntl.h>
#include <tornado/redisbus.h>
#include <tornado/tcpserver.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "../../loop/loop_test_util.h"
#include "redis_server.h"

namespace tornado {
namespace {

using bus::BusError;
using bus::Cursor;
using bus::Messages;
using bus::RedisBus;
using bus::RedisBusOptions;
using test::RedisServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

constexpr double kLimit = 30;  // seconds; nothing here takes one

std::vector<std::string> bodies(const Messages& messages) {
  std::vector<std::string> found;
  for (const auto& message : messages) found.push_back(message.body);
  return found;
}

class RedisBusTest : public ::testing::Test {
 protected:
  static RedisBusOptions quick() {
    RedisBusOptions options;
    options.reply_timeout = 20;
    options.max_block_time = 3600;  // no test waits for its end
    options.max_reconnect_pause = 0.05;
    return options;
  }
  std::unique_ptr<RedisBus> make(const std::string& url, const RedisBusOptions& options = quick()) {
    std::unique_ptr<RedisBus> made;
    loop.run_sync([&] { made = std::make_unique<RedisBus>(url, options); });
    return made;
  }
  Cursor publish(RedisBus& bus, const std::string& topic, const std::string& message) {
    return loop.run_sync([&] { return bus.publish(topic, message); }, kLimit);
  }
  std::vector<std::string> after(RedisBus& bus, const std::string& topic, Cursor cursor = {},
                                 std::size_t max = 100) {
    return bodies(loop.run_sync([&] { return bus.after(topic, cursor, max); }, kLimit));
  }
  Future<Messages> start_reader(RedisBus& bus, const std::string& topic, Cursor cursor = {}) {
    std::optional<Future<Messages>> reader;
    loop.run_sync([&] { reader.emplace(bus.after(topic, cursor)); });
    return *reader;
  }
  std::vector<std::string> result(const Future<Messages>& reader) {
    return bodies(loop.run_sync([&] { return reader; }, kLimit));
  }
  // Publishes until it works again.
  Cursor publish_at_last(RedisBus& bus, const std::string& topic, const std::string& message) {
    while (true) {
      try {
        return publish(bus, topic, message);
      } catch (const BusError&) {
        turn();
      }
    }
  }
  // Runs the loop for a moment: what another process does has no event to wait for.
  void turn() {
    loop.run_sync([]() -> Future<void> { co_await gen::sleep(0.002); });
  }
  void wait_blocked(const RedisServer& server, int clients) {
    while (server.blocked_clients() != clients) turn();
  }

  ioloop::IOLoop loop;
};

// ---- messages -----------------------------------------------------------------------------------

TEST_F(RedisBusTest, a_message_reaches_readers_of_every_process) {
  const RedisServer server;
  const auto one = make(server.url());
  const auto two = make(server.url());
  const auto here = start_reader(*one, "room");
  const auto there = start_reader(*two, "room");
  const Cursor cursor = publish(*one, "room", std::string("gr\xc3\xbc\0\xff\r\n", 8));
  const auto expected = ElementsAre(std::string("gr\xc3\xbc\0\xff\r\n", 8));
  EXPECT_THAT(result(here), expected);
  EXPECT_THAT(result(there), expected);
  EXPECT_EQ(here.result()[0].cursor, cursor);
  EXPECT_EQ(there.result()[0].cursor, cursor);
}

TEST_F(RedisBusTest, its_sockets_do_not_outlive_the_program_at_an_exec) {
  const RedisServer server;
  const auto bus = make(server.url());
  publish(*bus, "room", "a");
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the directory's own descriptor
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (!target.starts_with("socket:")) continue;
    ++sockets;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_GT(sockets, 0);
}

TEST_F(RedisBusTest, a_cursor_goes_on_without_gap_or_repeat) {
  const RedisServer server;
  const auto bus = make(server.url());
  std::vector<Cursor> cursors{Cursor()};
  for (const char* text : {"a", "b", "c"}) cursors.push_back(publish(*bus, "room", text));
  EXPECT_TRUE(cursors[1] < cursors[2] && cursors[2] < cursors[3]);
  EXPECT_THAT(after(*bus, "room", cursors[0]), ElementsAre("a", "b", "c"));
  EXPECT_THAT(after(*bus, "room", cursors[1], 1), ElementsAre("b"));
  EXPECT_THAT(after(*bus, "room", cursors[2]), ElementsAre("c"));
  const auto next = start_reader(*bus, "room", cursors[3]);
  wait_blocked(server, 1);
  publish(*bus, "room", "d");
  EXPECT_THAT(result(next), ElementsAre("d"));
}

TEST_F(RedisBusTest, a_reader_far_behind_is_served_by_redis) {
  const RedisServer server;
  auto options = quick();
  options.max_messages = 500;
  options.max_topic_size = 50;  // of this process: it keeps a few of the messages
  const auto bus = make(server.url(), options);
  std::vector<std::string> said;
  for (int number = 0; number < 250; ++number) {
    said.push_back("message " + std::to_string(number));
    publish(*bus, "room", said.back());
  }
  std::vector<std::string> heard;
  Cursor cursor;
  while (heard.size() < said.size()) {
    const Messages messages = loop.run_sync([&] { return bus->after("room", cursor, 30); }, kLimit);
    EXPECT_LE(messages.size(), 30u);
    for (const auto& message : messages) heard.push_back(message.body);
    cursor = messages.back().cursor;
  }
  EXPECT_EQ(heard, said);
}

TEST_F(RedisBusTest, a_new_topic_interrupts_the_read_that_waits) {
  const RedisServer server;
  const auto bus = make(server.url());  // an XREAD would wait for an hour
  const auto first = start_reader(*bus, "first");
  wait_blocked(server, 1);
  std::vector<Future<Messages>> others;
  for (int number = 0; number < 20; ++number) {
    others.push_back(start_reader(*bus, "topic " + std::to_string(number)));
    publish(*bus, "topic " + std::to_string(number), "hello");
  }
  for (const auto& other : others) EXPECT_THAT(result(other), ElementsAre("hello"));
  EXPECT_FALSE(first.done());
  publish(*bus, "first", "and you");
  EXPECT_THAT(result(first), ElementsAre("and you"));
}

TEST_F(RedisBusTest, what_other_programs_write_into_the_stream_is_passed_over) {
  const RedisServer server;
  const auto bus = make(server.url());
  server.ask({"XADD", "tornado:room", "*", "a", "1", "b", "2"});
  publish(*bus, "room", "ours");
  EXPECT_THAT(after(*bus, "room"), ElementsAre("ours"));
  const auto next = start_reader(*bus, "room", publish(*bus, "room", "more"));
  wait_blocked(server, 1);
  server.ask({"XADD", "tornado:room", "*", "x", "y"});
  publish(*bus, "room", "last");
  EXPECT_THAT(result(next), ElementsAre("last"));
}

TEST_F(RedisBusTest, redis_keeps_a_bounded_number) {
  const RedisServer server;
  auto options = quick();
  options.max_messages = 100;
  const auto bus = make(server.url(), options);
  for (int number = 0; number < 1000; ++number) publish(*bus, "room", std::to_string(number));
  const int kept = std::stoi(server.ask({"XLEN", "tornado:room"}));
  EXPECT_GE(kept, 100);
  EXPECT_LE(kept, 300);  // whole nodes of 100 are dropped
}

TEST_F(RedisBusTest, unused_topics_make_room_and_lose_nothing) {
  const RedisServer server;
  auto options = quick();
  options.max_topics = 1;
  const auto bus = make(server.url(), options);
  publish(*bus, "a", "1");
  publish(*bus, "b", "2");
  EXPECT_THAT(after(*bus, "a"), ElementsAre("1"));
  EXPECT_THAT(after(*bus, "b"), ElementsAre("2"));  // a has made room
  EXPECT_THAT(after(*bus, "a"), ElementsAre("1"));  // and nothing was lost
  const auto reader = start_reader(*bus, "c");
  EXPECT_THAT([&] { after(*bus, "a"); }, ThrowsMessage<BusError>(HasSubstr("all 1 topics")));
  publish(*bus, "a", "3");  // needs no room here
}

TEST_F(RedisBusTest, topics_without_readers_are_read_no_more) {
  const RedisServer server;
  auto options = quick();
  options.max_block_time = 0.02;
  options.idle_timeout = 0.05;
  const auto bus = make(server.url(), options);
  publish(*bus, "idle", "x");
  EXPECT_THAT(after(*bus, "idle"), ElementsAre("x"));
  const auto reader = start_reader(*bus, "busy");
  redisContext* const monitor = redisConnect("127.0.0.1", server.port());
  freeReplyObject(redisCommand(monitor, "MONITOR"));
  std::string seen;
  // In an XREAD of this topic alone, the cursor comes directly after the topic's name.
  while (seen.find(R"("STREAMS" "tornado:busy" "0-0")") == std::string::npos) {
    turn();
    char data[4096];
    const ssize_t size = ::recv(monitor->fd, data, sizeof data, MSG_DONTWAIT);
    if (size > 0) seen.append(data, static_cast<std::size_t>(size));
  }
  redisFree(monitor);
  EXPECT_FALSE(reader.done());
}

// ---- Redis is away ------------------------------------------------------------------------------

TEST_F(RedisBusTest, without_redis_publishing_fails_and_readers_wait) {
  const test::Logged logged;
  const int port = test::free_port();
  const auto bus = make("redis://127.0.0.1:" + std::to_string(port));
  try {
    publish(*bus, "room", "lost");
    FAIL() << "published, without Redis";
  } catch (const BusError& error) {
    EXPECT_EQ(std::string(error.what()),
              "redis://127.0.0.1:" + std::to_string(port) + ": Connection refused");
    EXPECT_GE(error.retry_after, 1);
  }
  const auto reader = start_reader(*bus, "room");
  for (int i = 0; i < 100; ++i) turn();  // several attempts
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(logged.lines().size(), 2u) << "one line for each connection";
  const RedisServer server({}, port);
  publish_at_last(*bus, "room", "here again");
  EXPECT_THAT(result(reader), ElementsAre("here again"));
}

TEST_F(RedisBusTest, a_name_that_does_not_exist_is_named) {
  const test::Logged logged;
  const auto bus = make("redis://no-such-host.invalid:1");
  EXPECT_THAT([&] { publish(*bus, "room", "x"); },
              ThrowsMessage<BusError>(HasSubstr("no-such-host.invalid")));
}

TEST_F(RedisBusTest, what_was_acknowledged_survives_kill_9) {
  const test::Logged logged;
  RedisServer server;
  const auto writer = make(server.url());
  const auto listener = make(server.url());
  std::vector<std::string> acknowledged;
  std::vector<std::string> heard;
  Cursor cursor;
  auto reader = start_reader(*listener, "room");
  const auto hear = [&] {
    for (const auto& message : reader.result()) {
      heard.push_back(message.body);
      cursor = message.cursor;
    }
    reader = start_reader(*listener, "room", cursor);
  };
  int failed = 0;
  for (int number = 0; number < 300; ++number) {
    if (number % 100 == 50) {
      server.kill();
    } else if (number % 100 == 60) {
      server.start();
    }
    try {
      publish(*writer, "room", std::to_string(number));
      acknowledged.push_back(std::to_string(number));
    } catch (const BusError&) {
      ++failed;
    }
    if (reader.done()) hear();
  }
  EXPECT_GE(failed, 30);
  publish_at_last(*writer, "room", "end");
  acknowledged.push_back("end");
  while (heard.empty() || heard.back() != "end") {
    result(reader);
    hear();
  }
  EXPECT_EQ(heard, acknowledged);
}

TEST_F(RedisBusTest, a_redis_that_hangs_is_given_up_and_found_again) {
  const test::Logged logged;
  const RedisServer server;
  auto options = quick();
  options.reply_timeout = 0.2;
  const auto bus = make(server.url(), options);
  const Cursor before = publish(*bus, "room", "before");
  const auto reader = start_reader(*bus, "room", before);
  wait_blocked(server, 1);
  server.signal(SIGSTOP);
  EXPECT_THAT([&] { publish(*bus, "room", "stalled"); },
              ThrowsMessage<BusError>(HasSubstr("no reply in time")));
  EXPECT_THAT([&] { publish(*bus, "room", "away"); },
              ThrowsMessage<BusError>(HasSubstr("no reply")));
  EXPECT_FALSE(reader.done());
  server.signal(SIGCONT);
  publish_at_last(*bus, "room", "after");
  // The stalled message may have arrived: its fate was unknown.
  EXPECT_THAT(result(reader).front(), ::testing::AnyOf("stalled", "after"));
}

TEST_F(RedisBusTest, publications_without_a_reply_are_bounded) {
  const test::Logged logged;
  const RedisServer server;
  auto options = quick();
  options.max_pending = 3;
  const auto bus = make(server.url(), options);
  publish(*bus, "room", "0");
  server.signal(SIGSTOP);
  std::vector<Future<Cursor>> sent;
  loop.run_sync([&] {
    for (int i = 0; i < 3; ++i) sent.push_back(bus->publish("room", "x"));
  });
  EXPECT_THAT([&] { publish(*bus, "room", "x"); },
              ThrowsMessage<BusError>(HasSubstr("3 publications wait")));
  server.signal(SIGCONT);
  for (const auto& one : sent) loop.run_sync([&] { return one; }, kLimit);
}

// ---- Redis refuses ------------------------------------------------------------------------------

TEST_F(RedisBusTest, a_wrong_password_is_reported_and_not_shown) {
  const test::Logged logged;
  const RedisServer server({"--requirepass", "open sesame"});
  const std::string port = std::to_string(server.port());
  const auto wrong = make("redis://:sesam@127.0.0.1:" + port);
  EXPECT_THAT([&] { publish(*wrong, "room", "x"); },
              ThrowsMessage<BusError>(AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("sesam@")))));
  const auto without = make("redis://127.0.0.1:" + port);
  EXPECT_THAT([&] { publish(*without, "room", "x"); },
              ThrowsMessage<BusError>(HasSubstr("NOAUTH")));
  const auto right = make("redis://:open%20sesame@127.0.0.1:" + port + "/3");
  publish(*right, "room", "x");
  EXPECT_THAT(after(*right, "room"), ElementsAre("x"));
  const auto user = make("redis://default:open%20sesame@127.0.0.1:" + port + "/3");
  EXPECT_THAT(after(*user, "room"), ElementsAre("x"));
}

TEST_F(RedisBusTest, a_database_that_does_not_exist_is_reported) {
  const test::Logged logged;
  const RedisServer server;
  const auto bus = make(server.url() + "/99");
  EXPECT_THAT([&] { publish(*bus, "room", "x"); }, ThrowsMessage<BusError>(HasSubstr("DB index")));
}

TEST_F(RedisBusTest, a_full_redis_takes_nothing_and_still_serves_readers) {
  const RedisServer server;
  const auto bus = make(server.url());
  publish(*bus, "room", "before");
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT([&] { publish(*bus, "room", "x"); }, ThrowsMessage<BusError>(HasSubstr("OOM")));
  EXPECT_THAT(after(*bus, "room"), ElementsAre("before"));
  server.ask({"CONFIG", "SET", "maxmemory", "0"});
  publish(*bus, "room", "after");
}

TEST_F(RedisBusTest, a_key_of_another_type_concerns_its_topic_only) {
  const test::Logged logged;
  const RedisServer server;
  const auto bus = make(server.url());
  const auto good = start_reader(*bus, "good");
  wait_blocked(server, 1);
  server.ask({"SET", "tornado:bad", "text"});
  EXPECT_THAT([&] { after(*bus, "bad"); }, ThrowsMessage<BusError>(HasSubstr("WRONGTYPE")));
  EXPECT_THAT([&] { publish(*bus, "bad", "x"); }, ThrowsMessage<BusError>(HasSubstr("WRONGTYPE")));
  // One that becomes another while it is read.
  const auto late = start_reader(*bus, "late");
  wait_blocked(server, 1);
  server.ask({"SET", "tornado:late", "text"});
  const auto wake = start_reader(*bus, "another");  // so that XREAD asks again
  EXPECT_THAT([&] { result(late); }, ThrowsMessage<BusError>(HasSubstr("WRONGTYPE")));
  publish(*bus, "good", "news");
  EXPECT_THAT(result(good), ElementsAre("news"));
}

TEST_F(RedisBusTest, a_server_that_is_not_redis_is_reported) {
  const test::Logged logged;
  struct Web final : tcpserver::TCPServer {
    Future<void> handle_stream(iostream::IOStream stream, netutil::Address /*peer*/) override {
      co_await stream.write("HTTP/1.1 400 Bad Request\r\n\r\n");
      auto rest = stream.read_until_close();
      co_await rest;
    }
  };
  Web server;
  int port = 0;
  loop.run_sync([&] {
    server.listen(0, "127.0.0.1");
    port = server.port();
  });
  const auto bus = make("redis://127.0.0.1:" + std::to_string(port));
  EXPECT_THAT([&] { publish(*bus, "room", "x"); },
              ThrowsMessage<BusError>(HasSubstr("Protocol error")));
}

// ---- the end ------------------------------------------------------------------------------------

TEST_F(RedisBusTest, readers_can_be_cancelled_and_end_with_the_bus) {
  const RedisServer server;
  auto bus = make(server.url());
  const auto one = start_reader(*bus, "room");
  const auto two = start_reader(*bus, "room");
  wait_blocked(server, 1);
  one.cancel();
  turn();
  EXPECT_TRUE(one.cancelled());
  EXPECT_FALSE(two.done());
  loop.run_sync([&] { bus.reset(); });
  turn();
  EXPECT_TRUE(two.cancelled());
}

TEST_F(RedisBusTest, leaves_no_descriptor_open) {
  const RedisServer server;
  turn();
  const int before = test::open_descriptors();
  for (int i = 0; i < 5; ++i) {
    auto bus = make(server.url());
    publish(*bus, "room", "x");
    after(*bus, "room");
    loop.run_sync([&] { bus.reset(); });
    turn();
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST_F(RedisBusTest, a_closed_loop_frees_everything) {
  const RedisServer server;
  auto bus = make(server.url());
  publish(*bus, "room", "x");
  auto reader = start_reader(*bus, "other");
  wait_blocked(server, 1);
  loop.close();
  bus.reset();
  EXPECT_FALSE(reader.done() && !reader.cancelled());
}

// ---- URLs and options ---------------------------------------------------------------------------

TEST_F(RedisBusTest, bad_urls_and_options_are_refused) {
  for (const char* url : {"redis:",
                          "redis://",
                          "redis:///0",
                          "redis://:6379",
                          "redis://host:0",
                          "redis://host:65536",
                          "redis://host:x",
                          "redis://host:",
                          "redis://host/x",
                          "redis://host/-1",
                          "redis://host/0/0",
                          "redis://host?db=1",
                          "redis://user@host",
                          "redis://:@host",
                          "redis://[::1",
                          "redis://[::1]x",
                          "redis://ho st",
                          "http://host",
                          "rediss://host",
                          "redis://:secret@host:99999"}) {
    EXPECT_THAT([&] { make(url); }, ThrowsMessage<std::invalid_argument>(AllOf(
                                        HasSubstr("bad URL of Redis"), Not(HasSubstr("secret")))))
        << url;
  }
}

TEST_F(RedisBusTest, an_option_that_is_not_positive_is_named_with_its_value) {
  const auto refusal = [&](auto option, auto value) -> std::string {
    auto options = quick();
    options.*option = value;
    try {
      make("redis://127.0.0.1", options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  using Options = RedisBusOptions;
  constexpr std::size_t none = 0;
  EXPECT_EQ(refusal(&Options::reply_timeout, 0.0),
            "RedisBus: reply_timeout is 0, but must be positive; set a larger value, or keep the "
            "default");
  EXPECT_THAT(refusal(&Options::max_messages, none), HasSubstr(" max_messages is 0,"));
  EXPECT_THAT(refusal(&Options::max_pending, none), HasSubstr(" max_pending is 0,"));
  EXPECT_THAT(refusal(&Options::max_topics, none), HasSubstr(" max_topics is 0,"));
  EXPECT_THAT(refusal(&Options::max_block_time, -0.5), HasSubstr(" max_block_time is -0.5,"));
  EXPECT_THAT(refusal(&Options::min_reconnect_pause, -1e300),
              HasSubstr(" min_reconnect_pause is -1e+300,"));
  EXPECT_THAT(refusal(&Options::max_reconnect_pause, 0.0), HasSubstr(" max_reconnect_pause is 0,"));
  EXPECT_THAT(refusal(&Options::idle_timeout, std::nan("")), HasSubstr(" idle_timeout is nan,"));
}

TEST_F(RedisBusTest, topics_and_messages_have_limits) {
  const RedisServer server;
  auto options = quick();
  options.max_message_size = 5;
  const auto bus = make(server.url(), options);
  EXPECT_THROW(publish(*bus, "room", "123456"), std::invalid_argument);
  EXPECT_THROW(publish(*bus, "", "1"), std::invalid_argument);
  EXPECT_THROW(after(*bus, std::string(257, 'x')), std::invalid_argument);
  publish(*bus, "room", "12345");
}

TEST_F(RedisBusTest, open_knows_redis) {
  core::Owned<bus::Bus> made;
  const test::Logged logged;
  loop.run_sync([&] { made = bus::open("redis://127.0.0.1:1"); });
  EXPECT_NE(dynamic_cast<RedisBus*>(made.get()), nullptr);
}

}  // namespace
}  // namespace tornado
