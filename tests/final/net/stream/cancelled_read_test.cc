// The bytes and the stream of a read whose future is cancelled.
#include <tornado/iostream.h>

#include "../net_test_tools.h"

namespace tornado {
namespace {

using iostream::IOStream;
using test::run;
using test::run_until;

class CancelledReadTest : public testing::Test {
 protected:
  ioloop::IOLoop loop;
};

// IOS-08
TEST_F(CancelledReadTest, makes_room_and_loses_nothing) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  auto first = stream.read_bytes(10);
  test::raw_send(peer, "abc");
  run(loop, []() -> Future<void> { co_await gen::sleep(0.002); });
  EXPECT_TRUE(first.cancel());
  EXPECT_FALSE(stream.reading());
  test::raw_send(peer, "def");
  auto second = stream.read_bytes(6);
  run_until(loop, [&] { return second.done(); });
  EXPECT_EQ(second.result(), "abcdef");
}

// IOS-08
TEST_F(CancelledReadTest, keeps_its_bytes_when_the_peer_ends) {
  for (const bool to_the_end : {false, true}) {
    auto [server, peer] = test::tcp_pair();
    const IOStream stream(std::move(server));
    stream.set_close_callback([] {});
    auto first = to_the_end ? stream.read_until_close() : stream.read_bytes(10);
    test::raw_send(peer, "abc");
    run(loop, []() -> Future<void> { co_await gen::sleep(0.002); });
    EXPECT_TRUE(first.cancel());
    test::raw_send(peer, "def");
    peer.close();
    run(loop, []() -> Future<void> { co_await gen::sleep(0.002); });
    auto second = stream.read_bytes(6);
    run_until(loop, [&] { return second.done(); });
    EXPECT_EQ(second.result(), "abcdef");
  }
}

// IOS-08
TEST_F(CancelledReadTest, lets_a_stream_without_handles_go) {
  auto [server, peer] = test::tcp_pair();
  auto line = [](netutil::Socket socket) {
    return IOStream(std::move(socket)).read_until("\n");
  }(std::move(server));
  run(loop, []() -> Future<void> { co_await gen::sleep(0.002); });
  EXPECT_FALSE(test::at_end(peer));
  EXPECT_TRUE(line.cancel());
  EXPECT_TRUE(test::at_end(peer));
}

}  // namespace
}  // namespace tornado
