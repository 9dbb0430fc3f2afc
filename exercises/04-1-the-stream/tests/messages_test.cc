#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "talk.h"

namespace {

// ---- milestone 1

TEST(Reading, a_message_in_one_piece) {
  Story story("The simplest case: one message, in one piece. Its callback gets it from the loop.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("hello\n");
  talk.expect({"hello\n"});
}

TEST(Reading, a_message_in_two_pieces) {
  Story story("A read returns what has arrived, not what somebody meant to say.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("hel");
  talk.expect({});
  talk.send("lo\n");
  talk.expect({"hello\n"});
}

TEST(Reading, two_messages_in_one_piece) {
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

TEST(Reading, a_delimiter_in_two_pieces) {
  Story story(
      "A delimiter may come in pieces too. A search that continues after the bytes it has seen "
      "misses one\n"
      "  that began in them.");
  for (const std::string message : {"head\r\n\r\n", "\r\n\r\n"}) {
    for (std::size_t cut = 1; cut < message.size(); ++cut) {
      Talk talk(story);
      talk.read_until("\r\n\r\n");
      talk.send(message.substr(0, cut));
      talk.send(message.substr(cut) + "body");
      if (!talk.expect({message})) return;
    }
  }
}

TEST(Reading, so_many_bytes) {
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

TEST(Reading, one_at_a_time) {
  Story story("Two reads at once: which of them would get the first message?");
  Talk talk(story);
  talk.read_until("\n");
  story.expect("the second one throws std::logic_error", true, refuses_a_read(talk));
}

TEST(Reading, a_message_on_its_way) {
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

TEST(Reading, the_next_message_from_the_callback) {
  Story story("A read is over when its callback is called: most callbacks start the next one.");
  Talk talk(story);
  story.step("read_until(\"\\n\") is called, with a callback that calls it again");
  talk.stream().read_until("\n", [&](const std::string&) { talk.read_until("\n"); });
  talk.send("one\ntwo\n");
  talk.expect({"two\n"});
}

TEST(Reading, on_a_closed_stream) {
  Story story(
      "A closed stream will never receive anything.\n"
      "  If the stream kept this read, its callback would keep whatever it owns.");
  Talk talk(story);
  story.step("the stream is closed");
  talk.stream().close();
  talk.read_until("\n");
  story.expect("it reads", false, talk.stream().reading());
}

TEST(Reading, a_message_without_end) {
  Story story(
      "Without a limit, a client that never ends its line buys your memory for the price of a "
      "connection.");
  Talk talk(story);
  talk.read_until("\n", 10);
  talk.send("123456789");
  story.expect("there is an error, with room for one more byte", false,
               static_cast<bool>(talk.stream().error()));
  talk.send("0");
  talk.expect({});
  story.expect("the stream's error is message_size", true,
               talk.stream().error() == std::errc::message_size);
}

TEST(Reading, a_message_that_ends_too_late) {
  Story story(
      "A delimiter that is here, but beyond the limit, is too late: the limit is a promise.");
  Talk talk(story);
  talk.read_until("\n", 10);
  talk.send("0123456789\n");
  talk.expect({});
  story.expect("the stream's error is message_size", true,
               talk.stream().error() == std::errc::message_size);
}

TEST(Reading, what_makes_no_sense) {
  Story story(
      "An empty delimiter is found before the first byte, and more bytes than the buffer holds "
      "never "
      "come. Refuse\n"
      "  both at once, while the caller can still be found on the stack.");
  mini::Pair pair;
  IOLoop loop;
  const auto stream = IOStream::create(loop, std::move(pair.server), 100);
  story.step("read_until an empty delimiter");
  story.expect("it throws std::invalid_argument", true,
               throws<std::invalid_argument>([&] { stream->read_until("", kIgnored); }));
  story.step("read_bytes(101) on a stream with a buffer of 100 bytes");
  story.expect("it throws std::length_error", true,
               throws<std::length_error>([&] { stream->read_bytes(101, kIgnored); }));
  story.expect("it reads", false, stream->reading());
  story.step("read_bytes(100)");
  stream->read_bytes(100, kIgnored);
  story.expect("it reads", true, stream->reading());
}

// ---- milestone 2

TEST(Calls, not_at_once) {
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

TEST(Calls, that_throw) {
  Story story(
      "A callback that throws has not asked for the next message, and nobody else will: the client "
      "would wait for\n"
      "  ever. So its stream is closed.");
  Talk talk(story);
  story.step("read_until(\"\\n\") is called, with a callback that throws");
  talk.stream().read_until("\n", [](const std::string&) { throw std::runtime_error("no luck"); });
  testing::internal::CaptureStderr();
  talk.send("hello\n");
  testing::internal::GetCapturedStderr();
  story.expect("the stream is closed", true, talk.stream().closed());
}

TEST(Calls, not_after_the_end) {
  Story story(
      "Whoever closes a stream is done with it, and may have freed what its callbacks use. One "
      "that "
      "is queued\n"
      "  already must not be called any more.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("one\ntwo\n");
  talk.read_until("\n");
  story.step("close() is called while the second callback is queued");
  talk.stream().close();
  talk.run();
  talk.expect({"one\n"});
}

TEST(Calls, not_due_after_the_end) {
  Story story(
      "A read waits for its callback, and a closed stream calls none.\n"
      "  So another read throws nothing: it is ignored.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("one\ntwo\n");
  talk.read_until("\n");
  story.step("close() is called while the second callback is queued");
  talk.stream().close();
  story.expect("another read throws std::logic_error", false, refuses_a_read(talk));
}

// ---- milestone 3

TEST(Writing, in_its_order) {
  Story story(
      "The callback of a write is due when the kernel has the last byte of that write, and\n"
      "  earlier callbacks have been called. It comes from the loop, even if the kernel takes\n"
      "  everything at once.");
  Talk talk(story);
  std::string told;
  story.step("a with a callback, b without one, nothing with one, c with one");
  talk.stream().write("a", [&] { told += "a"; });
  talk.stream().write("b");
  talk.stream().write("", [&] { told += "-"; });
  talk.stream().write("c", [&] { told += "c"; });
  story.expect("callbacks that were called inside write()", std::string(), told);
  story.expect("the bytes that wait, though the kernel has room", std::size_t{0},
               talk.stream().unsent());
  talk.run();
  story.expect("the order of the callbacks", std::string("a-c"), told);
  talk.stream().close();
  story.expect("what the client receives", std::string("abc"), talk.client().read_to_end());
}

TEST(Writing, more_than_the_kernel_takes) {
  Story story(
      "The kernel takes what fits into its buffer. The rest waits here until the socket is "
      "writable "
      "again: ask the\n"
      "  loop for WRITE, but only as long as something waits.",
      10);
  Talk talk(story);
  constexpr std::size_t kSize = 20'000'000;
  bool left = false;
  story.step("20 MB are written to a client that does not read yet");
  talk.stream().write(std::string(kSize, 'x'), [&] {
    left = true;
    talk.stream().close();
    talk.loop().stop();
  });
  talk.run();
  story.expect("the callback was called", false, left);
  story.expect("bytes wait", true, talk.stream().unsent() > 0 && talk.stream().unsent() < kSize);
  story.step("the client begins to read");
  std::size_t received = 0;
  std::thread reader([&] { received = talk.client().read_to_end().size(); });
  talk.loop().start();
  reader.join();
  story.expect("the bytes it has received", kSize, received);
}

TEST(Writing, while_the_kernel_takes_nothing) {
  Story story("A full kernel takes no byte at all: EAGAIN. What you count as sent then is lost.",
              10);
  mini::Pair pair;
  const int bytes = 1;  // the kernel gives the least that it can
  ::setsockopt(pair.server.fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  IOLoop loop;
  const auto stream = IOStream::create(loop, std::move(pair.server));
  story.step("single bytes are written to a client that does not read yet, until one has to wait");
  std::string written;
  while (stream->unsent() == 0) {
    written += static_cast<char>('a' + written.size() % 26);
    stream->write(written.substr(written.size() - 1));
  }
  story.step("the client begins to read");
  stream->write("", [&] {
    stream->close();
    loop.stop();
  });
  std::string received;
  std::thread reader([&] { received = pair.client.read_to_end(); });
  loop.start();
  reader.join();
  story.expect("the number of bytes it has received", written.size(), received.size());
  story.expect("they are those that were written", true, received == written);
}

TEST(Writing, only_what_is_of_use) {
  Story story(
      "Events are level-triggered: one that you ask for and do not use comes again, at once.\n"
      "  Ask for READ only while the stream reads, and for WRITE only while bytes wait.");
  Talk talk(story);
  talk.read_until("\n");
  talk.send("one\ntwo\n");
  story.step("nobody reads the second message, and the response fits into the kernel's buffer");
  talk.stream().write("response");
  talk.client().send("three\n");
  story.expect("the loop sleeps", true, talk.sleeps());
}

TEST(Writing, more_than_the_buffer_takes) {
  Story story(
      "A client that does not read gets no more of your memory than its buffer: close the stream, "
      "with the error\n"
      "  no_buffer_space.");
  mini::Pair pair;
  IOLoop loop;
  const auto stream = IOStream::create(loop, std::move(pair.server), 1'000'000);
  story.step("100 kB are written again and again, to a client that does not read");
  bool never_more = true;
  for (int i = 0; i < 1000 && !stream->closed(); ++i) {
    stream->write(std::string(100'000, 'x'));
    never_more = never_more && stream->unsent() <= 1'000'000;
  }
  story.expect("never more than 1 MB waits", true, never_more);
  story.expect("the stream's error is no_buffer_space", true,
               stream->error() == std::errc::no_buffer_space);
  mini::Pair other;
  const auto small = IOStream::create(loop, std::move(other.server), 100);
  story.step("100 bytes are written to a stream with a buffer of 100 bytes");
  small->write(std::string(100, 'x'));
  story.expect("it is closed", false, small->closed());
}

TEST(Writing, to_a_client_that_has_gone) {
  Story story(
      "Nothing that the other side does is thrown at the caller of write(): it closes the stream, "
      "and error() says why.");
  mini::Pair pair;
  IOLoop loop;
  story.step("the client resets the connection; then something is written");
  pair.client.reset();
  pair.server.wait_readable(std::chrono::seconds(3));  // until the kernel knows
  const auto stream = IOStream::create(loop, std::move(pair.server));
  const auto writes = [&] { stream->write("x"); };
  story.expect("write() throws", false, throws<std::system_error>(writes));
  run(loop);
  story.expect("the stream is closed, with an error", true, stream->closed() && stream->error());
  story.step("something is written to the closed stream");
  story.expect("write() throws", false, throws<std::system_error>(writes));
}

}  // namespace
