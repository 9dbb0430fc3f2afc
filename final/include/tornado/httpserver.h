// Public header. HTTPServer: accepts connections and hands their requests to an application.
// Mirrors tornado.httpserver.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/pointers.h>
#include <tornado/core/request_callback.h>
#include <tornado/http1connection.h>
#include <tornado/httputil.h>
#include <tornado/tcpserver.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tornado::http {
class ServerCore;
}

namespace tornado::httpserver {

struct HTTPServerOptions : http1connection::HTTP1ConnectionParameters {
  HTTPServerOptions() {}

  // Trust a proxy in front: X-Real-Ip or X-Forwarded-For name the client, X-Scheme or
  // X-Forwarded-Proto the protocol. Off by default: anybody can send these fields.
  bool xheaders = false;
  // Proxies whose entries in X-Forwarded-For are skipped.
  std::vector<std::string> trusted_downstream;
  // Undo Content-Encoding: gzip of request bodies. Off by default: programs then see the bytes as
  // they were sent. max_body_size holds for both, the compressed bytes and the text. The field is
  // moved to X-Consumed-Content-Encoding; damaged gzip is answered with 400.
  bool decompress_request = false;
  // What the server holds at a time, so that a small machine survives a crowd; Tornado has no such
  // limits. They count for this server in this process.
  //
  // Connections, WebSockets included; 0: no limit. For one more, the connection is closed that has
  // waited longest for a request or for the rest of a head, give or take a 64th of
  // idle_connection_timeout. If all are busy, the new one is closed unanswered.
  std::size_t max_connections = 65'536;
  // The same from one IPv4 address or one IPv6 network of 64 bits; one more is closed unanswered.
  // 0: no limit, because all clients of a proxy have its address, xheaders or not. Unix sockets are
  // not counted.
  std::size_t max_connections_per_address = 0;
  // Bytes of request bodies in memory; 0: no limit. Unset: 256 MiB, or max_body_size if that is
  // more. A body counts from its first byte until its request is destroyed. If a piece of a body
  // would exceed the limit, the unfinished body that was begun first is answered with 503 and its
  // connection closed, until there is room. Handlers with data_received() keep nothing: theirs do
  // not count.
  std::optional<std::uint64_t> max_buffered_total;
  // What request.protocol says; empty: "https" with ssl_options, else "http".
  std::string protocol;
  // Set: connections speak TLS. See tcpserver::TCPServer.
  std::optional<ssl::SSLContext> ssl_options;
};

// A single-threaded HTTP/1.1 server on the loop that is current when it starts to listen.
//
// After a message that is not HTTP it answers 400 and closes; nothing behind that message is read.
// A request is answered before the next one of its connection is begun. Destroying the server
// closes its listeners and its connections.
class HTTPServer : public tcpserver::TCPServer {
 public:
  // Requests go to `delegate`, such as a web::Application, which must outlive the server. Throws
  // std::invalid_argument for ssl_options that do not work.
  explicit HTTPServer(httputil::HTTPServerConnectionDelegate& delegate,
                      const HTTPServerOptions& options = {});
  // Requests go to `callback(HTTPServerRequest)`, which answers through request.connection, now or
  // later. It may be a coroutine; its captures live until its last call has ended. What it throws
  // is logged, and closes the connection.
  template <RequestFunction F>
  explicit HTTPServer(F callback, const HTTPServerOptions& options = {})
      : HTTPServer(std::make_shared<detail::FunctionDelegate<F>>(std::move(callback)), options) {}
  ~HTTPServer() override;

  // Closes every connection and waits until they are gone; responses in the making are cut off.
  // stop() first, or new ones come. Tornado: close_all_connections.
  Future<void> close_all_connections();

  // Connections open at present.
  std::size_t connection_count() const noexcept;

 protected:
  Future<void> handle_stream(iostream::IOStream stream, netutil::Address address) override;

 private:
  HTTPServer(std::shared_ptr<detail::CallbackDelegate> owned, const HTTPServerOptions& options);

  std::shared_ptr<detail::CallbackDelegate> owned_delegate_;
  core::Owned<http::ServerCore> core_;
};

}  // namespace tornado::httpserver
