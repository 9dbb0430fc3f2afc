#include "04-iostream/iostream.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "stream_pair.h"

namespace mini {
namespace {

TEST(Read, until_a_delimiter_hands_over_all_up_to_and_with_it) {
  StreamPair two;
  two.pair.client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nrest");
  EXPECT_EQ(two.read_until("\r\n"), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(two.read_until("\r\n\r\n"), "Host: h\r\n\r\n");
  EXPECT_EQ(two.read_bytes(4), "rest");
}

TEST(Read, what_came_with_the_last_message_is_not_waited_for_again) {
  StreamPair two;
  two.pair.client.send("one\ntwo\nthree\n");
  EXPECT_EQ(two.read_until("\n"), "one\n");
  std::vector<std::string> lines;
  two.stream->read_until("\n", [&](std::string line) { lines.push_back(std::move(line)); });
  two.settle();
  EXPECT_EQ(lines, std::vector<std::string>{"two\n"});
  EXPECT_EQ(two.read_until("\n"), "three\n");
}

TEST(Read, a_delimiter_may_come_in_any_pieces) {
  const std::string message = "aab\r\r\n\raab\r\n\r\naab";
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    for (const std::string delimiter : {"\r\n\r\n", "b", "\r\r\n\raab"}) {
      StreamPair two;
      std::string read;
      two.stream->read_until(delimiter, [&](std::string data) { read = std::move(data); });
      two.pair.client.send(message.substr(0, cut));
      two.settle();
      two.pair.client.send(message.substr(cut));
      run_until(two.loop, [&] { return !read.empty(); });
      EXPECT_EQ(read, message.substr(0, message.find(delimiter) + delimiter.size())) << cut;
    }
  }
}

TEST(Read, bytes_waits_for_all_of_them) {
  StreamPair two;
  std::string read;
  two.stream->read_bytes(5, [&](std::string data) { read = std::move(data); });
  for (const char letter : std::string("abcd")) {
    two.pair.client.send(std::string(1, letter));
    two.settle();
    EXPECT_EQ(read, "");
    EXPECT_TRUE(two.stream->reading());
  }
  two.pair.client.send("ef");
  run_until(two.loop, [&] { return !read.empty(); });
  EXPECT_EQ(read, "abcde");
  EXPECT_FALSE(two.stream->reading());
  EXPECT_EQ(two.read_bytes(0), "");
  EXPECT_EQ(two.read_bytes(1), "f");
}

TEST(Read, partial_takes_what_there_is) {
  StreamPair two;
  two.pair.client.send("abc");
  EXPECT_EQ(two.read_bytes(100, true), "abc");
  two.pair.client.send("defg");
  EXPECT_EQ(two.read_bytes(2, true), "de");
  EXPECT_EQ(two.read_bytes(100, true), "fg");
}

// This would take minutes if each read moved or searched everything after it.
TEST(Read, many_short_lines_that_came_at_once_and_one_long_line_cost_little) {
  StreamPair two;
  std::string lines;
  for (int i = 0; i < 50'000; ++i) lines += "line\n";
  std::thread sender([&] {
    two.pair.client.send(lines);
    for (int i = 0; i < 200; ++i) two.pair.client.send(std::string(10'000, 'x'));
    two.pair.client.send("\n");
  });
  EXPECT_EQ(two.read_bytes(lines.size() / 2), lines.substr(0, lines.size() / 2));
  for (int i = 0; i < 25'000; ++i) ASSERT_EQ(two.read_until("\n"), "line\n");
  EXPECT_EQ(two.read_until("\n").size(), 2'000'001u);
  sender.join();
}

TEST(Read, only_one_at_a_time) {
  StreamPair two;
  const auto ignore = [](const std::string&) {};
  two.stream->read_until("\n", ignore);
  EXPECT_THROW(two.stream->read_bytes(1, ignore), std::logic_error);

  two.pair.client.send("a\nb\n");
  run_until(two.loop, [&] { return !two.stream->reading(); });
  two.stream->read_until("\n", ignore);  // is here already, and its callback is still queued
  EXPECT_THROW(two.stream->read_bytes(1, ignore), std::logic_error);
}

TEST(Read, wants_a_delimiter_and_no_more_than_the_buffer_holds) {
  StreamPair two(100);
  const auto ignore = [](const std::string&) {};
  EXPECT_THROW(two.stream->read_until("", ignore), std::invalid_argument);
  EXPECT_THROW(two.stream->read_bytes(101, ignore), std::length_error);
  EXPECT_FALSE(two.stream->reading());
}

TEST(Read, that_cannot_be_satisfied_ends_the_stream_in_order) {
  StreamPair two;
  two.stream->write("an answer to what came before");
  two.stream->read_until("\n", [](const std::string&) { ADD_FAILURE(); }, 10);
  two.pair.client.send("0123456789 and more");
  two.settle();
  EXPECT_FALSE(two.stream->closed());  // it waits for the client's FIN
  EXPECT_EQ(two.pair.client.read_to_end(), "an answer to what came before");
  two.run_until_closed();
  EXPECT_EQ(two.stream->error(), std::errc::message_size);
}

TEST(Read, is_limited_to_the_byte) {
  for (const std::size_t limit : {9u, 10u, 11u}) {
    StreamPair two;
    std::string read;
    two.stream->read_until("\r\n", [&](std::string data) { read = std::move(data); }, limit);
    two.pair.client.send("01234567\r\n");
    two.settle();
    EXPECT_EQ(read, limit < 10 ? "" : "01234567\r\n") << limit;
    EXPECT_EQ(two.stream->error() == std::errc::message_size, limit < 10) << limit;
  }
}

TEST(Read, until_needs_no_limit_of_its_own) {
  StreamPair two(1000);
  two.stream->read_until("\n", [](const std::string&) { ADD_FAILURE(); });
  two.pair.client.send(std::string(1000, 'x'));
  two.settle();
  two.pair.client.close();
  two.run_until_closed();
  EXPECT_EQ(two.stream->error(), std::errc::message_size);
}

TEST(Write, leaves_in_its_order_and_tells_when_it_has_left) {
  StreamPair two;
  std::string told;
  two.stream->write("a", [&] { told += "a"; });
  two.stream->write("b");
  two.stream->write("", [&] { told += "-"; });
  two.stream->write("c", [&] { told += "c"; });
  EXPECT_EQ(told, "");
  two.settle();
  EXPECT_EQ(told, "a-c");
  two.stream->close();
  EXPECT_EQ(two.pair.client.read_to_end(), "abc");
}

TEST(Write, of_more_than_the_kernel_takes_waits_for_the_reader) {
  StreamPair two;
  const std::string large(20'000'000, 'x');
  bool large_left = false;
  two.stream->write(large, [&] { large_left = true; });
  two.stream->write("end", [&] {
    EXPECT_TRUE(large_left);
    two.stream->close();
  });
  two.settle();
  EXPECT_FALSE(large_left);
  EXPECT_TRUE(two.stream->writing());
  const std::size_t unsent = two.stream->unsent();
  EXPECT_GT(unsent, 0u);
  EXPECT_LT(unsent, large.size());
  std::string received;
  std::thread reader([&] { received = two.pair.client.read_to_end(); });
  two.run_until_closed();
  reader.join();
  EXPECT_EQ(received, large + "end");
}

TEST(Write, of_too_much_for_a_slow_reader_closes_the_stream) {
  StreamPair two(1'000'000);
  bool told = false;
  two.stream->set_close_callback([&] { told = true; });
  for (int i = 0; i < 1000 && !two.stream->closed(); ++i) {
    two.stream->write(std::string(100'000, 'x'));
    EXPECT_LE(two.stream->unsent(), 1'000'000u);
  }
  EXPECT_TRUE(two.stream->closed());
  EXPECT_FALSE(told);
  two.settle();
  EXPECT_TRUE(told);
  EXPECT_EQ(two.stream->error(), std::errc::no_buffer_space);
}

TEST(Callbacks, are_never_called_inside_the_function_they_were_given_to) {
  StreamPair two;
  two.pair.client.send("a\nb\n");
  two.read_until("\n");
  int called = 0;
  two.stream->set_close_callback([&] { ++called; });
  two.stream->write("x", [&] { ++called; });
  two.stream->read_until("\n", [&](const std::string&) { ++called; });
  EXPECT_EQ(called, 0);
  two.settle();
  EXPECT_EQ(called, 2);
  two.stream->close();
  EXPECT_EQ(called, 2);
  two.settle();
  EXPECT_EQ(called, 3);
}

TEST(Callbacks, one_that_throws_closes_its_stream_only) {
  StreamPair two;
  two.stream->read_until("\n", [](const std::string&) { throw std::runtime_error("no luck"); });
  bool told = false;
  two.stream->set_close_callback([&] { told = true; });
  two.pair.client.send("a\n");
  testing::internal::CaptureStderr();
  two.run_until_closed();
  two.settle();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "exception in a callback: no luck\n");
  EXPECT_TRUE(told);
}

TEST(Callbacks, after_close_only_the_close_callback) {
  StreamPair two;
  two.pair.client.send("a\nb\n");
  two.read_until("\n");
  std::string called;
  two.stream->set_close_callback([&] { called += "close "; });
  two.stream->write("x", [&] { called += "write "; });
  two.stream->read_until("\n", [&](const std::string&) { called += "read "; });
  two.stream->close();  // both operations are done, and their callbacks still queued
  two.stream->close();
  two.stream->write("y", [&] { called += "late write "; });
  two.stream->read_until("\n", [&](const std::string&) { called += "late read "; });
  two.stream->end_in_order();
  two.settle();
  EXPECT_EQ(called, "close ");
  two.stream->set_close_callback([&] { called += "again "; });
  two.settle();
  EXPECT_EQ(called, "close again ");
}

TEST(Connect, then_what_was_written_and_asked_for_meanwhile) {
  IOLoop loop;
  Socket listener = Socket::listen(0);
  const auto stream = IOStream::create(loop, Socket(::socket(AF_INET, SOCK_STREAM, 0)));
  std::string order;
  stream->connect(listener.port(), "127.0.0.1", [&] { order += "connected "; });
  stream->write("hello\n", [&] { order += "written "; });
  stream->read_until("\n", [&](std::string line) { order += std::move(line); });
  EXPECT_EQ(order, "");
  std::optional<Socket> other = listener.accept();
  char data[6];
  run_until(loop, [&] { return order == "connected written "; });
  EXPECT_EQ(other->read(data, sizeof data), 6u);
  other->write_all("world\n");
  run_until(loop, [&] { return order == "connected written world\n"; });
}

TEST(Connect, to_nobody_closes_the_stream) {
  std::uint16_t nobody;
  {
    const Socket listener = Socket::listen(0);
    nobody = listener.port();
  }
  IOLoop loop;
  const auto stream = IOStream::create(loop, Socket(::socket(AF_INET, SOCK_STREAM, 0)));
  bool told = false;
  stream->set_close_callback([&] { told = true; });
  stream->connect(nobody, "127.0.0.1", [] { ADD_FAILURE(); });
  stream->write("hello");
  run_until(loop, [&] { return told; });
  EXPECT_EQ(stream->error(), std::errc::connection_refused);
}

TEST(Connect, wants_an_address) {
  IOLoop loop;
  const auto stream = IOStream::create(loop, Socket(::socket(AF_INET, SOCK_STREAM, 0)));
  EXPECT_THROW(stream->connect(80, "localhost", nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace mini
