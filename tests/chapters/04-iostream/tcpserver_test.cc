#include "04-iostream/tcpserver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "stream_pair.h"

namespace mini {
namespace {

using Stream = std::shared_ptr<IOStream>;

// A server that hands its streams to the test.
class Server : public TCPServer {
 public:
  Server(IOLoop& loop, std::function<void(Stream)> on_stream)
      : TCPServer(loop), on_stream_(std::move(on_stream)) {
    listen(0);
  }

 private:
  void handle_stream(Stream stream) override { on_stream_(std::move(stream)); }

  std::function<void(Stream)> on_stream_;
};

TEST(TCPServer, makes_a_stream_of_each_connection) {
  IOLoop loop;
  std::vector<Stream> streams;
  Server server(loop, [&](Stream stream) { streams.push_back(std::move(stream)); });
  Client first(server.port());
  Client second(server.port());
  run_until(loop, [&] { return streams.size() == 2; });
  streams[0]->write("one");
  streams[1]->write("two");
  streams.clear();
  EXPECT_EQ(first.read_to_end(), "one");
  EXPECT_EQ(second.read_to_end(), "two");
}

TEST(TCPServer, a_stream_that_nobody_keeps_is_closed) {
  IOLoop loop;
  int connections = 0;
  Server server(loop, [&](const Stream&) { ++connections; });
  Client client(server.port());
  run_until(loop, [&] { return connections == 1; });
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(TCPServer, outlives_what_handle_stream_throws) {
  IOLoop loop;
  int connections = 0;
  Server server(loop, [&](const Stream&) {
    if (++connections == 1) throw std::runtime_error("no luck");
  });
  Client first(server.port());
  Client second(server.port());
  testing::internal::CaptureStderr();
  run_until(loop, [&] { return connections == 2; });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "exception in a callback: no luck\n");
  EXPECT_EQ(first.read_to_end(), "");
}

TEST(TCPServer, that_stopped_accepts_no_more_and_keeps_what_is_open) {
  IOLoop loop;
  std::vector<Stream> streams;
  Server server(loop, [&](Stream stream) { streams.push_back(std::move(stream)); });
  const std::uint16_t port = server.port();
  Client client(port);
  run_until(loop, [&] { return streams.size() == 1; });
  server.stop();
  server.stop();
  EXPECT_THROW(server.port(), std::system_error);
  streams[0]->write("still here");
  streams.clear();
  EXPECT_EQ(client.read_to_end(), "still here");

  server.listen(0);
  Client late(server.port());
  run_until(loop, [&] { return streams.size() == 1; });
}

TEST(TCPServer, says_when_it_cannot_listen) {
  IOLoop loop;
  Server server(loop, [](const Stream&) {});
  Server another(loop, [](const Stream&) {});
  EXPECT_THROW(another.listen(server.port()), std::system_error);
  EXPECT_THROW(another.listen(0, "localhost"), std::invalid_argument);
}

// Takes every descriptor that the process may have; give_back() releases them.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{std::min<rlim_t>(before_.rlim_cur, 256), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    int fd;
    while ((fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) taken_.emplace_back(fd);
  }
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  void give_back() { taken_.clear(); }

 private:
  rlimit before_{};
  std::vector<Socket> taken_;
};

TEST(TCPServer, stops_accepting_for_a_moment_if_no_descriptor_is_left) {
  IOLoop loop;
  std::vector<Stream> streams;
  Server server(loop, [&](Stream stream) { streams.push_back(std::move(stream)); });
  // Once while descriptors are left: UBSan needs some for its first check of a virtual call.
  Client first(server.port());
  run_until(loop, [&] { return streams.size() == 1; });
  try {
    throw std::system_error(EMFILE, std::generic_category());
  } catch (const std::system_error& error) {
    EXPECT_NE(error.what(), nullptr);
  }

  Client client(server.port());
  testing::internal::CaptureStderr();
  NoDescriptorsLeft none;
  loop.call_later(0.05, [&] { none.give_back(); });
  run_until(loop, [&] { return streams.size() == 2; });
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(
      said.starts_with("cannot accept, trying again in 10 ms: accept: Too many open files\n"))
      << said;
  EXPECT_LE(std::count(said.begin(), said.end(), '\n'), 6);  // one in 10 ms
}

}  // namespace
}  // namespace mini
