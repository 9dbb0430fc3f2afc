// Row IOS-23: streams for code that uses callbacks.
#include <tornado/iostream.h>

#include "../net_test_tools.h"

namespace tornado {
namespace {

using iostream::IOStream;
using test::run;
using test::run_until;

class StreamCallbacks : public testing::Test {
 protected:
  ioloop::IOLoop loop;
};

// IOS-23
TEST_F(StreamCallbacks, callbacks_and_streaming) {
  const test::StreamPair pair = test::stream_pair();
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  std::string pieces;
  std::vector<std::string> events;
  client.write("abcdefgh", [&] { events.push_back("written"); });
  server.read_bytes(
      8, [&](std::string rest) { events.push_back("done:" + rest); },
      [&](std::string piece) { pieces += piece; });
  run_until(loop, [&] { return events.size() == 2; });
  EXPECT_EQ(pieces, "abcdefgh");
  EXPECT_EQ(events, (std::vector<std::string>{"written", "done:"}));
  client.write("tail");
  server.read_until_close([&](std::string rest) { events.push_back("end:" + rest); },
                          [&](std::string piece) { pieces += piece; });
  run_until(loop, [&] { return pieces == "abcdefghtail"; });
  client.close();
  run_until(loop, [&] { return events.size() == 3; });
  EXPECT_EQ(events.back(), "end:");
}

// IOS-23
TEST_F(StreamCallbacks, a_callback_of_connect_may_be_a_coroutine) {
  const netutil::Socket listener(netutil::Family::kInet);
  sockaddr_storage storage;
  const unsigned length = netutil::Address("127.0.0.1", 0).to_sockaddr(storage);
  ASSERT_EQ(::bind(listener.fileno(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(::listen(listener.fileno(), 1), 0);
  const std::string text = "captured, and long enough to be on the heap";
  std::string seen;
  const IOStream stream{netutil::Socket(netutil::Family::kInet)};
  stream.connect(listener.getsockname(), [&seen, text]() -> Future<void> {
    co_await gen::moment;
    seen = text;
  });
  run_until(loop, [&] { return !seen.empty(); });
  EXPECT_EQ(seen, text);
}

// Its captures live until it has ended, and the next piece waits for that.
// IOS-23
TEST_F(StreamCallbacks, a_streaming_callback_may_be_a_coroutine) {
  const test::StreamPair pair = test::stream_pair();
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  const std::string text = "captured, and long enough to be on the heap";
  std::vector<std::string> events;
  std::string behind;  // the piece to send next
  const auto take = [&, text](std::string piece) -> Future<void> {
    const std::string next = std::exchange(behind, {});
    if (!next.empty()) client.write(next);
    for (int i = 0; i < 20; ++i) co_await gen::moment;
    events.push_back(piece + " " + text);
  };
  const auto done = [&](std::string rest) { events.push_back("done" + rest); };
  client.write("abcd");
  behind = "efgh";
  server.read_bytes(8, done, take);
  run_until(loop, [&] { return events.size() == 3; });
  client.write("ijkl");
  behind = "mnop";
  server.read_until_close(done, take);
  run_until(loop, [&] { return events.size() == 5; });
  client.close();
  run_until(loop, [&] { return events.size() == 6; });
  EXPECT_EQ(events, (std::vector<std::string>{"abcd " + text, "efgh " + text, "done",
                                              "ijkl " + text, "mnop " + text, "done"}));
}

// IOS-23
TEST_F(StreamCallbacks, no_callback_for_a_closed_stream) {
  const test::StreamPair pair = test::stream_pair();
  const IOStream server = pair.server;
  const IOStream client = pair.client;
  bool called = false;
  server.read_until("\n", [&](std::string) { called = true; });
  client.read_until_regex("x", [&](std::string) { called = true; }, 10);
  server.write("y", [&] { called = true; });
  server.close(std::make_exception_ptr(std::runtime_error("no")));
  run_until(loop, [&] { return client.closed(); });
  run(loop, []() -> Future<void> { co_await gen::moment; });
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace tornado
