#include <tornado/bus.h>

#include <optional>

#include "../loop_test_util.h"

namespace tornado {
namespace {

using bus::BusError;
using bus::BusOptions;
using bus::Cursor;
using bus::LocalBus;
using bus::Messages;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

std::vector<std::string> bodies(const Messages& messages) {
  std::vector<std::string> found;
  for (const auto& message : messages) found.push_back(message.body);
  return found;
}

class LocalBusTest : public ::testing::Test, protected test::VirtualLoop {
 protected:
  // The bus is made on the loop, which is current only while it runs.
  void make_bus(const BusOptions& options = {}) {
    loop.run_sync([&] { made.emplace(options); });
  }
  Cursor publish(const std::string& topic, const std::string& message) {
    return loop.run_sync([&] { return made->publish(topic, message); });
  }
  std::vector<std::string> after(const std::string& topic, Cursor cursor = {},
                                 std::size_t max = 100) {
    return bodies(loop.run_sync([&] { return made->after(topic, cursor, max); }, 1));
  }
  // Starts a reader. Its future is in `readers`.
  void start_reader(const std::string& topic, Cursor cursor = {}) {
    loop.run_sync([&] { readers.push_back(made->after(topic, cursor)); });
  }
  void settle() {
    loop.run_sync([]() -> Future<void> {
      for (int round = 0; round < 5; ++round) co_await gen::moment;
    });
  }

  std::optional<LocalBus> made;
  std::vector<Future<Messages>> readers;
};

// ---- cursors ------------------------------------------------------------------------------------

TEST(BusCursor, has_a_text_and_nothing_else_is_one) {
  const Cursor cursor{1'763'862'000'123, 7};
  EXPECT_EQ(cursor.text(), "1763862000123-7");
  EXPECT_EQ(Cursor::parse(cursor.text()), cursor);
  EXPECT_EQ(Cursor::parse("0"), Cursor());
  EXPECT_EQ(Cursor::parse("18446744073709551615-18446744073709551615"),
            (Cursor{UINT64_MAX, UINT64_MAX}));
  for (const char* text : {"", "-", "1", "1-", "-1", "1-1-1", "1-1 ", " 1-1", "+1-1", "1--1", "x",
                           "1.5", "$", "18446744073709551616-0", "0-18446744073709551616"}) {
    EXPECT_EQ(Cursor::parse(text), std::nullopt) << text;
  }
}

TEST_F(LocalBusTest, cursors_grow_within_a_millisecond_and_when_the_clock_stands_still) {
  make_bus();
  const Cursor first = publish("a", "1");
  const Cursor second = publish("b", "2");
  EXPECT_EQ(first, (Cursor{1'000'000, 0}));
  EXPECT_EQ(second, (Cursor{1'000'000, 1}));
  clock.advance(0.001);
  EXPECT_EQ(publish("a", "3"), (Cursor{1'000'001, 0}));
}

// ---- reading ------------------------------------------------------------------------------------

TEST_F(LocalBusTest, a_cursor_gives_what_came_after_it) {
  make_bus();
  std::vector<Cursor> cursors{Cursor()};
  for (const char* text : {"a", "b", "c"}) cursors.push_back(publish("room", text));
  EXPECT_THAT(after("room", cursors[0]), ElementsAre("a", "b", "c"));
  EXPECT_THAT(after("room", cursors[1]), ElementsAre("b", "c"));
  EXPECT_THAT(after("room", cursors[2]), ElementsAre("c"));
  EXPECT_THAT(after("room", cursors[0], 2), ElementsAre("a", "b"));
  EXPECT_THAT(after("room", cursors[0], 0), ElementsAre("a"));
}

TEST_F(LocalBusTest, readers_wait_for_their_topic) {
  make_bus();
  const Cursor seen = publish("room", "old");
  start_reader("room", seen);
  start_reader("room", seen);
  start_reader("other");
  settle();
  publish("room", "new");
  settle();
  ASSERT_TRUE(readers[0].done() && readers[1].done());
  EXPECT_THAT(bodies(readers[0].result()), ElementsAre("new"));
  EXPECT_THAT(bodies(readers[1].result()), ElementsAre("new"));
  EXPECT_FALSE(readers[2].done());
}

TEST_F(LocalBusTest, a_cancelled_reader_leaves_the_others_alone) {
  make_bus();
  start_reader("room");
  start_reader("room");
  settle();
  readers[0].cancel();
  settle();
  EXPECT_TRUE(readers[0].cancelled());
  publish("room", "news");
  settle();
  EXPECT_THAT(bodies(readers[1].result()), ElementsAre("news"));
}

TEST_F(LocalBusTest, readers_of_a_destroyed_bus_are_cancelled) {
  make_bus();
  start_reader("room");
  settle();
  loop.run_sync([&] { made.reset(); });
  settle();
  EXPECT_TRUE(readers[0].cancelled());
}

TEST_F(LocalBusTest, a_closed_loop_frees_the_readers_that_wait) {
  make_bus();
  start_reader("room");
  settle();
  loop.close();
  readers.clear();
  made.reset();
}

// ---- bounds -------------------------------------------------------------------------------------

TEST_F(LocalBusTest, keeps_the_latest_messages_and_bytes_of_a_topic) {
  BusOptions options;
  options.max_messages = 3;
  options.max_topic_size = 10;
  options.max_message_size = 20;
  make_bus(options);
  for (const char* text : {"a", "b", "c", "d"}) publish("room", text);
  EXPECT_THAT(after("room"), ElementsAre("b", "c", "d"));
  publish("room", "12345678");
  EXPECT_THAT(after("room"), ElementsAre("c", "d", "12345678"));
  publish("room", "123456789");
  EXPECT_THAT(after("room"), ElementsAre("123456789"));
  publish("room", std::string(20, 'x'));  // larger than the topic may be: kept alone
  EXPECT_THAT(after("room"), ElementsAre(std::string(20, 'x')));
}

TEST_F(LocalBusTest, the_longest_unused_topic_makes_room) {
  BusOptions options;
  options.max_topics = 2;
  make_bus(options);
  publish("a", "1");
  publish("b", "2");
  EXPECT_THAT(after("a"), ElementsAre("1"));
  publish("c", "3");  // b goes
  EXPECT_THAT(after("a"), ElementsAre("1"));
  EXPECT_THAT(after("c"), ElementsAre("3"));
  start_reader("b");
  settle();
  EXPECT_FALSE(readers[0].done());
}

TEST_F(LocalBusTest, topics_with_readers_stay) {
  BusOptions options;
  options.max_topics = 2;
  make_bus(options);
  start_reader("a");
  start_reader("b");
  settle();
  EXPECT_THAT([&] { publish("c", "x"); }, ThrowsMessage<BusError>(HasSubstr("all 2 topics")));
  EXPECT_THAT([&] { after("c"); }, ThrowsMessage<BusError>(HasSubstr("all 2 topics")));
  readers[0].cancel();
  settle();
  publish("c", "x");
  publish("b", "y");
  settle();
  EXPECT_THAT(bodies(readers[1].result()), ElementsAre("y"));
}

TEST_F(LocalBusTest, bad_names_and_long_messages_are_refused) {
  BusOptions options;
  options.max_message_size = 5;
  make_bus(options);
  publish(std::string(256, 't'), "12345");
  EXPECT_THAT([&] { publish("room", "123456"); },
              ThrowsMessage<std::invalid_argument>("a message of 6 bytes; max_message_size is 5"));
  EXPECT_THAT([&] { publish("", "x"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("this one has 0")));
  EXPECT_THAT([&] { after(std::string(257, 't')); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("this one has 257")));
}

// ---- open() -------------------------------------------------------------------------------------

TEST(BusOpen, knows_its_engines_and_does_not_repeat_a_password) {
  EXPECT_NE(dynamic_cast<LocalBus*>(bus::open("local").get()), nullptr);
  for (const char* url : {"", "Local", "local:", "redish://:secret@host"}) {
    EXPECT_THAT([&] { bus::open(url); },
                ThrowsMessage<std::invalid_argument>(::testing::AllOf(
                    HasSubstr("this program knows local"), ::testing::Not(HasSubstr("secret")))))
        << url;
  }
}

}  // namespace
}  // namespace tornado
