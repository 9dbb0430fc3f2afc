// Stream as its observer sees it: the interface that the HTTP room builds on.
#include "net/stream/stream.h"

#include <ctime>
#include <functional>

#include "../../../support/allocated.h"
#include "../net_test_tools.h"
#include "loop/loop_state.h"

namespace tornado {
namespace {

using iostream::IOStream;
using iostream::IOStreamOptions;
using iostream::detail::Stream;
using test::run;
using test::run_until;

// Keeps what it is shown, and uses up as much as the test wants.
class Recorder final : public iostream::detail::StreamObserver {
 public:
  std::size_t on_data(std::string_view data) override {
    ++shown;
    last.assign(data);
    if (use) return use(data);
    bytes.append(data);
    return data.size();
  }
  void on_eof() override {
    ++eofs;
    if (eof) eof();
  }
  void on_closed() override { ++closes; }
  void on_drained() override {
    ++drains;
    if (drained) drained();
  }

  std::string bytes;
  std::string last;
  int shown = 0;
  int eofs = 0;
  int closes = 0;
  int drains = 0;
  std::function<std::size_t(std::string_view)> use;
  std::function<void()> eof;
  std::function<void()> drained;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    auto [server, other] = test::tcp_pair();
    handle = IOStream(std::move(server));
    peer = std::move(other);
    stream().observe(&observer);
  }
  ~StreamTest() override {
    if (handle) stream().observe(nullptr);
  }
  Stream& stream() { return handle.impl(); }
  void rounds(int count = 5) {
    run(loop, [count]() -> Future<void> {
      for (int i = 0; i < count; ++i) co_await gen::sleep(0.001);
    });
  }

  ioloop::IOLoop loop;
  Recorder observer;
  IOStream handle;
  netutil::Socket peer;
};

TEST_F(StreamTest, shows_what_comes) {
  test::raw_send(peer, "hello");
  run_until(loop, [&] { return observer.bytes == "hello"; });
  EXPECT_EQ(observer.shown, 1);
}

TEST_F(StreamTest, keeps_what_is_not_used_and_shows_it_with_more) {
  observer.use = [](std::string_view data) { return data.rfind(';') + 1; };  // whole words
  test::raw_send(peer, "one;tw");
  run_until(loop, [&] { return observer.shown == 1; });
  test::raw_send(peer, "o;three");
  run_until(loop, [&] { return observer.shown == 2; });
  EXPECT_EQ(observer.last, "two;three");
  rounds();
  EXPECT_EQ(observer.shown, 2);  // bytes that were kept are not shown again without cause
  test::raw_send(peer, ";");
  run_until(loop, [&] { return observer.shown == 3; });
  EXPECT_EQ(observer.last, "three;");
}

TEST_F(StreamTest, paused_it_shows_nothing_and_resumed_all) {
  observer.use = [&](std::string_view data) {
    const std::size_t used = data.find('\n') + 1;
    if (used > 0) stream().pause_reading();
    return used;
  };
  test::raw_send(peer, "a\nb\nc");
  run_until(loop, [&] { return observer.shown == 1; });
  test::raw_send(peer, "d\n");
  rounds();
  EXPECT_EQ(observer.shown, 1);
  EXPECT_TRUE(stream().paused());
  stream().resume_reading();
  EXPECT_EQ(observer.shown, 1);  // not inside the call
  run_until(loop, [&] { return observer.shown == 2; });
  EXPECT_EQ(observer.last.substr(0, 2), "b\n");
  stream().resume_reading();
  run_until(loop, [&] { return observer.last == "cd\n"; });
}

TEST_F(StreamTest, paused_and_resumed_within_on_data_goes_on_with_the_rest) {
  observer.use = [&](std::string_view data) {
    stream().pause_reading();
    stream().resume_reading();
    const std::size_t used = data.find('\n') + 1;
    observer.bytes.append(data.substr(0, used));
    return used;
  };
  test::raw_send(peer, "a\nb\nc\n");
  run_until(loop, [&] { return observer.bytes == "a\nb\nc\n"; });
  EXPECT_EQ(observer.shown, 3);
}

TEST_F(StreamTest, the_answers_to_one_read_leave_in_one_write) {
  observer.use = [&](std::string_view data) {
    for (const char c : data) stream().send(std::string(1, c));
    stream().output() += "!";
    return data.size();
  };
  test::raw_send(peer, "abc");
  run_until(loop, [&] { return observer.shown == 1 && stream().pending_output() == 0; });
  EXPECT_EQ(test::raw_receive(peer), "abc!");
  EXPECT_EQ(observer.drains, 0);  // it left at once
}

TEST_F(StreamTest, on_drained_after_output_that_had_to_wait) {
  const std::string big(16 << 20, 'b');
  stream().send(std::string(big));
  stream().send("tail");
  EXPECT_EQ(stream().pending_output(), big.size() + 4);
  rounds();
  EXPECT_GT(stream().pending_output(), 0U);
  EXPECT_EQ(observer.drains, 0);
  std::size_t received = 0;
  run_until(loop, [&] {
    received += test::raw_receive(peer).size();
    return received == big.size() + 4;
  });
  EXPECT_EQ(observer.drains, 1);
  EXPECT_EQ(stream().pending_output(), 0U);
}

TEST_F(StreamTest, half_close_is_an_eof_and_the_answer_still_leaves) {
  test::raw_send(peer, "question");
  ::shutdown(peer.fileno(), SHUT_WR);
  run_until(loop, [&] { return observer.eofs == 1; });
  EXPECT_EQ(observer.bytes, "question");
  EXPECT_TRUE(stream().at_eof());
  stream().send("answer");
  rounds();
  EXPECT_EQ(test::raw_receive(peer), "answer");
  EXPECT_EQ(observer.eofs, 1);
  EXPECT_EQ(observer.closes, 0);
  stream().close_after_flush();
  run_until(loop, [&] { return observer.closes == 1; });
  EXPECT_TRUE(test::at_end(peer));
}

TEST_F(StreamTest, paused_it_notices_the_peers_end_once) {
  stream().pause_reading();
  test::raw_send(peer, "unread");
  ::shutdown(peer.fileno(), SHUT_WR);
  run_until(loop, [&] { return observer.eofs == 1; });
  EXPECT_EQ(observer.shown, 0);
  rounds();
  EXPECT_EQ(observer.eofs, 1);
  stream().resume_reading();
  run_until(loop, [&] { return observer.bytes == "unread"; });
  EXPECT_EQ(observer.eofs, 1);
}

TEST_F(StreamTest, paused_with_much_unread_it_says_eof_when_all_was_shown) {
  stream().pause_reading();
  const std::string much(200'000, 'm');
  std::size_t sent = 0;
  while (sent < much.size()) {
    const ssize_t count = ::send(peer.fileno(), much.data(), much.size() - sent, MSG_NOSIGNAL);
    ASSERT_GT(count, 0);
    sent += static_cast<std::size_t>(count);
  }
  ::shutdown(peer.fileno(), SHUT_WR);
  rounds(10);
  EXPECT_EQ(observer.eofs, 0);
  stream().resume_reading();
  run_until(loop, [&] { return observer.eofs == 1; });
  EXPECT_EQ(observer.bytes.size(), much.size());
}

TEST_F(StreamTest, waiting_for_a_paused_observer_does_not_spin) {
  stream().pause_reading();
  test::raw_send(peer, "unread");
  rounds();
  ::shutdown(peer.fileno(), SHUT_WR);
  rounds();
  const std::clock_t begin = std::clock();
  run(loop, []() -> Future<void> { co_await gen::sleep(0.3); });
  const double busy = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_LT(busy, 0.1);  // a loop that spins would be busy all the time
}

TEST_F(StreamTest, a_reset_closes_also_when_paused) {
  stream().pause_reading();
  rounds(1);
  test::raw_reset(peer);
  run_until(loop, [&] { return observer.closes == 1; });
  EXPECT_EQ(test::real_errno(stream().error()), ECONNRESET);
  EXPECT_EQ(observer.eofs, 0);
}

TEST_F(StreamTest, closing_in_each_call_ends_in_one_on_closed) {
  observer.use = [&](std::string_view data) {
    handle.close();
    EXPECT_EQ(observer.closes, 0);  // never inside a call
    EXPECT_EQ(data, "x");           // still there
    return std::size_t{0};
  };
  test::raw_send(peer, "x");
  run_until(loop, [&] { return observer.closes == 1; });
  rounds();
  EXPECT_EQ(observer.closes, 1);
}

TEST_F(StreamTest, closing_in_on_eof_and_dropping_the_handle) {
  observer.eof = [&] {
    handle.close();
    handle = IOStream();
  };
  peer.close();
  run_until(loop, [&] { return observer.closes == 1; });
  EXPECT_EQ(observer.eofs, 1);
}

TEST_F(StreamTest, an_exception_from_on_data_closes) {
  test::LogLines lines;
  observer.use = [](std::string_view) -> std::size_t { throw std::runtime_error("bad observer"); };
  test::raw_send(peer, "x");
  run_until(loop, [&] { return observer.closes == 1; });
  EXPECT_EQ(lines.count("bad observer"), 1U) << lines.text();
}

TEST_F(StreamTest, observing_a_closed_stream_says_so) {
  handle.close();
  run_until(loop, [&] { return observer.closes == 1; });
  Recorder late;
  stream().observe(&late);
  run_until(loop, [&] { return late.closes == 1; });
}

TEST_F(StreamTest, another_observer_takes_over_with_the_rest) {
  Recorder next;
  observer.use = [&](std::string_view data) {
    stream().observe(&next);
    return data.find(':') + 1;
  };
  test::raw_send(peer, "upgrade:frames");
  run_until(loop, [&] { return next.bytes == "frames"; });
  EXPECT_EQ(observer.shown, 1);
  stream().observe(nullptr);
}

TEST_F(StreamTest, detached_in_on_data_it_is_read_from_with_the_rest) {
  Future<std::string> read;
  observer.use = [&](std::string_view data) {
    stream().observe(nullptr);
    read = handle.read_bytes(6);
    return data.find(':') + 1;
  };
  test::raw_send(peer, "upgrade:frames");
  run_until(loop, [&] { return read.done(); });
  EXPECT_EQ(read.result(), "frames");
}

TEST_F(StreamTest, tells_of_its_end_on_its_own_loop_whichever_is_current) {
  rounds();
  ioloop::IOLoop::clear_current();
  handle.close();
  EXPECT_EQ(ioloop::IOLoop::current(false), nullptr);
  rounds();
  EXPECT_EQ(observer.closes, 1);
}

TEST_F(StreamTest, an_observed_stream_takes_no_reads) {
  EXPECT_THROW(static_cast<void>(handle.read_bytes(1)), std::logic_error);
}

TEST_F(StreamTest, shutdown_after_flush_leaves_reading_open) {
  stream().send("that is all");
  stream().shutdown_after_flush();
  run_until(loop, [&] { return stream().pending_output() == 0; });
  EXPECT_EQ(test::raw_receive(peer), "that is all");
  EXPECT_TRUE(test::at_end(peer));
  test::raw_send(peer, "more");
  run_until(loop, [&] { return observer.bytes == "more"; });
}

// RFC 9112 section 9.6: a response sent while the peer still sends must arrive.
TEST_F(StreamTest, close_after_flush_sends_no_reset_to_a_peer_that_still_sends) {
  observer.use = [&](std::string_view data) {
    stream().send("413");
    stream().close_after_flush();
    return data.size();
  };
  test::raw_send(peer, std::string(10'000, 'u'));
  run_until(loop, [&] { return stream().pending_output() == 0 && observer.shown == 1; });
  for (int i = 0; i < 20; ++i) {
    test::raw_send(peer, std::string(10'000, 'u'));  // fails if a reset has come
    rounds(1);
  }
  EXPECT_EQ(observer.shown, 1);
  EXPECT_EQ(observer.closes, 0);
  EXPECT_EQ(test::raw_receive(peer), "413");
  EXPECT_TRUE(test::at_end(peer));
  peer.close();
  run_until(loop, [&] { return observer.closes == 1; });
  EXPECT_EQ(stream().error(), nullptr);
}

TEST(StreamLinger, it_ends_after_a_second) {
  ioloop::VirtualClock clock;
  ioloop::IOLoopOptions options;
  options.clock = &clock;
  options.make_current = ioloop::MakeCurrent::kYes;
  ioloop::IOLoop loop(options);
  auto [server, peer] = test::tcp_pair();
  const IOStream handle(std::move(server));
  Recorder observer;
  handle.impl().observe(&observer);
  const double begin = clock.time();
  handle.impl().send("bye");
  handle.impl().close_after_flush();
  run_until(loop, [&] { return observer.closes == 1; });  // the peer keeps its side open
  EXPECT_GE(clock.time() - begin, Stream::kLingerSeconds);
  EXPECT_LT(clock.time() - begin, Stream::kLingerSeconds + 0.1);
}

TEST_F(StreamTest, linger_ends_when_too_much_comes) {
  stream().close_after_flush();
  const std::string piece(1 << 20, 'f');
  std::size_t sent = 0;
  run_until(loop, [&] {
    const ssize_t count = ::send(peer.fileno(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    return observer.closes == 1;
  });
  EXPECT_GE(sent, Stream::kLingerBytes);
  EXPECT_LT(sent, Stream::kLingerBytes + (32 << 20));
}

TEST_F(StreamTest, closing_with_output_blocked_waits_for_it) {
  const std::size_t size = 16 << 20;
  stream().send(std::string(size, 'o'));
  stream().close_after_flush();
  EXPECT_TRUE(stream().output().empty());  // nowhere
  stream().output() += "not sent";
  std::size_t received = 0;
  run_until(loop, [&] {
    received += test::raw_receive(peer).size();
    return test::at_end(peer);
  });
  EXPECT_EQ(received, size);
  EXPECT_EQ(observer.closes, 0);
  peer.close();
  run_until(loop, [&] { return observer.closes == 1; });
}

TEST_F(StreamTest, the_loops_end_is_the_observers_end) {
  stream().send("lost");
  loop.close();
  EXPECT_EQ(observer.closes, 1);
  EXPECT_TRUE(handle.closed());
  stream().send("x");
  EXPECT_EQ(stream().pending_output(), 0U);
}

TEST_F(StreamTest, an_idle_stream_owns_no_buffer) {
  EXPECT_LE(sizeof(Stream), 192U);
  test::raw_send(peer, "request");
  observer.use = [&](std::string_view data) {
    stream().send("response");
    return data.size();
  };
  run_until(loop, [&] { return observer.shown == 1 && stream().pending_output() == 0; });
  EXPECT_EQ(test::raw_receive(peer), "response");
}

// Output is a chain of strings. Those that have left must not stay in memory until the last leaves.
TEST_F(StreamTest, output_that_has_left_is_freed) {
  constexpr std::size_t kPiece = 1'000'000;
  constexpr std::size_t kPieces = 32;
  const std::size_t before = test::allocated();
  for (std::size_t i = 0; i < kPieces; ++i) stream().send(std::string(kPiece, 'x'));
  EXPECT_GT(test::allocated(), before + kPieces * kPiece / 2) << "the test measures nothing";
  std::vector<char> space(1 << 20);
  run_until(loop, [&] {
    static_cast<void>(::recv(peer.fileno(), space.data(), space.size(), 0));
    return stream().pending_output() < kPieces * kPiece / 2;
  });
  EXPECT_GT(stream().pending_output(), 0U);
  EXPECT_LT(test::allocated(), before + stream().pending_output() + kPiece + 2 * space.size());
}

// Half a request, all of it, half a response: the peer leaves in every way at every step.
TEST(StreamEnds, each_end_is_one_on_closed_and_no_descriptor_stays) {
  const auto before = test::open_descriptors();
  {
    ioloop::IOLoop loop;
    for (int cut = 0; cut <= 8; ++cut) {
      for (int way = 0; way < 3; ++way) {
        auto [server, peer] = test::tcp_pair();
        IOStream handle(std::move(server));
        Recorder observer;
        observer.use = [&](std::string_view data) -> std::size_t {
          if (data.size() < 8) return 0;
          handle.impl().send(std::string(1 << 20, 'r'));
          handle.impl().pause_reading();
          return data.size();
        };
        observer.eof = [&] { handle.impl().close_after_flush(); };
        handle.impl().observe(&observer);
        test::raw_send(peer, std::string(static_cast<std::size_t>(cut), 'q'));
        loop.run_sync([]() -> Future<void> { co_await gen::moment; });
        if (way == 0) peer.close();
        if (way == 1) test::raw_reset(peer);
        if (way == 2) ::shutdown(peer.fileno(), SHUT_WR);
        run_until(loop, [&, &raw = peer] {
          if (way == 2) test::raw_receive(raw);
          return observer.closes == 1;
        });
        EXPECT_EQ(observer.closes, 1);
        EXPECT_LE(observer.eofs, 1);
      }
    }
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

// Otherwise a response would wait in memory while a thousand others are made.
TEST_F(StreamTest, what_the_first_of_a_crowd_writes_leaves_before_the_last_runs) {
  std::optional<std::string> received;
  const Future<void> news;
  news.add_done_callback([this](const Future<void>&) { handle.write("hello"); });
  for (int i = 1; i < 2 * ioloop::IOLoop::kMaxEvents; ++i) {
    news.add_done_callback([](const Future<void>&) {});
  }
  news.add_done_callback([&](const Future<void>&) { received = test::raw_receive(peer); });
  loop.add_callback([news] { news.set_result(); });
  run_until(loop, [&] { return received.has_value(); });
  EXPECT_EQ(received, "hello");
}

}  // namespace
}  // namespace tornado
