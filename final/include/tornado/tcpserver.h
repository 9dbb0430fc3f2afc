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
// Belongs to one thread. Destroying it stops it, but existing connections stay open, so a coroutine
// that uses members of the server must not outlive it.
class TCPServer {
 public:
  // Applies `options` to each connection's stream.
  explicit TCPServer(const iostream::IOStreamOptions& options = {});
  // With `ssl_options`, connections use TLS. Reads the certificate files now, and throws the errors
  // of netutil::ssl_options_to_context(). handle_stream() is called before the handshake, and
  // operations on its stream wait for it. A handshake that fails or takes too long closes the
  // stream. To load new files later, keep the SSLContext and call its reload().
  explicit TCPServer(std::optional<ssl::SSLContext> ssl_options,
                     const iostream::IOStreamOptions& options = {});
  TCPServer(const TCPServer&) = delete;
  TCPServer& operator=(const TCPServer&) = delete;
  virtual ~TCPServer();

  // Accepts connections to `port` on the current loop. 0 lets the system choose a port; see port().
  // Arguments and errors are those of netutil::bind_sockets. May be called for several ports.
  // (listen)
  void listen(int port, const std::string& address = {},
              const netutil::BindOptions& options = {}) &;
  // Deleted for a temporary server, which would be destroyed at the end of the statement.
  template <class... Args>
  void listen(Args&&...) && = delete;

  // listen() in two steps: bind() binds, start() begins to accept. Connections that arrive in
  // between wait in the backlog. start() throws std::logic_error the second time. With
  // `num_processes` other than 1 it first calls process::fork_processes(num_processes,
  // max_restarts), and returns only in the children, which all accept from the same sockets. No
  // loop may have been made before that. (bind, start)
  void bind(int port, const std::string& address = {}, const netutil::BindOptions& options = {}) &;
  void start(int num_processes = 1, int max_restarts = 100) &;

  // Accepts on sockets that already listen, and takes ownership of them. (add_sockets, add_socket)
  void add_sockets(std::vector<netutil::Socket> sockets);
  void add_socket(netutil::Socket socket);

  // Stops accepting and closes the listening sockets. Existing connections stay open. Does nothing
  // if already stopped. (stop)
  void stop();

  // Returns the port of the first socket that has one, bound or listening; 0 if there is none.
  std::uint16_t port() const;
  // Returns the addresses it is bound to or listens on.
  std::vector<netutil::Address> addresses() const;

 protected:
  // Accepts the connections that wait in the backlog, which stop() would reset. Does not wait.
  void accept_waiting();

  // Handles a new connection from `address`. Called on the loop. May be a coroutine. An exception
  // that leaves it is logged to tornado.application as "Error in connection callback", except a
  // StreamClosedError, which is how a loop of reads normally ends. (handle_stream)
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
