// HTTPServer with decompress_request, over real sockets.
#include <tornado/gen.h>

#include "../gzip_tool.h"
#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::HTTPServerOptions;
using httputil::HTTPServerRequest;

constexpr std::string_view kRefused = "HTTP/1.1 400 Bad Request\r\n\r\n";

std::string gzip_post(std::string_view body, std::string_view coding = "gzip",
                      std::string_view type = "text/plain") {
  return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Encoding: " + std::string(coding) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class DecompressRequest : public ::testing::Test {
 protected:
  static HTTPServerOptions decompressing() {
    HTTPServerOptions options;
    options.decompress_request = true;
    return options;
  }
  void serve(const HTTPServerOptions& options = decompressing()) {
    server_ = std::make_unique<HTTPServer>(
        [](const HTTPServerRequest& request) {
          std::string text = request.headers.get("Content-Encoding", "-") + "," +
                             request.headers.get("X-Consumed-Content-Encoding", "-") + "," +
                             request.body;
          for (const auto& [name, values] : request.body_arguments()) {
            text += "," + name + "=" + values[0];
          }
          answer(*request.connection, text);
        },
        options);
    server_->listen(0, "127.0.0.1");
  }
  void serve_delegate() {
    server_ = std::make_unique<HTTPServer>(delegate_, decompressing());
    server_->listen(0, "127.0.0.1");
  }
  std::string exchange(std::string_view request) {
    Client client(loop_, server_->port());
    client.send(request);
    const std::string reply = client.until_end();
    const std::size_t end = reply.find("\r\n\r\n");
    return reply == kRefused || reply == kBodyTooLarge ? reply : reply.substr(end + 4);
  }

  LogLines log_;
  ioloop::IOLoop loop_;
  ScriptedDelegate delegate_;
  std::unique_ptr<HTTPServer> server_;
};

TEST_F(DecompressRequest, off_the_body_stays_compressed) {
  serve(HTTPServerOptions());
  const std::string body = gzip("hello");
  EXPECT_EQ(exchange(gzip_post(body)), "gzip,-," + body);
}

// H-107, HS-01
TEST_F(DecompressRequest, gzip_is_undone_and_the_field_moved) {
  serve();
  EXPECT_EQ(exchange(gzip_post(gzip("hello"))), "-,gzip,hello");
  EXPECT_EQ(exchange(gzip_post(gzip("hello"), "GZIP")), "-,GZIP,hello");
  EXPECT_EQ(exchange(gzip_post("")), "-,gzip,");
  EXPECT_EQ(exchange(gzip_post("hello", "br")), "br,-,hello");
  EXPECT_EQ(exchange(gzip_post(gzip("a=1&b=2"), "gzip", "application/x-www-form-urlencoded")),
            "-,gzip,a=1&b=2,a=1,b=2");
}

// H-107
TEST_F(DecompressRequest, damaged_and_cut_off_gzip_is_refused) {
  serve();
  const std::string body = gzip("hello");
  EXPECT_EQ(exchange(gzip_post("hello")), kRefused);
  EXPECT_EQ(exchange(gzip_post(body.substr(0, body.size() - 1))), kRefused);
  std::string wrong_sum = body;
  wrong_sum[body.size() - 6] ^= 1;
  EXPECT_EQ(exchange(gzip_post(wrong_sum)), kRefused);
  EXPECT_EQ(log_.count("the gzip body ends too early"), 1U) << log_.text();
}

// H-107
TEST_F(DecompressRequest, the_limit_is_for_the_text) {
  HTTPServerOptions options = decompressing();
  options.max_body_size = 100'000;
  serve(options);
  EXPECT_EQ(exchange(gzip_post(gzip(std::string(100'000, 'x')))).size(), 100'007U);
  EXPECT_EQ(exchange(gzip_post(gzip(std::string(100'001, 'x')))), kBodyTooLarge);
}

// 100 MB in 100 KB: refused after the megabyte that is allowed, not after decoding all of it.
TEST_F(DecompressRequest, a_bomb_costs_no_more_than_the_limit) {
  std::size_t received = 0;
  delegate_.script.on_headers = [&](const httputil::RequestStartLine&) {
    delegate_.connection->set_max_body_size(1'000'000);
    return ScriptedDelegate::ready();
  };
  delegate_.script.on_data = [&](const std::string& chunk) {
    received += chunk.size();
    return ScriptedDelegate::ready();
  };
  serve_delegate();
  EXPECT_EQ(exchange(gzip_post(gzip(std::string(100'000'000, 'x')))), kBodyTooLarge);
  EXPECT_LE(received, 1'000'000U);
  EXPECT_EQ(log_.count("the decompressed body is too long"), 1U);
}

TEST_F(DecompressRequest, the_loop_serves_others_while_a_body_expands) {
  std::size_t received = 0;
  std::size_t at_first_callback = 0;
  delegate_.script.on_data = [&](const std::string& chunk) {
    if (received == 0) loop_.add_callback([&] { at_first_callback = received; });
    received += chunk.size();
    return ScriptedDelegate::ready();
  };
  delegate_.script.on_finish = [&] { answer(*delegate_.connection, "done"); };
  serve_delegate();
  EXPECT_EQ(exchange(gzip_post(gzip(std::string(50'000'000, 'x')))), "done");
  EXPECT_EQ(received, 50'000'000U);
  EXPECT_GT(at_first_callback, 0U);
  EXPECT_LT(at_first_callback, 3'000'000U);
}

// HU-16
TEST_F(DecompressRequest, a_delegate_holds_back_the_text_and_the_sender) {
  std::vector<std::string> pieces;
  Future<void> go_on;
  delegate_.script.on_data = [&](std::string chunk) {
    pieces.push_back(std::move(chunk));
    return pieces.size() == 2 ? go_on : ScriptedDelegate::ready();
  };
  delegate_.script.on_finish = [&] { answer(*delegate_.connection, "done"); };
  serve_delegate();
  Client client(loop_, server_->port());
  client.send(gzip_post(gzip(std::string(100'000, 'x'))));
  run_until(loop_, [&] { return pieces.size() == 2; });
  run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  EXPECT_EQ(pieces.size(), 2U);
  go_on.set_result();
  client.until("done");
  std::size_t size = 0;
  for (const std::string& piece : pieces) size += piece.size();
  EXPECT_EQ(size, 100'000U);
}

TEST_F(DecompressRequest, the_client_leaves_while_the_text_is_held_back) {
  Future<void> go_on;
  int pieces = 0;
  int gone = 0;
  delegate_.script.on_data = [&](const std::string&) {
    ++pieces;
    return go_on;
  };
  delegate_.script.on_gone = [&] { ++gone; };
  serve_delegate();
  Client client(loop_, server_->port());
  client.send(gzip_post(gzip(std::string(100'000, 'x'))));
  run_until(loop_, [&] { return pieces == 1; });
  client.reset();
  run_until(loop_, [&] { return server_->connection_count() == 0; });
  go_on.set_result();
  run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(pieces, 1);
}

}  // namespace
}  // namespace tornado::test
