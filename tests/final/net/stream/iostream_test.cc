// Rows IOS-01 to IOS-24 of Tornado's streams, except TLS and the callbacks of IOS-23.
#include <tornado/iostream.h>

#include "../net_test_tools.h"
#include "net/stream/stream.h"

namespace tornado {
namespace {

using iostream::IOStream;
using iostream::IOStreamOptions;
using iostream::PipeIOStream;
using iostream::StreamBufferFullError;
using iostream::StreamClosedError;
using iostream::UnsatisfiableReadError;
using test::LogLines;
using test::run;
using test::run_until;

class IOStreamTest : public testing::Test {
 protected:
  // Returns the exception that a read of a closed stream ends with.
  static std::exception_ptr why(const Future<std::string>& future) {
    try {
      std::rethrow_exception(future.exception());
    } catch (const StreamClosedError& error) {
      return error.real_error;
    } catch (...) {
      ADD_FAILURE() << "not a StreamClosedError";
    }
    return nullptr;
  }

  ioloop::IOLoop loop;
};

// ---- reads --------------------------------------------------------------------------------------

// IOS-03
TEST_F(IOStreamTest, read_until_gives_the_delimiter_too) {
  const test::StreamPair pair = test::stream_pair();
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  run(loop, [server, client]() -> Future<void> {
    client.write("one\r\ntwo\r\nthr");
    const std::string one = co_await server.read_until("\r\n");
    EXPECT_EQ(one, "one\r\n");
    auto two = server.read_until("\r\n");
    EXPECT_TRUE(two.done());  // it had arrived: no trip through the loop
    EXPECT_EQ(two.result(), "two\r\n");
    auto three = server.read_until("\r\n");
    EXPECT_FALSE(three.done());
    client.write("ee\r\n");
    EXPECT_EQ(co_await three, "three\r\n");
  });
}

// IOS-03
TEST_F(IOStreamTest, over_max_bytes_closes_and_says_so) {
  LogLines lines;
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until("\n", 5);
  test::raw_send(peer, "abcdefgh\n");
  run_until(loop, [&] { return read.done(); });
  EXPECT_TRUE(test::holds<UnsatisfiableReadError>(why(read)));
  EXPECT_TRUE(test::holds<UnsatisfiableReadError>(stream.error()));
  EXPECT_TRUE(stream.closed());
  EXPECT_EQ(lines.count("Unsatisfiable read, closing connection: "), 1U) << lines.text();
}

// IOS-03
TEST_F(IOStreamTest, max_bytes_without_a_delimiter_closes) {
  LogLines lines;
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until("\n", 5);
  test::raw_send(peer, "abcde");
  run_until(loop, [&] { return read.done(); });
  EXPECT_TRUE(test::holds<UnsatisfiableReadError>(why(read)));
}

// IOS-03
TEST_F(IOStreamTest, exactly_max_bytes_is_enough) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  test::raw_send(peer, "abcd\nrest");
  run(loop, [stream]() -> Future<void> {
    EXPECT_EQ(co_await stream.read_until("\n", 5), "abcd\n");
    EXPECT_EQ(co_await stream.read_bytes(4), "rest");
  });
}

// IOS-03
TEST_F(IOStreamTest, delimiter_in_two_pieces_and_empty_delimiter) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  EXPECT_THROW(static_cast<void>(stream.read_until("")), std::invalid_argument);
  auto read = stream.read_until("<end>");
  for (const char* piece : {"a<", "en", "d<e", "nd", ">tail"}) {
    EXPECT_FALSE(read.done());
    test::raw_send(peer, piece);
    loop.run_sync([]() -> Future<void> { co_await gen::sleep(0.002); });
  }
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(read.result(), "a<end<end>");
}

// One byte at a time: bytes already searched are not searched again. Each place looks like the
// beginning of the delimiter, so searching everything each time would take hours.
// IOS-21
TEST_F(IOStreamTest, scanning_is_linear) {
  const std::size_t size = 1 << 20;
  std::string bytes(size, '\r');
  bytes += '\n';
  auto [read, future] = iostream::detail::make_read_until("\r\n", 0);
  bool complete = false;
  for (std::size_t have = 1; have <= bytes.size(); ++have) {
    std::string_view unread(bytes.data(), have);
    complete = read->take(unread);
    ASSERT_EQ(complete, have == bytes.size());
  }
  read->finish();
  EXPECT_EQ(future.result(), bytes);
}

// IOS-04
TEST_F(IOStreamTest, read_until_regex) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  EXPECT_THROW(static_cast<void>(stream.read_until_regex("(")), std::invalid_argument);
  test::raw_send(peer, "GET / HTTP/1.0\n\nbody\xff\xfe!");
  run(loop, [stream]() -> Future<void> {
    EXPECT_EQ(co_await stream.read_until_regex("\r?\n\r?\n"), "GET / HTTP/1.0\n\n");
    EXPECT_EQ(co_await stream.read_until_regex("\\xfe."), "body\xff\xfe!");  // bytes, not UTF-8
  });
}

// IOS-04
TEST_F(IOStreamTest, regex_over_max_bytes_closes) {
  LogLines lines;
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until_regex("x+y", 6);
  test::raw_send(peer, "axxxxxxxy");
  run_until(loop, [&] { return read.done(); });
  EXPECT_TRUE(test::holds<UnsatisfiableReadError>(why(read)));
}

// IOS-05
TEST_F(IOStreamTest, read_bytes_and_partial) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  EXPECT_EQ(stream.read_bytes(0).result(), "");
  test::raw_send(peer, "abcdefgh");
  run(loop, [stream]() -> Future<void> {
    EXPECT_EQ(co_await stream.read_bytes(3), "abc");
    EXPECT_EQ(co_await stream.read_bytes(2, true), "de");
    EXPECT_EQ(co_await stream.read_bytes(100, true), "fgh");
  });
  auto waits = stream.read_bytes(100, true);
  EXPECT_FALSE(waits.done());
  test::raw_send(peer, "i");
  run_until(loop, [&] { return waits.done(); });
  EXPECT_EQ(waits.result(), "i");
}

// IOS-06
TEST_F(IOStreamTest, read_into_gives_the_buffer_back) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  test::raw_send(peer, "abcdefghij");
  std::string buffer(6, '\0');
  buffer.reserve(100);
  const char* memory = buffer.data();
  run(loop, [stream, &buffer]() -> Future<void> {
    buffer = co_await stream.read_into(std::move(buffer));
  });
  EXPECT_EQ(buffer, "abcdef");
  EXPECT_EQ(buffer.data(), memory);
  run(loop, [stream, &buffer]() -> Future<void> {
    buffer.resize(100);
    buffer = co_await stream.read_into(std::move(buffer), true);
  });
  EXPECT_EQ(buffer, "ghij");
}

// IOS-07
TEST_F(IOStreamTest, read_until_close) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until_close();
  test::raw_send(peer, "all ");
  test::raw_send(peer, "of it");
  peer.close();
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(read.result(), "all of it");
  EXPECT_TRUE(stream.closed());
  EXPECT_EQ(stream.read_until_close().result(), "");
}

// IOS-07
TEST_F(IOStreamTest, what_came_before_the_close_can_be_read_after_it) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_bytes(100);
  test::raw_send(peer, "a\nbc");
  peer.close();
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(why(read), nullptr);
  EXPECT_EQ(stream.read_until("\n").result(), "a\n");
  EXPECT_EQ(stream.read_until_close().result(), "bc");
}

// IOS-07
TEST_F(IOStreamTest, a_reset_is_not_an_end) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until_close();
  test::raw_send(peer, "half");
  run(loop, []() -> Future<void> { co_await gen::moment; });
  test::raw_reset(peer);
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(test::real_errno(why(read)), ECONNRESET);
}

// IOS-08
TEST_F(IOStreamTest, one_read_at_a_time) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto first = stream.read_until("\n");
  EXPECT_TRUE(stream.reading());
  EXPECT_THROW(static_cast<void>(stream.read_bytes(1)), std::logic_error);
  test::raw_send(peer, "ok\n");
  run_until(loop, [&] { return first.done(); });
  EXPECT_EQ(first.result(), "ok\n");
  EXPECT_FALSE(stream.reading());
}

// IOS-15
TEST_F(IOStreamTest, read_buffer_over_its_limit_closes) {
  LogLines lines;
  IOStreamOptions options;
  options.max_buffer_size = 10'000;
  const test::StreamPair pair = test::stream_pair(options);
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  auto read = server.read_until("\n");
  client.write(std::string(20'000, 'x'));
  run_until(loop, [&] { return read.done(); });
  EXPECT_TRUE(test::holds<StreamBufferFullError>(why(read)));
  EXPECT_EQ(lines.count("Reached maximum read buffer size"), 1U) << lines.text();
}

// IOS-01
TEST_F(IOStreamTest, defaults) {
  const IOStreamOptions options;
  EXPECT_EQ(options.max_buffer_size, 104'857'600U);
  EXPECT_EQ(options.read_chunk_size, 65'536U);
  EXPECT_EQ(options.max_write_buffer_size, 67'108'864U);
}

// IOS-01
TEST_F(IOStreamTest, read_bytes_over_max_buffer_size_closes) {
  LogLines lines;
  IOStreamOptions options;
  options.max_buffer_size = 10'000;
  const test::StreamPair pair = test::stream_pair(options);
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  auto read = server.read_bytes(20'000);
  client.write(std::string(20'000, 'x'));
  run_until(loop, [&] { return read.done(); });
  EXPECT_TRUE(test::holds<StreamBufferFullError>(why(read)));
}

TEST_F(IOStreamTest, one_byte_at_a_time) {
  auto [server, peer] = test::tcp_pair();
  run(loop, [stream = IOStream(std::move(server)), &raw = peer]() -> Future<void> {
    auto line = stream.read_until("\r\n");
    for (const char c : std::string("hello\r\nabc")) {
      test::raw_send(raw, std::string(1, c));
      co_await gen::moment;
    }
    EXPECT_EQ(co_await line, "hello\r\n");
    EXPECT_EQ(co_await stream.read_bytes(3), "abc");
  });
}

// ---- writes -------------------------------------------------------------------------------------

// IOS-09
TEST_F(IOStreamTest, each_write_has_its_own_future) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  const int size = 65536;
  ::setsockopt(stream.fileno(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  auto small = stream.write("small");
  auto big = stream.write(std::string(20 << 20, 'b'));
  auto last = stream.write("last");
  EXPECT_TRUE(stream.writing());
  EXPECT_FALSE(small.done());
  run_until(loop, [&] { return small.done(); });
  EXPECT_FALSE(big.done());
  EXPECT_FALSE(last.done());
  std::size_t received = 0;
  run_until(loop, [&, &raw = peer] {
    received += test::raw_receive(raw).size();
    return last.done();
  });
  EXPECT_TRUE(big.done());
  EXPECT_FALSE(stream.writing());
  run_until(loop, [&, &raw = peer] {
    received += test::raw_receive(raw).size();
    return received == 5 + (20U << 20) + 4;
  });
}

// IOS-09
TEST_F(IOStreamTest, over_max_write_buffer_size) {
  IOStreamOptions options;
  options.max_write_buffer_size = 1000;
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server), options);
  auto fits = stream.write(std::string(600, 'a'));
  auto too_much = stream.write(std::string(600, 'b'));
  EXPECT_TRUE(test::holds<StreamBufferFullError>(too_much.exception()));
  auto exactly = stream.write(std::string(400, 'c'));
  run_until(loop, [&] { return exactly.done(); });
  EXPECT_FALSE(stream.closed());
  EXPECT_EQ(test::raw_receive(peer), std::string(600, 'a') + std::string(400, 'c'));
}

// IOS-09
TEST_F(IOStreamTest, zero_means_no_write_limit) {
  IOStreamOptions options;
  options.max_write_buffer_size = 0;
  const test::StreamPair pair = test::stream_pair(options);
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  const std::size_t size = 80 << 20;
  server.write(std::string(size, 'x'));
  run(loop, [client, size]() -> Future<void> {
    const std::string all = co_await client.read_bytes(size);
    EXPECT_EQ(all.size(), size);
  });
}

// IOS-09
TEST_F(IOStreamTest, writing_nothing_is_done) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  EXPECT_TRUE(stream.write("").done());
  auto first = stream.write("x");
  auto nothing = stream.write("");
  EXPECT_FALSE(nothing.done());  // queued after the byte that waits
  run_until(loop, [&] { return nothing.done(); });
  EXPECT_TRUE(first.done());
}

// IOS-20
TEST_F(IOStreamTest, small_writes_leave_together) {
  auto [server, peer] = test::socket_pair();
  const IOStream stream(std::move(server));
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    std::string piece = std::to_string(i) + (i % 100 == 0 ? std::string(5000, 'x') : ",");
    expected += piece;
    stream.write(std::move(piece));
  }
  std::string received;
  run_until(loop, [&, &raw = peer] {
    received += test::raw_receive(raw);
    return received.size() >= expected.size();
  });
  EXPECT_EQ(received, expected);
}

// IOS-09
TEST_F(IOStreamTest, a_slow_reader_bounds_the_memory) {
  const test::StreamPair pair = test::stream_pair();
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  const std::string piece(1 << 20, 'p');
  std::size_t most = 0;
  run(loop, [server, client, &piece, &most]() -> Future<void> {
    auto writer = [](IOStream out, const std::string& data) -> Future<void> {
      for (int i = 0; i < 100; ++i) co_await out.write(data);
      out.close();
    };
    auto writing = writer(server, piece);
    std::size_t total = 0;
    while (total < piece.size() * 100) {
      most = std::max(most, server.impl().pending_output());
      const std::string part = co_await client.read_bytes(65536, true);
      total += part.size();
    }
    co_await writing;
    EXPECT_EQ(total, piece.size() * 100);
  });
  EXPECT_GT(most, 0U);
  EXPECT_LE(most, piece.size());
}

// ---- closing ------------------------------------------------------------------------------------

// IOS-10
TEST_F(IOStreamTest, close_fails_what_is_pending) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until("\n");
  stream.close(std::make_exception_ptr(std::runtime_error("enough")));
  EXPECT_TRUE(read.done());
  EXPECT_TRUE(test::holds<std::runtime_error>(why(read)));
  EXPECT_TRUE(test::holds<StreamClosedError>(stream.write("x").exception()));
  EXPECT_TRUE(test::holds<StreamClosedError>(stream.read_bytes(1).exception()));
  EXPECT_EQ(stream.fileno(), -1);
  stream.close();  // silent
}

// IOS-10
TEST_F(IOStreamTest, close_ends_read_until_close_and_sends_what_was_written) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until_close();
  test::raw_send(peer, "got");
  run(loop, []() -> Future<void> { co_await gen::sleep(0.002); });
  auto written = stream.write("bye");
  stream.close();
  EXPECT_EQ(read.result(), "got");
  EXPECT_TRUE(written.done());
  written.result();
  EXPECT_EQ(test::raw_receive(peer), "bye");
  EXPECT_TRUE(test::at_end(peer));
}

// IOS-11
TEST_F(IOStreamTest, close_callback_comes_once_after_the_bytes) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  std::vector<std::string> events;
  stream.set_close_callback([&] { events.push_back("closed"); });
  stream.read_until("\n", [&](std::string line) { events.push_back(line); });
  test::raw_send(peer, "last\n");
  peer.close();
  run_until(loop, [&] { return events.size() >= 2; });
  stream.close();
  run(loop, []() -> Future<void> { co_await gen::sleep(0.005); });
  EXPECT_EQ(events, (std::vector<std::string>{"last\n", "closed"}));
}

// IOS-11
TEST_F(IOStreamTest, close_callback_can_be_taken_away_or_come_late) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  int calls = 0;
  stream.set_close_callback([&] { calls += 100; });
  stream.set_close_callback(nullptr);
  stream.close();
  stream.set_close_callback([&] { ++calls; });
  run_until(loop, [&] { return calls != 0; });
  EXPECT_EQ(calls, 1);
}

// IOS-12
TEST_F(IOStreamTest, states) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  EXPECT_FALSE(stream.closed() || stream.reading() || stream.writing());
  auto read = stream.read_bytes(1);
  stream.write("x");
  EXPECT_TRUE(stream.reading() && stream.writing());
  stream.close();
  EXPECT_TRUE(stream.closed());
  EXPECT_FALSE(stream.reading() || stream.writing());
}

// IOS-13
TEST_F(IOStreamTest, set_nodelay) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  stream.set_nodelay(true);
  int flag = 0;
  socklen_t size = sizeof flag;
  ASSERT_EQ(::getsockopt(stream.fileno(), 6, 1, &flag, &size), 0);
  EXPECT_EQ(flag, 1);
  auto [local, other] = test::socket_pair();
  IOStream(std::move(local)).set_nodelay(true);  // no effect, no error
}

// IOS-14 IOS-22
TEST_F(IOStreamTest, a_reset_closes_without_a_word) {
  LogLines lines;
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto read = stream.read_until("\n");
  test::raw_reset(peer);
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(test::real_errno(why(read)), ECONNRESET);
  EXPECT_EQ(test::real_errno(stream.error()), ECONNRESET);
  EXPECT_TRUE(lines.empty()) << lines.text();
}

// IOS-22
TEST_F(IOStreamTest, writing_to_a_peer_that_left_closes_quietly) {
  LogLines lines;
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  peer.close();
  run(loop, [stream]() -> Future<void> {
    try {
      for (;;) co_await stream.write("are you there?");
    } catch (const StreamClosedError&) {
    }
  });
  EXPECT_TRUE(stream.closed());
  EXPECT_TRUE(lines.empty()) << lines.text();
}

// IOS-24
TEST_F(IOStreamTest, an_idle_stream_notices_the_close) {
  for (const bool reset : {false, true}) {
    auto [server, peer] = test::tcp_pair();
    const IOStream stream(std::move(server));
    int calls = 0;
    stream.set_close_callback([&] { ++calls; });
    test::raw_send(peer, "unread");
    if (reset) {
      test::raw_reset(peer);
    } else {
      peer.close();
    }
    run_until(loop, [&] { return calls > 0; });
    EXPECT_TRUE(stream.closed());
    EXPECT_EQ(calls, 1);
    if (!reset) {
      EXPECT_EQ(stream.read_until_close().result(), "unread");
    }
  }
}

// IOS-24
TEST_F(IOStreamTest, unread_bytes_come_before_the_close) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  bool closed = false;
  stream.set_close_callback([&] { closed = true; });
  test::raw_send(peer, "a\nb\n");
  run(loop, [stream]() -> Future<void> { EXPECT_EQ(co_await stream.read_until("\n"), "a\n"); });
  peer.close();
  run(loop, []() -> Future<void> { co_await gen::sleep(0.005); });
  EXPECT_FALSE(closed);  // "b" waits
  EXPECT_EQ(stream.read_until("\n").result(), "b\n");
  run_until(loop, [&] { return closed; });
}

TEST_F(IOStreamTest, close_in_its_own_callback_and_dropping_the_handle_there) {
  auto [server, peer] = test::tcp_pair();
  auto stream = std::make_unique<IOStream>(std::move(server));
  int closed = 0;
  stream->set_close_callback([&] { ++closed; });
  stream->read_until("\n", [&](std::string) {
    stream->close();
    stream->close();
    stream.reset();
  });
  test::raw_send(peer, "x\n");
  run_until(loop, [&] { return closed > 0; });
  EXPECT_EQ(closed, 1);
}

TEST_F(IOStreamTest, the_peers_end_does_not_cut_off_what_was_written) {
  auto [server, client] = test::tcp_pair();
  const std::size_t size = 8 << 20;
  {
    const IOStream stream(std::move(server));
    stream.write(std::string(size, 'r'));
    auto read = stream.read_until("\n");
    ::shutdown(client.fileno(), SHUT_WR);
    run_until(loop, [&] { return read.done(); });
    EXPECT_EQ(why(read), nullptr);
  }
  std::size_t received = 0;
  run_until(loop, [&, &raw = client] {
    received += test::raw_receive(raw).size();
    return test::at_end(raw);
  });
  EXPECT_EQ(received, size);
}

// ---- handles ------------------------------------------------------------------------------------

TEST_F(IOStreamTest, the_last_handle_closes) {
  auto [server, peer] = test::tcp_pair();
  {
    const IOStream stream(std::move(server));
    const IOStream copy = stream;
    EXPECT_EQ(copy, stream);
  }
  EXPECT_TRUE(test::at_end(peer));
}

TEST_F(IOStreamTest, a_stream_without_handles_finishes_what_is_pending) {
  auto [server, peer] = test::tcp_pair();
  Future<std::string> read;
  {
    const IOStream stream(std::move(server));
    read = stream.read_until("\n");
    stream.write("question\n");
  }
  run(loop, []() -> Future<void> { co_await gen::moment; });
  EXPECT_EQ(test::raw_receive(peer), "question\n");
  test::raw_send(peer, "answer\n");
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(read.result(), "answer\n");
  EXPECT_TRUE(test::at_end(peer));
}

TEST_F(IOStreamTest, an_empty_handle_throws) {
  const IOStream none;
  EXPECT_FALSE(none);
  EXPECT_THROW(static_cast<void>(none.read_bytes(1)), std::logic_error);
  EXPECT_THROW(none.close(), std::logic_error);
}

TEST(IOStreamLoop, a_closed_loop_closes_its_streams) {
  const auto before = test::open_descriptors();
  for (int i = 0; i < 20; ++i) {
    auto [server, peer] = test::tcp_pair();
    IOStream kept;
    std::optional<Future<std::string>> read;
    bool called = false;
    {
      ioloop::IOLoop loop;
      kept = IOStream(std::move(server));
      kept.set_close_callback([&called, kept] { called = true; });
      read = kept.read_until("\n");
      kept.write("never sent?");
      loop.spawn_callback([kept, &raw = peer]() -> Future<void> {
        IOStream other(std::move(raw));
        co_await other.read_bytes(1000);
      });
      if (i % 2 == 0) loop.run_sync([]() -> Future<void> { co_await gen::moment; });
    }
    EXPECT_TRUE(kept.closed());
    EXPECT_FALSE(read->done());
    EXPECT_FALSE(called);
    EXPECT_TRUE(kept.write("x").done());
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(IOStreamLoop, a_stream_that_outlives_its_loop_serves_the_next) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  {
    const ioloop::IOLoop unused;
  }
  ioloop::IOLoop loop;
  test::raw_send(peer, "x");
  EXPECT_EQ(run(loop, [stream] { return stream.read_bytes(1); }), "x");
}

// ---- connect, pipes -----------------------------------------------------------------------------

// IOS-02
TEST_F(IOStreamTest, connect_gives_the_stream) {
  const netutil::Socket listener(netutil::Family::kInet);
  sockaddr_storage storage;
  const unsigned length = netutil::Address("127.0.0.1", 0).to_sockaddr(storage);
  ASSERT_EQ(::bind(listener.fileno(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(::listen(listener.fileno(), 1), 0);
  const netutil::Address address = listener.getsockname();
  const IOStream stream{netutil::Socket(netutil::Family::kInet)};
  auto connecting = stream.connect(address);
  auto read = stream.read_until("\n");  // before it is connected
  auto written = stream.write("early");
  run_until(loop, [&] { return connecting.done() && written.done(); });
  EXPECT_EQ(connecting.result(), stream);
  const netutil::Socket peer(::accept4(listener.fileno(), nullptr, nullptr, SOCK_NONBLOCK));
  test::raw_send(peer, "hi\n");
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(test::raw_receive(peer), "early");
}

// IOS-02
TEST_F(IOStreamTest, connect_error_is_the_real_error) {
  netutil::Address address;
  {
    const netutil::Socket bound(netutil::Family::kInet);
    sockaddr_storage storage;
    const unsigned length = netutil::Address("127.0.0.1", 0).to_sockaddr(storage);
    ASSERT_EQ(::bind(bound.fileno(), reinterpret_cast<sockaddr*>(&storage), length), 0);
    address = bound.getsockname();
    const IOStream stream{netutil::Socket(netutil::Family::kInet)};
    auto connecting = stream.connect(address);  // bound, but nobody listens
    run_until(loop, [&] { return connecting.done(); });
    try {
      connecting.result();
      ADD_FAILURE() << "connected to nobody";
    } catch (const StreamClosedError& error) {
      EXPECT_EQ(test::real_errno(error.real_error), ECONNREFUSED);
    }
    EXPECT_TRUE(stream.closed());
  }
  const IOStream local{netutil::Socket(netutil::Family::kUnix)};
  auto connecting = local.connect(netutil::Address::unix_path("/nonexistent/socket"));
  EXPECT_TRUE(connecting.done());
  EXPECT_TRUE(test::holds<StreamClosedError>(connecting.exception()));
}

// IOS-18
TEST_F(IOStreamTest, pipe) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  PipeIOStream reader(fds[0]);
  PipeIOStream writer(fds[1]);
  const std::string big(1 << 20, 'p');
  auto written = writer.write(big);
  run(loop, [reader, &big]() -> Future<void> {
    const std::string all = co_await reader.read_bytes(big.size());
    EXPECT_EQ(all, big);
  });
  run_until(loop, [&] { return written.done(); });
  writer.write("end");
  writer.close();
  EXPECT_EQ(run(loop, [reader] { return reader.read_until_close(); }), "end");
}

// IOS-18
TEST_F(IOStreamTest, a_pipe_whose_reader_leaves) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  bool closed = false;
  const PipeIOStream writer(fds[1]);
  writer.set_close_callback([&] { closed = true; });
  ::close(fds[0]);
  run_until(loop, [&] { return closed; });
  EXPECT_EQ(test::real_errno(writer.error()), EPIPE);
}

// Whatever a peer does, and whenever: the coroutine ends, and no descriptor is left open.
TEST_F(IOStreamTest, reset_or_close_at_each_step) {
  const auto before = test::open_descriptors();
  const std::string request = "head\r\n12345";
  for (std::size_t cut = 0; cut <= request.size(); ++cut) {
    for (const bool reset : {false, true}) {
      auto [server, peer] = test::tcp_pair();
      bool ended = false;
      loop.spawn_callback([stream = IOStream(std::move(server)), &ended]() -> Future<void> {
        try {
          co_await stream.read_until("\r\n");
          co_await stream.read_bytes(5);
          co_await stream.write("answer");
          co_await stream.read_bytes(1);
        } catch (const StreamClosedError&) {
        }
        ended = true;
      });
      test::raw_send(peer, request.substr(0, cut));
      loop.run_sync([]() -> Future<void> { co_await gen::moment; });
      if (reset) {
        test::raw_reset(peer);
      } else {
        peer.close();
      }
      run_until(loop, [&] { return ended; });
    }
  }
  run(loop, []() -> Future<void> { co_await gen::moment; });
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace tornado
