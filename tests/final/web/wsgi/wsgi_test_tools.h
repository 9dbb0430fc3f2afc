// Internal header: a server with a hosted application, and the signals between its thread and the
// test.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/web.h>
#include <tornado/wsgi.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "../../http/server/server_test_tools.h"

namespace tornado::wsgi {

// Something that happens once, on any thread.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool is_set() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }
  // Returns false if it has not happened for longer than any test takes.
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::duration<double>(test::kPatience),
                             [this] { return set_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string body_of(std::string_view response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(response.substr(end + 4));
}

// Returns the body of a chunked response, which must be complete.
inline std::string dechunked(std::string_view response) {
  EXPECT_NE(response.find("\r\nTransfer-Encoding: chunked\r\n"), std::string_view::npos);
  std::string chunks = body_of(response);
  std::string whole;
  for (std::size_t at = 0; at < chunks.size();) {
    const auto line_end = chunks.find("\r\n", at);
    const std::size_t size = std::stoul(chunks.substr(at, line_end - at), nullptr, 16);
    if (size == 0) return whole;
    whole += chunks.substr(line_end + 2, size);
    at = line_end + 2 + size + 2;
  }
  ADD_FAILURE() << "no last chunk: " << chunks;
  return whole;
}

class HostedTest : public ::testing::Test {
 protected:
  // Hosts `application` on a server of its own.
  template <class F>
  void serve(F application, const WSGIOptions& options = {},
             const httpserver::HTTPServerOptions& server_options = {}) {
    container_.emplace(std::move(application), options);
    server_.emplace(*container_, server_options);
    server_->listen(0, "127.0.0.1");
  }
  // Called before the objects that the application refers to are destroyed.
  void stop() {
    server_.reset();
    container_.reset();
  }
  test::Client connect(int receive_buffer = 0) {
    return test::Client(loop_, server_->port(), receive_buffer);
  }
  // Returns the response to one request, after which the connection closes.
  std::string ask(std::string request) {
    test::Client client = connect();
    request.insert(request.find("\r\n") + 2, "Connection: close\r\n");
    client.send(request);
    return client.until_end();
  }
  std::string ask_for(std::string_view path) { return ask(test::get(path)); }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<WSGIContainer> container_;
  std::optional<httpserver::HTTPServer> server_;
};

}  // namespace tornado::wsgi
