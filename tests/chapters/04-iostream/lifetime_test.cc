// How a stream ends, and what may be freed when.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "03-ioloop/waker.h"
#include "04-iostream/iostream.h"
#include "stream_pair.h"

namespace mini {
namespace {

const auto kUnexpected = [](const std::string& data) { ADD_FAILURE() << "read: " << data; };

TEST(End, of_the_other_side_closes_and_is_not_an_error) {
  StreamPair two;
  bool told = false;
  two.stream->set_close_callback([&] { told = true; });
  two.stream->read_until("\n", kUnexpected);
  two.pair.client.send("half a line");
  two.settle();
  EXPECT_FALSE(two.stream->closed());
  two.pair.client.close();
  run_until(two.loop, [&] { return told; });
  EXPECT_TRUE(two.stream->closed());
  EXPECT_FALSE(two.stream->error());
}

TEST(End, comes_after_what_was_said_before) {
  StreamPair two;
  two.pair.client.send("a\nb\n");
  two.pair.client.close();
  EXPECT_EQ(two.read_until("\n"), "a\n");
  two.settle();
  EXPECT_EQ(two.read_until("\n"), "b\n");
  EXPECT_FALSE(two.stream->closed());
  two.stream->read_until("\n", kUnexpected);
  two.run_until_closed();
}

TEST(End, by_reset_is_an_error) {
  StreamPair two;
  two.stream->read_until("\n", kUnexpected);
  two.pair.client.reset();
  two.run_until_closed();
  EXPECT_EQ(two.stream->error(), std::errc::connection_reset);
}

TEST(End, of_the_reader_fails_what_is_written) {
  StreamPair two;
  two.pair.client.reset();
  bool told = false;
  two.stream->set_close_callback([&] { told = true; });
  for (int i = 0; i < 100 && !two.stream->closed(); ++i) {
    two.stream->write(std::string(100'000, 'x'), [] {});
    two.settle();
  }
  EXPECT_TRUE(two.stream->closed());
  EXPECT_TRUE(two.stream->error());
  two.settle();
  EXPECT_TRUE(told);
}

// A client that has half-closed still wants its response.
TEST(End, of_a_client_that_listens_on_lets_the_answer_leave) {
  StreamPair two;
  two.pair.client.send("question\n");
  two.pair.client.half_close();
  EXPECT_EQ(two.read_until("\n"), "question\n");
  two.stream->write(std::string(20'000'000, 'x'));
  two.stream->read_until("\n", kUnexpected);  // this read sees the end
  two.settle();
  EXPECT_FALSE(two.stream->closed());
  std::string answer;
  std::thread reader([&] { answer = two.pair.client.read_to_end(); });
  two.run_until_closed();
  reader.join();
  EXPECT_EQ(answer.size(), 20'000'000u);
}

TEST(End, is_seen_by_an_idle_stream_that_wants_to_know) {
  StreamPair two;
  two.pair.client.close();
  two.settle();
  EXPECT_FALSE(two.stream->closed());  // nobody has asked
  two.stream->set_close_callback([] {});
  two.run_until_closed();
}

TEST(End, is_not_seen_before_what_came_is_read) {
  StreamPair two;
  two.stream->set_close_callback([] {});
  two.pair.client.send("a\n");
  two.settle();
  two.pair.client.close();
  two.settle();
  EXPECT_FALSE(two.stream->closed());
  EXPECT_EQ(two.read_until("\n"), "a\n");
  two.run_until_closed();
}

TEST(End, by_reset_is_seen_though_nobody_reads_what_came) {
  StreamPair two;
  bool told = false;
  two.stream->set_close_callback([&] { told = true; });
  two.pair.client.send("a\n");
  two.settle();
  two.pair.client.reset();
  run_until(two.loop, [&] { return told; });
  EXPECT_EQ(two.stream->error(), std::errc::connection_reset);
}

// Its event in this batch meets a stream that no longer listens.
TEST(End, in_order_may_be_asked_for_by_the_handler_of_another_descriptor) {
  IOLoop loop;
  Waker first;  // its number is lower than the stream's, so its handler is called first
  Pair pair;
  const auto stream = IOStream::create(loop, std::move(pair.server));
  stream->read_until("\n", kUnexpected);
  loop.add_handler(
      first.fd(),
      [&](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        stream->write("no more today");
        stream->end_in_order();
      },
      IOLoop::READ);
  first.wake();
  pair.client.send("hello\n");
  settle(loop);
  EXPECT_FALSE(stream->closed());
  EXPECT_EQ(pair.client.read_to_end(), "no more today");
  run_until(loop, [&] { return stream->closed(); });
}

TEST(End, in_order_sends_all_and_waits_for_the_clients_fin) {
  StreamPair two;
  const std::string large(20'000'000, 'x');
  two.stream->read_until("\n", kUnexpected);
  two.pair.client.send("this is never read");
  two.stream->write(large);
  two.stream->end_in_order();
  two.stream->write("too late");
  two.stream->read_until("\n", kUnexpected);
  std::string answer;
  std::thread reader([&] { answer = two.pair.client.read_to_end(); });
  two.run_until_closed();
  reader.join();
  EXPECT_EQ(answer, large);
  EXPECT_FALSE(two.stream->error());
}

TEST(End, in_order_waits_a_second_for_a_client_that_stays) {
  VirtualClock clock;
  IOLoop loop(clock);
  Pair pair;
  const auto stream = IOStream::create(loop, std::move(pair.server));
  const double start = loop.time();
  stream->set_close_callback([&] { loop.stop(); });
  stream->end_in_order();
  loop.start();
  EXPECT_DOUBLE_EQ(loop.time() - start, 1.0);
  EXPECT_FALSE(stream->error());
}

TEST(End, in_order_does_not_listen_for_ever) {
  StreamPair two;
  two.stream->end_in_order();
  std::thread talker([&] {
    try {
      for (int i = 0; i < 10'000; ++i) two.pair.client.send(std::string(10'000, 'x'));
      ADD_FAILURE() << "all of it was taken";
    } catch (const std::system_error&) {
    }
  });
  two.run_until_closed();
  talker.join();
}

TEST(Close, loses_what_waits_to_be_sent) {
  StreamPair two;
  two.stream->write(std::string(20'000'000, 'x'));
  EXPECT_GT(two.stream->unsent(), 0u);
  two.stream->close();
  EXPECT_EQ(two.stream->unsent(), 0u);
  EXPECT_LT(two.pair.client.read_to_end().size(), 20'000'000u);
}

TEST(Lifetime, a_stream_lives_while_it_waits_and_no_longer) {
  StreamPair two;
  const std::weak_ptr<IOStream> observer = two.stream;
  std::string read;
  two.stream->read_until("\n", [&](std::string line) { read = std::move(line); });
  two.stream.reset();
  two.settle();
  EXPECT_FALSE(observer.expired());
  two.pair.client.send("line\n");
  run_until(two.loop, [&] { return !read.empty(); });
  two.settle();
  EXPECT_TRUE(observer.expired());
  EXPECT_EQ(two.pair.client.read_to_end(), "");  // closed
}

TEST(Lifetime, a_stream_lives_until_all_is_sent) {
  StreamPair two;
  two.stream->write(std::string(20'000'000, 'x'));
  const std::weak_ptr<IOStream> observer = two.stream;
  two.stream.reset();
  std::string received;
  std::thread reader([&] { received = two.pair.client.read_to_end(); });
  run_until(two.loop, [&] { return observer.expired(); });
  reader.join();
  EXPECT_EQ(received.size(), 20'000'000u);
}

TEST(Lifetime, a_stream_nobody_needs_closes_its_socket) {
  StreamPair two;
  two.stream.reset();
  EXPECT_EQ(two.pair.client.read_to_end(), "");
}

// A connection as a server has it: its only owners are its stream's callbacks.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(std::shared_ptr<IOStream> stream) : stream_(std::move(stream)) {}
  ~Connection() { stream_->close(); }
  void start() {
    stream_->set_close_callback([self = shared_from_this()] { self->name_ += "."; });
    stream_->read_until("\n", [self = shared_from_this()](std::string line) {
      self->last_line_ = std::move(line);
      self->end();
    });
  }
  void end() {
    stream_->close();
    name_ += " is whole";  // though both its owners have just been taken away
    stream_->set_close_callback(nullptr);
    name_ += " to the end";
  }

 private:
  std::shared_ptr<IOStream> stream_;
  std::string name_ = "a connection whose name is long enough to live on the heap";
  std::string last_line_;
};

TEST(Lifetime, a_connection_may_close_its_stream_in_its_own_callback) {
  StreamPair two;
  const std::weak_ptr<IOStream> observer = two.stream;
  auto connection = std::make_shared<Connection>(std::exchange(two.stream, nullptr));
  connection->start();
  const std::weak_ptr<Connection> weak = std::exchange(connection, nullptr);
  two.pair.client.send("line\n");
  run_until(two.loop, [&] { return weak.expired(); });
  EXPECT_TRUE(observer.expired());
  EXPECT_EQ(two.pair.client.read_to_end(), "");
}

TEST(Lifetime, a_connection_may_be_told_to_end_from_outside) {
  StreamPair two;
  const auto stream = two.stream;
  const std::weak_ptr<Connection> weak = [&] {
    auto connection = std::make_shared<Connection>(stream);
    connection->start();
    return std::weak_ptr(connection);
  }();
  Connection* const plain = weak.lock().get();
  plain->end();  // nobody holds it during the call
  two.settle();
  EXPECT_TRUE(weak.expired());
}

TEST(Lifetime, a_stream_may_be_closed_while_another_is_called) {
  IOLoop loop;
  Pair one;
  Pair other;
  const auto first = IOStream::create(loop, std::move(one.server));
  const auto second = IOStream::create(loop, std::move(other.server));
  int called = 0;
  first->read_until("\n", [&](const std::string&) {
    ++called;
    second->close();
  });
  second->read_until("\n", [&](const std::string&) {
    ++called;
    first->close();
  });
  one.client.send("\n");
  other.client.send("\n");
  run_until(loop, [&] { return first->closed() || second->closed(); });
  settle(loop);
  EXPECT_EQ(called, 1);
}

TEST(Lifetime, what_is_pending_ends_with_the_loop) {
  Pair pair;
  std::weak_ptr<Connection> weak;
  {
    IOLoop loop;
    const auto connection =
        std::make_shared<Connection>(IOStream::create(loop, std::move(pair.server)));
    connection->start();
    weak = connection;
  }
  EXPECT_TRUE(weak.expired());
  EXPECT_EQ(pair.client.read_to_end(), "");
}

}  // namespace
}  // namespace mini
