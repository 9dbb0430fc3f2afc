// Internal header: scripted servers, on the loop of the client that they serve.
#pragma once

#include <gtest/gtest.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/iostream.h>
#include <tornado/netutil.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../net/net_test_tools.h"

namespace tornado::test {

// A loop whose time advances only when it would sleep.
struct VirtualLoop {
  static ioloop::IOLoopOptions options(ioloop::Clock& clock) {
    ioloop::IOLoopOptions made;
    made.clock = &clock;
    return made;
  }

  ioloop::VirtualClock clock;
  ioloop::IOLoop loop{options(clock)};
};

// Passes each connection to a coroutine, with the connection's number. Declare it before the loop:
// the function must outlive the frames.
class RawServer {
 public:
  using Serve = std::function<Future<void>(iostream::IOStream, int)>;

  explicit RawServer(Serve serve) : serve_(std::move(serve)) {}

  // Listens on the current loop, instead of the previous one. Keeps each stream until the loop
  // closes.
  void listen(const std::string& address = "127.0.0.1") {
    stop();
    sockets_ = netutil::bind_sockets(0, address);
    handler_ = netutil::add_accept_handler(
        sockets_.front(), [this](netutil::Socket socket, const netutil::Address&) {
          streams.emplace_back(std::move(socket));
          static_cast<void>(serve_and_forget(serve_, streams.back(), connections++));
        });
  }
  void stop() {
    handler_.remove();
    sockets_.clear();
  }
  std::uint16_t port() const { return sockets_.front().getsockname().port(); }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }

  int connections = 0;
  std::vector<iostream::IOStream> streams;

 private:
  // If the client cuts a connection off, that is not the server's fault.
  static Future<void> serve_and_forget(Serve& serve, iostream::IOStream stream, int number) {
    try {
      auto serving = serve(std::move(stream), number);
      co_await serving;
    } catch (const iostream::StreamClosedError&) {
    }
  }

  Serve serve_;
  std::vector<netutil::Socket> sockets_;
  netutil::AcceptHandler handler_;
};

// Responds to every request head with the next of `replies` (repeating the last one), and keeps the
// requests in `heads`. Closes after the last reply if `then_close`.
struct Replies {
  explicit Replies(std::vector<std::string> texts, bool close_after = false)
      : replies(std::move(texts)), then_close(close_after) {}

  RawServer::Serve serve() {
    return [this](iostream::IOStream stream, int) { return run(this, std::move(stream)); };
  }
  static Future<void> run(Replies* self, iostream::IOStream stream) {
    for (;;) {
      std::string head = co_await stream.read_until("\r\n\r\n");
      self->heads.push_back(std::move(head));
      const std::size_t place = std::min(self->next++, self->replies.size() - 1);
      co_await stream.write(self->replies[place]);
      if (self->then_close && self->next >= self->replies.size()) stream.close();
    }
  }

  std::vector<std::string> replies;
  bool then_close;
  std::size_t next = 0;
  std::vector<std::string> heads;
};

inline std::string ok(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

// A raw server with canned replies, a loop with virtual time, and a client.
class ClientTest : public ::testing::Test {
 protected:
  // Virtual time does not wait for a resolver's threads.
  ClientTest() { options.resolver = std::make_shared<netutil::BlockingResolver>(); }

  // Starts a server that answers with `texts`.
  void reply(std::vector<std::string> texts, bool then_close = false) {
    replies = std::make_unique<Replies>(std::move(texts), then_close);
    serve(replies->serve());
  }
  void serve(RawServer::Serve function) {
    servers.push_back(std::make_unique<RawServer>(std::move(function)));
    server = servers.back().get();
    server->listen();
  }

  // Returns the response to `request`, or the error that fetch fails with.
  httpclient::HTTPResponse fetch(httpclient::HTTPRequest request, bool raise_error = true) {
    const httpclient::AsyncHTTPClient client(httpclient::force_instance, options);
    return fetch_with(client, std::move(request), raise_error);
  }
  httpclient::HTTPResponse fetch(std::string url) {
    return fetch(httpclient::HTTPRequest(std::move(url)));
  }
  httpclient::HTTPResponse fetch_with(const httpclient::AsyncHTTPClient& client,
                                      httpclient::HTTPRequest request, bool raise_error = true) {
    return loop.run_sync([&] { return client.fetch(std::move(request), raise_error); });
  }

  std::unique_ptr<Replies> replies;
  std::vector<std::unique_ptr<RawServer>> servers;
  RawServer* server = nullptr;  // the last
  VirtualLoop virtual_loop;
  ioloop::IOLoop& loop = virtual_loop.loop;
  httpclient::ClientOptions options;
};

}  // namespace tornado::test
