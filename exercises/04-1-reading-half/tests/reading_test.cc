#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "04-iostream/iostream.h"
#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace {

using mini::IOLoop;
using mini::IOStream;
using story::Story;
using Messages = std::vector<std::string>;

// A client, and a stream at the other end of its connection.
class Talk {
 public:
  explicit Talk(Story& story)
      : story_(story), stream_(IOStream::create(loop_, std::move(pair_.server))) {}

  void read_until(const std::string& delimiter, std::size_t max_bytes = IOStream::kMaxBufferSize) {
    story_.step("read_until(" + story::in_quotes(delimiter) + ") is called");
    stream_->read_until(delimiter, [this](std::string data) { take(std::move(data)); }, max_bytes);
  }
  void read_bytes(std::size_t count, bool partial = false) {
    story_.step("read_bytes(" + std::to_string(count) + (partial ? ", partial" : "") +
                ") is called");
    stream_->read_bytes(count, [this](std::string data) { take(std::move(data)); }, partial);
  }
  void send(const std::string& data) {
    story_.step("the client sends " + story::in_quotes(data));
    pair_.client.send(data);
    run();
  }
  // Lets the stream read what was sent, as far as somebody reads it.
  void run() {
    for (int i = 0; i < 20; ++i) {
      loop_.add_callback([this] { loop_.stop(); });
      loop_.start();
    }
  }
  bool expect(const Messages& messages) {
    return story_.expect("the messages delivered so far", messages, messages_);
  }
  IOLoop& loop() { return loop_; }
  mini::Client& client() { return pair_.client; }
  IOStream& stream() { return *stream_; }
  const Messages& messages() const { return messages_; }

 private:
  void take(std::string data) { messages_.push_back(std::move(data)); }

  Story& story_;
  mini::Pair pair_;
  IOLoop loop_;
  std::shared_ptr<IOStream> stream_;
  Messages messages_;
};

TEST(Stream, a_message_in_one_piece) {
  Story story("This one passes on the starter: one message, one piece.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("hello\n");
  talk.expect({"hello\n"});
}

TEST(Stream, a_message_in_two_pieces) {
  Story story("A read returns what has arrived, not what somebody meant to say.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("hel");
  talk.expect({});
  talk.send("lo\n");
  talk.expect({"hello\n"});
}

TEST(Stream, two_messages_in_one_piece) {
  Story story(
      "Bytes that came with the last message are here already. The kernel will not report them "
      "again, so a\n"
      "  stream that waits for the kernel now waits for ever.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("one\ntwo\nthr");
  talk.expect({"one\n"});
  talk.read_until("\n");
  talk.run();
  talk.expect({"one\n", "two\n"});
  talk.read_until("\n");
  talk.send("ee\n");
  talk.expect({"one\n", "two\n", "three\n"});
}

TEST(Stream, a_delimiter_in_two_pieces) {
  Story story(
      "A delimiter may come in pieces too. A search that continues after the bytes it has seen "
      "misses one\n"
      "  that began in them.");
  for (const std::size_t cut : {4u, 5u, 6u, 7u, 8u}) {
    Talk talk(story);
    const std::string message = "head\r\n\r\nbody";
    talk.read_until("\r\n\r\n");
    talk.send(message.substr(0, cut));
    talk.send(message.substr(cut));
    if (!talk.expect({"head\r\n\r\n"})) return;
  }
}

TEST(Stream, so_many_bytes) {
  Story story("read_bytes waits for all of them; with `partial`, for any number from 1 on.");
  Talk talk(story);
  talk.read_bytes(5);
  talk.send("abc");
  talk.expect({});
  talk.send("defgh");
  talk.expect({"abcde"});
  talk.read_bytes(2, true);
  talk.run();
  talk.expect({"abcde", "fg"});
  talk.read_bytes(100, true);
  talk.run();
  talk.expect({"abcde", "fg", "h"});
  talk.read_bytes(0);
  talk.run();
  talk.expect({"abcde", "fg", "h", ""});
}

TEST(Stream, a_callback_is_not_called_at_once) {
  Story story(
      "A callback that is called inside read_until calls read_until, which calls it again: the "
      "client decides\n"
      "  how deep your stack is. And the caller of read_until is in the middle of something.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("one\ntwo\n");
  talk.read_until("\n");
  story.expect("callbacks that were called before read_until returned", std::size_t{1},
               talk.messages().size());
  talk.run();
  talk.expect({"one\n", "two\n"});
}

bool refuses_a_read(Talk& talk) {
  try {
    talk.read_bytes(1);
  } catch (const std::logic_error&) {
    return true;
  }
  return false;
}

TEST(Stream, one_read_at_a_time) {
  Story story("Two reads at once: which of them would get the first message?");
  Talk talk(story);
  talk.read_until("\n");
  story.expect("the second one throws std::logic_error", true, refuses_a_read(talk));
}

TEST(Stream, a_message_on_its_way) {
  Story story(
      "A read is over when its callback is called, not when its bytes are here. A new read before "
      "that would\n"
      "  ask for bytes without having seen the last ones: delivering_ tells.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("one\ntwo\nthree\n");
  talk.read_until("\n");
  story.expect("the third one, before the callback, throws std::logic_error", true,
               refuses_a_read(talk));
  talk.run();
  talk.expect({"one\n", "two\n"});
}

TEST(Stream, a_message_without_end) {
  Story story(
      "Without a limit, a client that never ends its line buys your memory for the price of a "
      "connection.");
  Talk talk(story);
  talk.read_until("\n", 10);
  talk.send(std::string(100, 'x'));
  talk.client().half_close();
  talk.run();
  talk.expect({});
  story.expect("the stream's error is message_size", true,
               talk.stream().error() == std::errc::message_size);
}

TEST(Stream, a_message_that_ends_too_late) {
  Story story(
      "A delimiter that is here, but beyond the limit, is too late: the limit is a promise.");
  Talk talk(story);
  talk.read_until("\n", 10);
  talk.send("0123456789\n");
  talk.expect({});
  story.expect("the stream's error is message_size", true,
               talk.stream().error() == std::errc::message_size);
}

TEST(Stream, a_client_that_listens_on) {
  Story story(
      "A read of 0 bytes says \"I have finished sending\". The client may still be waiting for the "
      "rest of\n"
      "  its response.",
      10);
  Talk talk(story);
  constexpr std::size_t kSize = 20'000'000;
  story.step("20 MB are written to a client that does not read yet");
  talk.stream().write(std::string(kSize, 'x'));
  talk.read_until("\n");
  story.step("the client closes its side");
  talk.client().half_close();
  talk.run();
  story.step("the client begins to read");
  std::size_t received = 0;
  std::thread reader([&] { received = talk.client().read_to_end().size(); });
  talk.stream().set_close_callback([&] { talk.loop().stop(); });
  talk.loop().start();
  reader.join();
  story.expect("the bytes it has received", kSize, received);
}

}  // namespace
