// A range of a file as the body of a response, or as one piece of the body.
#include <fcntl.h>
#include <tornado/concurrent.h>
#include <tornado/core/file.h>
#include <tornado/httpserver.h>

#include <fstream>
#include <map>

#include "../../base/temporary_folder.h"
#include "server_test_tools.h"

namespace tornado {
namespace {

using core::File;
using core::FileRange;
using core::Ref;
using httputil::HTTPConnection;
using httputil::HTTPHeaders;
using test::Client;
using test::get;
using test::run_until;

constexpr std::size_t kBig = 3'000'000;

class SendFileTest : public ::testing::Test {
 protected:
  SendFileTest() { server.listen(0, "127.0.0.1"); }

  void serve(const httputil::HTTPServerRequest& request) {
    const auto answer = answers.find(request.path);
    if (answer == answers.end()) return test::answer(*request.connection, "hello");
    answer->second(*request.connection);
  }
  // A response with these bytes of a file of `size` bytes.
  static void send(HTTPConnection& connection, const Ref<File>& file, std::uint64_t offset,
                   std::uint64_t size) {
    HTTPHeaders headers;
    headers.add("Content-Length", std::to_string(size));
    connection.write_headers({"", 200, "OK"}, headers, {});
    connection.write_file({file, offset, size});
    connection.finish();
  }
  Ref<File> open(const std::string& content) {
    const std::string path = folder.path() + "/" + std::to_string(++files);
    std::ofstream(path, std::ios::binary) << content;
    descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_GE(descriptor, 0);
    return Ref<File>(new File(descriptor));
  }
  bool released() const { return ::fcntl(descriptor, F_GETFD) < 0; }
  Client connect(int receive_buffer = 0) { return {loop, server.port(), receive_buffer}; }

  testing::TemporaryFolder folder;
  int files = 0;
  int descriptor = -1;
  test::LogLines log;
  std::map<std::string, std::function<void(HTTPConnection&)>> answers;
  ioloop::IOLoop loop;
  httpserver::HTTPServer server{[this](httputil::HTTPServerRequest request) { serve(request); }};
};

TEST_F(SendFileTest, a_range_of_a_file_is_a_body) {
  const std::string content = std::string(1000, '.') + std::string(kBig, 'x') + "<end>";
  answers["/file"] = [file = open(content)](HTTPConnection& connection) {
    send(connection, file, 999, kBig + 6);
  };
  auto client = connect();
  client.send(get("/file") + get("/"));
  client.until("hello");
  const auto body = client.received.find("\r\n\r\n") + 4;
  EXPECT_TRUE(client.received.substr(body, kBig + 6) == "." + std::string(kBig, 'x') + "<end>");
  EXPECT_TRUE(client.received.substr(body + kBig + 6).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(SendFileTest, pipelined_files_come_in_order_and_one_at_a_time) {
  constexpr std::size_t kMore = 20'000'000;  // more than the kernel's buffers hold
  int started = 0;
  for (const char name : {'a', 'b'}) {
    answers[std::string("/") + name] = [&, name](HTTPConnection& connection) {
      ++started;
      send(connection, open(std::string(kMore, name)), 0, kMore);
    };
  }
  auto client = connect(4096);
  client.send(get("/a") + get("/b") + get("/"));
  run_until(loop, [&] {
    client.pump(100'000);
    return client.received.size() > 1'000'000;
  });
  EXPECT_EQ(started, 1) << "a client that does not read opens one file";
  run_until(loop, [&] {
    client.pump();
    return client.received.ends_with("hello");
  });
  const auto first = client.received.find(std::string(kMore, 'a') + "HTTP/1.1 200 OK\r\n");
  const auto second = client.received.find(std::string(kMore, 'b') + "HTTP/1.1 200 OK\r\n");
  EXPECT_NE(first, std::string::npos);
  EXPECT_NE(second, std::string::npos);
}

TEST_F(SendFileTest, HEAD_has_the_length_and_no_body) {
  answers["/file"] = [file = open(std::string(kBig, 'x'))](HTTPConnection& connection) {
    send(connection, file, 0, kBig);
  };
  auto client = connect();
  client.send("HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n" + get("/"));
  client.until("hello");
  EXPECT_EQ(client.received.find("xxx"), std::string::npos);
  EXPECT_NE(client.received.find("Content-Length: 3000000\r\n"), std::string::npos);
}

TEST_F(SendFileTest, files_and_writes_mix_in_a_chunked_body) {
  answers["/mixed"] = [this](HTTPConnection& connection) {
    const auto file = open(std::string(20'000, 'f'));
    connection.write_headers({"", 200, "OK"}, {}, "head");
    connection.write_file({file, 0, 20'000});
    connection.write("middle");
    connection.write_file({file, 0, 5});
    connection.write_file({file, 0, 0});
    connection.finish();
  };
  auto client = connect();
  client.send(get("/mixed"));
  client.until("0\r\n\r\n");
  const std::string body = client.received.substr(client.received.find("\r\n\r\n") + 4);
  EXPECT_EQ(body, "4\r\nhead\r\n4e20\r\n" + std::string(20'000, 'f') +
                      "\r\n6\r\nmiddle\r\n5\r\nfffff\r\n0\r\n\r\n");
}

TEST_F(SendFileTest, more_than_Content_Length_is_a_fault_of_the_program) {
  std::string fault;
  answers["/file"] = [&](HTTPConnection& connection) {
    HTTPHeaders headers;
    headers.add("Content-Length", "10");
    connection.write_headers({"", 200, "OK"}, headers, {});
    try {
      connection.write_file({open("0123456789A"), 0, 11});
    } catch (const httputil::HTTPOutputError& error) {
      fault = error.what();
    }
  };
  auto client = connect();
  client.send(get("/file"));
  EXPECT_EQ(client.until_end().find("0123"), std::string::npos);
  EXPECT_EQ(fault, "Tried to write more data than Content-Length");
  EXPECT_TRUE(released());
}

TEST_F(SendFileTest, less_than_Content_Length_ends_the_connection) {
  answers["/file"] = [&](HTTPConnection& connection) {
    HTTPHeaders headers;
    headers.add("Content-Length", "100000");
    connection.write_headers({"", 200, "OK"}, headers, {});
    connection.write_file({open(std::string(99'999, 'x')), 0, 99'999});
    EXPECT_THROW(connection.finish(), httputil::HTTPOutputError);
  };
  auto client = connect();
  client.send(get("/file") + get("/"));
  EXPECT_TRUE(client.until_end().ends_with(std::string(99'999, 'x')));
}

TEST_F(SendFileTest, a_file_cut_off_on_its_way_closes_the_connection) {
  answers["/file"] = [&](HTTPConnection& connection) {
    send(connection, open(std::string(20'000'000, 'x')), 0, 20'000'000);
    EXPECT_EQ(::ftruncate(descriptor, 10), 0);
  };
  auto client = connect(4096);
  client.send(get("/file") + get("/"));
  EXPECT_EQ(client.until_end().find("hello"), std::string::npos);
  EXPECT_EQ(log.count("A file became shorter while it was sent"), 1U) << log.text();
  EXPECT_TRUE(released());
}

TEST_F(SendFileTest, the_future_is_done_when_the_file_has_left) {
  Future<void> sent;
  answers["/file"] = [&](HTTPConnection& connection) {
    HTTPHeaders headers;
    headers.add("Content-Length", "20000000");
    connection.write_headers({"", 200, "OK"}, headers, {});
    sent = connection.write_file({open(std::string(20'000'000, 'x')), 0, 20'000'000});
    EXPECT_FALSE(sent.done());
    connection.finish();
  };
  auto client = connect(4096);
  client.send(get("/file"));
  run_until(loop, [&] {
    client.pump(65'536);
    return client.received.size() > 1'000'000;
  });
  EXPECT_FALSE(sent.done());
  run_until(loop, [&] {
    client.pump();
    return client.received.size() > 20'000'000;
  });
  EXPECT_TRUE(sent.done());
}

TEST_F(SendFileTest, a_client_that_leaves_releases_the_file) {
  answers["/file"] = [&](HTTPConnection& connection) {
    send(connection, open(std::string(20'000'000, 'x')), 0, 20'000'000);
  };
  auto client = connect(4096);
  client.send(get("/file"));
  client.until("xxx");
  EXPECT_FALSE(released());
  client.reset();
  run_until(loop, [&] { return released(); });
}

TEST_F(SendFileTest, a_connection_that_has_gone_takes_no_file) {
  std::shared_ptr<HTTPConnection> kept;
  httpserver::HTTPServer keeper(
      [&](const httputil::HTTPServerRequest& request) { kept = request.connection; });
  keeper.listen(0, "127.0.0.1");
  Client client(loop, keeper.port());
  client.send(get("/"));
  run_until(loop, [&] { return kept != nullptr; });
  client.reset();
  run_until(loop, [&] { return keeper.connection_count() == 0; });
  const auto future = kept->write_file({open("x"), 0, 1});
  EXPECT_TRUE(test::holds<iostream::StreamClosedError>(future.exception()));
  EXPECT_TRUE(released());
}

}  // namespace
}  // namespace tornado
