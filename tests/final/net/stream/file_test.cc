// Parts of files in the output of a stream, whatever kind of stream it is.
#include <malloc.h>
#include <tornado/core/file.h>

#include <algorithm>
#include <fstream>

#include "../../base/temporary_folder.h"
#include "../tls/tls_test_tools.h"
#include "net/stream/stream.h"

namespace tornado {
namespace {

using core::File;
using core::FileRange;
using core::Ref;
using iostream::IOStream;
using iostream::PipeIOStream;
using iostream::StreamClosedError;
using test::run;
using test::run_until;

// Returns bytes that reveal at once if some are missing or in the wrong place.
std::string pattern(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + ".";
  text.resize(size);
  return text;
}

class FileTest : public ::testing::Test {
 protected:
  std::string path() const { return folder.path() + "/file"; }
  Ref<File> open(const std::string& content) {
    write(content);
    return open();
  }
  void write(const std::string& content) const {
    std::ofstream(path(), std::ios::binary) << content;
  }
  Ref<File> open() {
    descriptor = ::open(path().c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_GE(descriptor, 0);
    return Ref<File>(new File(descriptor));
  }
  // Returns whether the file opened last has been closed.
  bool released() const { return ::fcntl(descriptor, F_GETFD) < 0; }

  // Sends strings and parts of files, small and big, in turn. Everything must arrive, in order.
  void send_in_turn(const IOStream& from, const IOStream& to) {
    const std::string content = pattern(3'000'000);
    std::string expected;
    {
      const Ref<File> file = open(content);
      auto& stream = from.impl();
      for (const std::size_t size :
           std::vector<std::size_t>{1, 5000, 16'384, 16'385, 2'000'000, 3, 70'000, 65'536}) {
        stream.send("<" + std::to_string(size) + ">");
        stream.send_file({file, size / 2, size});
        expected += "<" + std::to_string(size) + ">" + content.substr(size / 2, size);
      }
      for (int i = 0; i < 100; ++i) stream.send(std::string(5000, 'p'));  // more than one writev
      stream.send_file({file, 1000, 100'000});
      stream.send_file({file, 0, 20'000});  // with nothing between them
      stream.send(".");
      expected += std::string(500'000, 'p') + content.substr(1000, 100'000) +
                  content.substr(0, 20'000) + ".";
      EXPECT_EQ(stream.pending_output(), expected.size());
    }
    const std::string got = run(loop, [&] { return to.read_bytes(expected.size()); });
    EXPECT_TRUE(got == expected);
    run_until(loop, [&] { return from.impl().pending_output() == 0; });
    EXPECT_TRUE(released());
    EXPECT_FALSE(from.closed());
  }

  // A part is promised, sent in part, and cut off. The peer must see the end, and no other bytes.
  void cut_off(const IOStream& from, const IOStream& to, bool end_is_an_error) {
    const test::LogLines log;
    write("begin");
    ASSERT_EQ(::truncate(path().c_str(), 40'000'000), 0);
    from.impl().send_file({open(), 0, 40'000'000});
    EXPECT_EQ(run(loop, [&] { return to.read_bytes(7); }), std::string("begin\0\0", 7));
    ASSERT_EQ(::truncate(path().c_str(), 20'000'000), 0);
    std::size_t got = 7;
    bool failed = false;
    run(loop, [&]() -> Future<void> {
      try {
        for (;;) {
          const std::string piece = co_await to.read_bytes(1'000'000, true);
          EXPECT_EQ(piece.find_first_not_of('\0'), std::string::npos);
          got += piece.size();
        }
      } catch (const StreamClosedError& error) {
        failed = error.real_error != nullptr;
      }
    });
    EXPECT_EQ(got, 20'000'000U);
    EXPECT_EQ(failed, end_is_an_error);
    run_until(loop, [&] { return from.closed(); });
    EXPECT_TRUE(released());
    EXPECT_EQ(log.count("A file became shorter while it was sent"), 1U) << log.text();
  }

  struct TlsEnds {
    IOStream server;
    IOStream client;
  };
  TlsEnds tls_ends() {
    const ssl::SSLContext server(test::server_options());
    const ssl::SSLContext client(test::client_options());
    const auto pair = test::shake_hands(loop, server, client);
    return {pair.server.result(), pair.client.result()};
  }

  testing::TemporaryFolder folder;
  ioloop::IOLoop loop;
  int descriptor = -1;
};

TEST_F(FileTest, files_and_strings_leave_in_order_over_TCP) {
  const auto pair = test::stream_pair();
  send_in_turn(pair.server, pair.client);
}

TEST_F(FileTest, files_and_strings_leave_in_order_over_TLS) {
  const auto ends = tls_ends();
  send_in_turn(ends.server, ends.client);
}

TEST_F(FileTest, files_and_strings_leave_in_order_through_a_pipe) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  const PipeIOStream from(fds[1]);
  const PipeIOStream to(fds[0]);
  send_in_turn(from, to);
}

TEST_F(FileTest, a_file_that_is_cut_off_closes_the_stream) {
  const auto pair = test::stream_pair();
  cut_off(pair.server, pair.client, false);
}

TEST_F(FileTest, a_file_that_is_cut_off_closes_the_TLS_stream) {
  const auto ends = tls_ends();
  cut_off(ends.server, ends.client, true);  // TLS marks a good end with close_notify
}

TEST_F(FileTest, a_small_part_that_is_not_there_closes_the_stream) {
  const test::LogLines log;
  const auto pair = test::stream_pair();
  pair.server.impl().send_file({open("short"), 2, 4});
  EXPECT_TRUE(pair.server.closed());
  EXPECT_TRUE(released());
  EXPECT_EQ(log.count("A file became shorter"), 1U) << log.text();
  EXPECT_EQ(run(loop, [&] { return pair.client.read_until_close(); }), "");
}

TEST_F(FileTest, a_descriptor_that_cannot_be_read_closes_the_stream) {
  const test::LogLines log;
  const auto pair = test::stream_pair();
  descriptor = ::open(folder.path().c_str(), O_RDONLY | O_CLOEXEC);
  pair.server.impl().send_file({Ref<File>(new File(descriptor)), 0, 100'000});
  run_until(loop, [&] { return pair.server.closed(); });
  EXPECT_TRUE(released());
  EXPECT_EQ(log.count("Write error"), 1U) << log.text();
}

TEST_F(FileTest, a_file_may_be_removed_and_is_sent_all_the_same) {
  const std::string content = pattern(1'000'000);
  const auto pair = test::stream_pair();
  pair.server.impl().send_file({open(content), 0, content.size()});
  ASSERT_EQ(::unlink(path().c_str()), 0);
  EXPECT_TRUE(run(loop, [&] { return pair.client.read_bytes(content.size()); }) == content);
}

TEST_F(FileTest, a_reader_that_does_not_read_costs_no_memory) {
  const auto pair = test::stream_pair();
  write("");
  ASSERT_EQ(::truncate(path().c_str(), 1'000'000'000), 0);
  const std::size_t before = ::mallinfo2().uordblks;
  Future<void> flushed;
  pair.server.impl().send_file({open(), 0, 1'000'000'000});
  flushed = pair.server.impl().flushed();
  run(loop, [] { return gen::sleep(0.02); });
  EXPECT_GT(pair.server.impl().pending_output(), 900'000'000U);
  EXPECT_LT(::mallinfo2().uordblks, before + 100'000);
  EXPECT_FALSE(flushed.done());
  pair.server.close();
  EXPECT_TRUE(released());
  run_until(loop, [&] { return flushed.done(); });
  EXPECT_TRUE(test::holds<StreamClosedError>(flushed.exception()));
}

TEST_F(FileTest, a_peer_that_resets_releases_the_file) {
  auto [server, peer] = test::tcp_pair();
  const IOStream stream(std::move(server));
  const std::string content = pattern(10'000'000);
  stream.impl().send_file({open(content), 0, content.size()});
  run_until(loop, [&, &raw = peer] { return !test::raw_receive(raw).empty(); });
  test::raw_reset(peer);
  run_until(loop, [&] { return stream.closed(); });
  EXPECT_TRUE(released());
}

TEST_F(FileTest, a_fast_reader_of_a_big_file_does_not_hold_up_the_loop) {
  const auto pair = test::stream_pair();
  write("");
  ASSERT_EQ(::truncate(path().c_str(), 40'000'000), 0);
  pair.server.impl().send_file({open(), 0, 40'000'000});
  std::size_t most = 0;
  std::size_t before = 40'000'000;
  run(loop, [&]() -> Future<void> {
    while (pair.server.impl().pending_output() > 0) {
      const std::size_t now = pair.server.impl().pending_output();
      most = std::max(most, before - now);
      before = now;
      const std::string piece = co_await pair.client.read_bytes(65'536, true);
      EXPECT_EQ(piece.find_first_not_of('\0'), std::string::npos);
    }
  });
  EXPECT_LE(most, 4'000'000U);  // 1 MiB per round, and one to three rounds per read
}

}  // namespace
}  // namespace tornado
