// Internal header: requests for an Application, or any router, without a socket.
#pragma once

#include <gtest/gtest.h>
#include <tornado/iostream.h>
#include <tornado/web.h>

#include <memory>
#include <string>
#include <utility>

namespace tornado::web {

// Records the output of a handler.
class FakeConnection final : public httputil::HTTPConnection {
 public:
  concurrent::Sent write_headers(const httputil::ResponseStartLine& start_line,
                                 const httputil::HTTPHeaders& headers,
                                 std::string_view chunk) override {
    EXPECT_EQ(code, 0) << "headers were sent twice";
    code = start_line.code;
    reason = start_line.reason;
    sent_headers = headers;
    return write(chunk);
  }
  concurrent::Sent write(std::string_view chunk) override {
    Future<void> future;
    if (gone) {
      future.set_exception(iostream::StreamClosedError());
      static_cast<void>(future.exception());
      return future;
    }
    body += chunk;
    ++pieces;
    future.set_result();
    return future;
  }
  void finish() override {
    EXPECT_FALSE(finished) << "finished twice";
    finished = true;
  }
  httputil::HTTPRequestContext& context() override { return context_; }

  int code = 0;  // 0: no headers yet
  std::string reason;
  httputil::HTTPHeaders sent_headers;
  std::string body;
  int pieces = 0;
  bool finished = false;
  bool gone = false;  // as after the client has left

 private:
  httputil::HTTPRequestContext context_{.remote_ip = "192.0.2.7", .protocol = "http"};
};

// One request on its way through an application or a router. Owns what the connection would own.
class Exchange {
 public:
  Exchange(httputil::HTTPServerConnectionDelegate& app, std::string method, std::string path,
           httputil::HTTPHeaders headers = {}, std::string body = {})
      : connection(std::make_shared<FakeConnection>()) {
    if (!headers.contains("Host")) headers.add("Host", "example.com");
    delegate_ = app.start_request(this, connection);
    EXPECT_TRUE(delegate_
                    ->headers_received(
                        httputil::RequestStartLine{std::move(method), std::move(path), "HTTP/1.1"},
                        std::move(headers))
                    .done());
    if (!body.empty()) {
      EXPECT_TRUE(delegate_->data_received(std::move(body)).done());
    }
    delegate_->finish();
  }

  // The client leaves: the connection tells its delegate and releases it.
  void leave() {
    connection->gone = true;
    delegate_->on_connection_close();
    delegate_.reset();
  }

  const FakeConnection* operator->() const { return connection.get(); }

  std::shared_ptr<FakeConnection> connection;

 private:
  std::unique_ptr<httputil::HTTPMessageDelegate> delegate_;
};

}  // namespace tornado::web
