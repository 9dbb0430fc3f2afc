// Public header: TCPServer, a class to derive servers from. Mirrors tornado.tcpserver.
#pragma once

#include <tornado/iostream.h>
#include <tornado/netutil.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tornado::tcpserver {

// Accepts connections and hands each to handle_stream():
//
//   class EchoServer : public tcpserver::TCPServer {
//     Future<void> handle_stream(iostream::IOStream stream, netutil::Address) override {
//       for (;;) {
//         const std::string line = co_await stream.read_until("\n");
//         co_await stream.write(line);
//       }
//     }
//   };
//
// Belongs to one thread. Destroying it stops it; connections live on, so a coroutine that uses
// members of the server must not outlive it.
class TCPServer {
 public:
  // `options` are those of each connection's stream.
  explicit TCPServer(const iostream::IOStreamOptions& options = {});
  // With `ssl_options` set, connections speak TLS. Throws what netutil::ssl_options_to_context()
  // throws: the files are read here. handle_stream() is called before the handshake, and its
  // operations wait for it; a handshake that fails or takes too long closes the stream. To use new
  // files, keep the SSLContext and call its reload().
  explicit TCPServer(std::optional<ssl::SSLContext> ssl_options,
                     const iostream::IOStreamOptions& options = {});
  TCPServer(const TCPServer&) = delete;
  TCPServer& operator=(const TCPServer&) = delete;
  virtual ~TCPServer();

  // Accepts connections to `port` on the current loop; 0 lets the system choose: see port().
  // Arguments and errors are those of netutil::bind_sockets. May be called for several ports.
  // (listen)
  void listen(int port, const std::string& address = {},
              const netutil::BindOptions& options = {}) &;
  // A server without a name would be gone in the same line.
  template <class... Args>
  void listen(Args&&...) && = delete;

  // The same in two steps: binds first, accepts from start() on. Connections that come between wait
  // in the backlog. start() throws std::logic_error the second time. With `num_processes` other
  // than 1 it first calls process::fork_processes(num_processes, max_restarts) and returns in the
  // children only, which accept from the same sockets: no loop may have been made before. (bind,
  // start)
  void bind(int port, const std::string& address = {}, const netutil::BindOptions& options = {}) &;
  void start(int num_processes = 1, int max_restarts = 100) &;

  // Accepts on sockets that listen already, which the server takes over. (add_sockets, add_socket)
  void add_sockets(std::vector<netutil::Socket> sockets);
  void add_socket(netutil::Socket socket);

  // Accepts no more and closes the listening sockets. Connections live on. Silent if stopped.
  // (stop)
  void stop();

  // The port of the first socket with one, bound or listening; 0 if there is none.
  std::uint16_t port() const;
  // Where it listens or is bound.
  std::vector<netutil::Address> addresses() const;

 protected:
  // A new connection; `address` is the peer's. Called on the loop. May be a coroutine. What it
  // throws is logged to tornado.application as "Error in connection callback", but not a
  // StreamClosedError: that is how a loop of reads ends. (handle_stream)
  virtual Future<void> handle_stream(iostream::IOStream stream, netutil::Address address) = 0;

 private:
  struct Listener {
    netutil::Socket socket;  // outlives its handler
    netutil::AcceptHandler handler;
  };

  void accepted(netutil::Socket connection, const netutil::Address& peer);
  iostream::IOStream make_stream(netutil::Socket connection) const;

  iostream::IOStreamOptions options_;
  std::optional<ssl::SSLContext> ssl_options_;
  std::vector<netutil::Socket> bound_;  // between bind() and start()
  std::vector<Listener> listeners_;
  bool started_ = false;
};

}  // namespace tornado::tcpserver
