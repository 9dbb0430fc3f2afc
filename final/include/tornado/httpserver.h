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

  // Trusts a proxy in front: X-Real-Ip or X-Forwarded-For name the client, X-Scheme or
  // X-Forwarded-Proto the protocol. Off by default, because any client can send these fields.
  bool xheaders = false;
  // Proxies whose entries in X-Forwarded-For are skipped.
  std::vector<std::string> trusted_downstream;
  // Reads the PROXY protocol, version 1 or 2, at the start of each connection, and takes the
  // client's address from it. Only for ports that nothing but the proxy can reach: a connection
  // that begins otherwise is closed without a response, and a client that sends the header itself
  // can claim any address. The header belongs to the first head and shares its header_timeout. TLS
  // has to end at the proxy: the constructor throws std::invalid_argument if ssl_options are set.
  // Not in Tornado.
  bool proxy_protocol = false;
  // Decompresses request bodies that have Content-Encoding: gzip, and renames that field to
  // X-Consumed-Content-Encoding. Off by default: programs then see the bytes as sent. max_body_size
  // limits both the compressed and the decompressed size; damaged gzip gets a 400.
  bool decompress_request = false;
  // The next three bound what the server holds at a time, so that a small machine survives a crowd.
  // They count per server and process. Tornado has no such limits.
  //
  // Connections, WebSockets included; 0: no limit. When one more comes, the server closes the one
  // that has waited longest for a request or for the rest of a head, give or take a 64th of
  // idle_connection_timeout. If all are busy, it closes the new one without a response.
  std::size_t max_connections = 65'536;
  // Connections from one IPv4 address or one IPv6 /64 network; one too many is closed without a
  // response. 0, the default: no limit, because all clients of a proxy share its address, with or
  // without xheaders. Unix sockets are not counted.
  std::size_t max_connections_per_address = 0;
  // Bytes of request bodies in memory; 0: no limit. Unset: 256 MiB, or max_body_size if that is
  // larger. A body counts from its first byte until its request is destroyed. If the next piece of
  // a body would exceed the limit, the oldest unfinished bodies get a 503 and their connections
  // close, until there is room. Handlers with data_received() keep nothing, so their bodies do not
  // count.
  std::optional<std::uint64_t> max_buffered_total;
  // The value of request.protocol. Empty: "https" with ssl_options, else "http".
  std::string protocol;
  // If set, connections use TLS. See tcpserver::TCPServer.
  std::optional<ssl::SSLContext> ssl_options;
};

// What became of the connections during HTTPServer::shutdown().
struct ShutdownReport {
  std::size_t finished = 0;     // sent their last response or close frame, or their client left
  std::size_t cut = 0;          // were not done when the time of grace was over
  std::size_t idle_closed = 0;  // had no request
};

// A single-threaded HTTP/1.1 server on the loop that is current when it starts to listen.
//
// A message that is not HTTP gets a 400, and one that exceeds a limit a 413, 414 or 431; the
// connection closes, and nothing after that message is read. On each connection, a request is
// answered before the next one is begun. Destroying the server closes its listeners and its
// connections.
class HTTPServer : public tcpserver::TCPServer {
 public:
  // Passes requests to `delegate`, such as a web::Application, which must outlive the server.
  // Throws std::invalid_argument if ssl_options do not work.
  explicit HTTPServer(httputil::HTTPServerConnectionDelegate& delegate,
                      const HTTPServerOptions& options = {});
  // Passes requests to `callback(HTTPServerRequest)`, which responds through request.connection,
  // now or later. It may be a coroutine; its captures live until its last call has ended. An
  // exception that leaves it is logged and closes the connection.
  template <RequestFunction F>
  explicit HTTPServer(F callback, const HTTPServerOptions& options = {})
      : HTTPServer(std::make_shared<detail::FunctionDelegate<F>>(std::move(callback)), options) {}
  ~HTTPServer() override;

  // Closes every connection and waits until all are gone; unfinished responses are cut off. Call
  // stop() first, or new connections arrive. Tornado: close_all_connections.
  Future<void> close_all_connections();

  // Ends the server in good order. Stops listening, but serves the connections that the system has
  // already accepted. A connection without a request closes after half a second, because one may be
  // on its way. Requests that have arrived are answered, the last one of each connection with
  // `Connection: close`, and unfinished bodies are read. Unfinished handlers are told by
  // on_shutdown(), WebSockets get the close code 1001, and new WebSockets a 503. After `grace`
  // seconds, whatever is left is cut off. The future is done when no connection is left. The server
  // can then listen again.
  //
  // A second call returns the same report, and can only shorten the grace. Throws
  // std::invalid_argument if `grace` is negative or not a number; infinity sets no limit. Do not
  // await it in a handler of this server, whose response it waits for. (Go: Server.Shutdown)
  Future<ShutdownReport> shutdown(double grace);
  template <core::Duration D>
  Future<ShutdownReport> shutdown(const D& grace) {
    return shutdown(core::to_seconds(grace));
  }
  // Returns whether a shutdown() is in progress: not ready for new clients, for a health check.
  bool shutting_down() const noexcept;

  // Returns the number of open connections.
  std::size_t connection_count() const noexcept;

 protected:
  Future<void> handle_stream(iostream::IOStream stream, netutil::Address address) override;

 private:
  HTTPServer(std::shared_ptr<detail::CallbackDelegate> owned, const HTTPServerOptions& options);

  std::shared_ptr<detail::CallbackDelegate> owned_delegate_;
  core::Owned<http::ServerCore> core_;
};

}  // namespace tornado::httpserver

namespace tornado::ioloop {

// The last line of a server's main(): runs the current loop until the process receives SIGTERM or
// SIGINT, then shuts `server` down within `grace` seconds, logs what became of its connections, and
// returns that. A second signal ends the process at once, as if this had never been called. If
// something else stops the loop, returns an empty report.
httpserver::ShutdownReport run_until_signal(httpserver::HTTPServer& server, double grace = 10);

}  // namespace tornado::ioloop
