#include "02-3-slow-listener/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <list>
#include <string>
#include <system_error>
#include <utility>

#include "02-select/nonblocking.h"
#include "support/story.h"

namespace {

using mini::Socket;
using std::chrono::milliseconds;
using story::Story;

// A relay, its talker and its listeners, all in one thread.
class Station {
 public:
  explicit Station(Story& story) : story_(story), relay_(make_ends(talker_)) {}

  // Returns the listener's own end.
  Socket& add_listener() {
    relay_.add(make_ends(listeners_.emplace_back()));
    return listeners_.back();
  }
  // Adds a listener whose socket is full, so the relay's writes to it fail with "not now".
  void add_full_listener() {
    Socket theirs = make_ends(listeners_.emplace_back());
    mini::make_nonblocking(theirs);
    const std::string much(8192, 'x');
    while (mini::if_ready([&] { return theirs.write(much); })) continue;
    relay_.add(std::move(theirs));
  }
  // Lets the talker send `size` bytes while the relay does its rounds and `reader` reads. Returns
  // how many bytes `reader` got.
  std::size_t say(std::size_t size, Socket* reader) {
    std::size_t got = 0;
    const std::string piece(std::min<std::size_t>(size, 8192), 'x');
    for (std::size_t said = 0; said < size;) {
      said += mini::if_ready([&] { return talker_.write(piece); }).value_or(0);
      relay_.round(milliseconds(0));
      if (reader != nullptr) got += take_all(*reader);
    }
    return got;
  }
  // Lets the talker send this, in one piece, and the relay do a round.
  void say_text(const std::string& text) {
    EXPECT_EQ(mini::if_ready([&] { return talker_.write(text); }), text.size());
    relay_.round(milliseconds(0));
  }
  // Returns what one read gets; nothing if nothing is there.
  static std::string read_some(Socket& reader) {
    std::string piece(65536, '\0');
    piece.resize(
        mini::if_ready([&] { return reader.read(piece.data(), piece.size()); }).value_or(0));
    return piece;
  }
  void leave() {
    story_.step("the talker leaves");
    talker_.close();
  }
  // Does rounds until the relay has nothing left to do. Returns how many bytes `reader` got.
  std::size_t finish(Socket& reader) {
    std::size_t got = 0;
    while (relay_.round(milliseconds(10))) got += take_all(reader);
    return got + take_all(reader);
  }
  static std::size_t take_all(Socket& reader) {
    std::array<char, 65536> piece;
    std::size_t got = 0;
    while (const std::size_t size = mini::if_ready([&] {
                                      return reader.read(piece.data(), piece.size());
                                    }).value_or(0)) {
      got += size;
    }
    return got;
  }
  Relay& relay() { return relay_; }

 private:
  static Socket make_ends(Socket& ours) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
    ours = Socket(fds[0]);
    mini::make_nonblocking(ours);
    return Socket(fds[1]);
  }
  Story& story_;
  Socket talker_;
  std::list<Socket> listeners_;
  Relay relay_;
};

TEST(Relay, two_listeners_that_read) {
  Story story("This one passes with the starter: as long as every listener reads, all is well.");
  Station station(story);
  Socket& first = station.add_listener();
  Socket& second = station.add_listener();
  story.step("the talker says 8192 bytes to two listeners");
  std::size_t got = station.say(8192, &first);
  station.leave();
  got += station.finish(first);
  story.expect("what the first got", std::size_t{8192}, got);
  story.expect("what the second got", std::size_t{8192}, station.finish(second));
}

TEST(Relay, a_customer_on_a_bad_line) {
  Story story(
      "Every byte arrives, and none arrives twice. Yet in the middle of one price there is "
      "another.");
  Station station(story);
  Socket& listener = station.add_listener();
  story.step("the talker says 100,000 prices; the listener reads what has arrived, now and then");
  std::string said;
  for (int i = 100'000; i < 200'000; ++i) said += std::to_string(i) + " ";
  std::string heard;
  for (std::size_t at = 0, round = 0; at < said.size(); at += 4096, ++round) {
    station.say_text(said.substr(at, 4096));
    if (round % 64 == 63) heard += Station::read_some(listener);
  }
  station.leave();
  while (station.relay().round(milliseconds(10))) heard += Station::read_some(listener);
  for (std::string rest; !(rest = Station::read_some(listener)).empty();) heard += rest;
  story.expect("how many bytes it heard", said.size(), heard.size());
  story.expect("it heard what was said", true, heard == said);
}

TEST(Relay, one_listener_that_reads_a_little) {
  Story story(
      "Writable means that some bytes fit, not that all of them do. A blocking write then\n"
      "  waits until this one listener has read the rest, and the only thread waits with it.");
  Station station(story);
  Socket& reads = station.add_listener();
  Socket& slow = station.add_listener();
  story.step("two listeners join; the talker says 819,200 bytes, and the second reads nothing");
  std::size_t got = station.say(819'200, &reads);
  story.step("the second reads what has arrived, and stops again; the talker says 81,920 more");
  Station::take_all(slow);
  got += station.say(81'920, &reads);
  story.expect("the first listener got more than 800,000 of them", true, got > 800'000);
}

TEST(Relay, one_listener_that_reads_late) {
  Story story(
      "Bytes that did not fit are lost, unless you keep them and send them when there is room.\n"
      "  A write returns how many it took.");
  Station station(story);
  Socket& late = station.add_listener();
  story.step("the talker says 819,200 bytes; the listener reads nothing of it yet");
  std::size_t got = station.say(819'200, nullptr);
  station.leave();
  story.step("now the listener reads everything it can get");
  got += station.finish(late);
  story.expect("what it got", std::size_t{819'200}, got);
}

TEST(Relay, a_silent_talker) {
  Story story(
      "An idle socket is writable all the time. If you ask about it with nothing to send,\n"
      "  select returns at once, and the relay never sleeps.");
  Station station(story);
  for (int i = 0; i < 3; ++i) station.add_listener();
  story.step("three listeners, a silent talker: round(50 ms) is called");
  const auto start = std::chrono::steady_clock::now();
  station.relay().round(milliseconds(50));
  story.expect("it slept 50 ms", true,
               std::chrono::steady_clock::now() - start >= milliseconds(50));
}

TEST(Relay, one_listener_that_never_reads) {
  Story story(
      "A buffer without a limit only moves the fault: the relay no longer stops, it grows\n"
      "  until the system kills it. Disconnect a listener that is more than kMaxBehind bytes\n"
      "  behind.");
  Station station(story);
  Socket& reads = station.add_listener();
  station.add_listener();
  story.step("two listeners join; the second never reads; the talker says 4,000,000 bytes");
  station.say(4'000'000, &reads);
  story.expect("the listeners that are left", std::size_t{1}, station.relay().listeners());
}

TEST(Relay, a_listener_that_is_as_far_behind_as_it_may_be) {
  Story story("kMaxBehind bytes are allowed. One more is too many.");
  Station station(story);
  story.step("a listener joins whose kernel has no room; the talker says kMaxBehind bytes");
  station.add_full_listener();
  for (std::size_t said = 0; said < Relay::kMaxBehind; said += 8192) station.say(8192, nullptr);
  story.expect("the listeners that are left", std::size_t{1}, station.relay().listeners());
  story.step("the talker says one more byte");
  station.say(1, nullptr);
  story.expect("the listeners that are left", std::size_t{0}, station.relay().listeners());
}

TEST(Relay, one_listener_that_leaves) {
  Story story(
      "A listener that has left must not harm the others. The exception of its write must not\n"
      "  end their round.");
  Station station(story);
  Socket& leaves = station.add_listener();
  Socket& stays = station.add_listener();
  story.step("two listeners join, and the first leaves; the talker says 16,384 bytes");
  leaves.close();
  std::size_t got = 0;
  std::string thrown = "nothing";
  try {
    got = station.say(16'384, &stays);
    station.leave();
    got += station.finish(stays);
  } catch (const std::system_error& error) {
    thrown = error.what();
  }
  story.expect("what round() throws", std::string("nothing"), thrown);
  story.expect("what the second got", std::size_t{16'384}, got);
  story.expect("the listeners that are left", std::size_t{1}, station.relay().listeners());
}

}  // namespace
