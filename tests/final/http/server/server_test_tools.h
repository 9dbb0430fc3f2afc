// Internal header: raw clients over real sockets, on the loop and thread of their server.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../net/net_test_tools.h"

namespace tornado::test {

inline netutil::Socket connect_to(std::uint16_t port, int receive_buffer = 0) {
  netutil::Socket socket(
      ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));  // on loopback, connect does not block
  if (receive_buffer > 0) {
    ::setsockopt(socket.fileno(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_storage to;
  const unsigned length = netutil::Address("127.0.0.1", port).to_sockaddr(to);
  EXPECT_EQ(::connect(socket.fileno(), reinterpret_cast<sockaddr*>(&to), length), 0);
  return socket;
}

inline std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// A scripted client: it reads and writes only in pump() and the functions that call it.
class Client {
 public:
  Client(ioloop::IOLoop& loop, std::uint16_t port, int receive_buffer = 0)
      : loop_(&loop), socket_(connect_to(port, receive_buffer)) {}

  void send(std::string_view data) {
    unsent_ += data;
    write_some();
  }
  void half_close() { ::shutdown(socket_.fileno(), SHUT_WR); }
  void reset() { raw_reset(socket_); }
  void close() { socket_.close(); }

  // Writes the pending bytes, and reads at most `limit` bytes of those that have arrived.
  void pump(std::size_t limit = SIZE_MAX) {
    write_some();
    char buffer[65536];
    while (!ended && limit > 0) {
      const ssize_t count =
          ::recv(socket_.fileno(), buffer, std::min(limit, sizeof buffer), MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        ended = true;
        was_reset = count < 0;
        return;
      }
      limit -= static_cast<std::size_t>(count);
      received.append(buffer, static_cast<std::size_t>(count));
    }
  }

  // Run the loop until `part` has arrived `times` times, or the server has closed.
  const std::string& until(std::string_view part, std::size_t times = 1) {
    run_until(*loop_, [&] {
      pump();
      return ended || occurrences(received, part) >= times;
    });
    EXPECT_GE(occurrences(received, part), times) << "got: " << received;
    return received;
  }
  const std::string& until_end() {
    run_until(*loop_, [&] {
      pump();
      return ended;
    });
    return received;
  }

  std::size_t unsent() const { return unsent_.size(); }
  // Returns the bytes that have arrived since the last call.
  std::string take() { return std::exchange(received, {}); }

  std::string received;
  bool ended = false;
  bool was_reset = false;

 private:
  void write_some() {
    while (!unsent_.empty()) {
      const ssize_t count =
          ::send(socket_.fileno(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count <= 0) return;
      unsent_.erase(0, static_cast<std::size_t>(count));
    }
  }

  ioloop::IOLoop* loop_;
  netutil::Socket socket_;
  std::string unsent_;
};

inline std::string get(std::string_view path = "/", std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n";
}

// Responds with 200 and a Content-Length.
inline void answer(httputil::HTTPConnection& connection, std::string_view body) {
  httputil::HTTPHeaders headers;
  headers.add("Content-Length", std::to_string(body.size()));
  connection.write_headers({"", 200, "OK"}, headers, body);
  connection.finish();
}

// A delegate made of functions, for behaviour that a collected request cannot show.
struct Script {
  std::function<Future<void>(httputil::RequestStartLine)> on_headers;
  std::function<Future<void>(std::string)> on_data;
  std::function<void()> on_finish;
  std::function<void()> on_gone;
  std::function<bool(const httputil::RequestRefusal&)> on_refuse{};
};

class ScriptedDelegate final : public httputil::HTTPServerConnectionDelegate {
 public:
  static Future<void> ready() {
    Future<void> future;
    future.set_result();
    return future;
  }

  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* /*server_connection*/,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override {
    ++started;
    if (on_start) on_start();
    connection = std::move(request_connection);
    return std::make_unique<Message>(script);
  }
  void on_close(const void* /*server_connection*/) override { ++closed; }

  Script script;
  std::function<void()> on_start;
  std::shared_ptr<httputil::HTTPConnection> connection;  // of the last request
  int started = 0;
  int closed = 0;

 private:
  struct Message final : httputil::HTTPMessageDelegate {
    explicit Message(Script used) : script(std::move(used)) {}
    Future<void> headers_received(httputil::RequestStartLine line, httputil::HTTPHeaders) override {
      return script.on_headers ? script.on_headers(std::move(line)) : ready();
    }
    Future<void> data_received(std::string chunk) override {
      return script.on_data ? script.on_data(std::move(chunk)) : ready();
    }
    void finish() override {
      if (script.on_finish) script.on_finish();
    }
    bool refuse(const httputil::RequestRefusal& refusal) override {
      return script.on_refuse && script.on_refuse(refusal);
    }
    void on_connection_close() override {
      if (script.on_gone) script.on_gone();
    }
    const Script script;
  };
};

// A server's own responses, without an error page, to requests that exceed a limit.
inline constexpr std::string_view kBodyTooLarge =
    "HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\n\r\n";
inline constexpr std::string_view kHeadTooLarge =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n";

inline const std::string kHalfHead = "POST / HTTP/1.1\r\nHost:";
inline const std::string kHalfBody = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab";

inline void echo_uri(const httputil::HTTPServerRequest& request) {
  answer(*request.connection, request.uri + " [" + request.body + "]");
}

template <class F>
std::unique_ptr<httpserver::HTTPServer> make_server(
    F function, const httpserver::HTTPServerOptions& options = {}) {
  auto server = std::make_unique<httpserver::HTTPServer>(std::move(function), options);
  server->listen(0, "127.0.0.1");
  return server;
}

inline void some_rounds(ioloop::IOLoop& loop) {
  run_until(loop, [n = 0]() mutable { return ++n > 5; });
}

}  // namespace tornado::test
