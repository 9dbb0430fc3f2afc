#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <tornado/log.h>
#include <tornado/process.h>
#include <tornado/tcpserver.h>

#include <iterator>

#include "loop/error_text.h"
#include "net/stream/stream.h"
#include "net/tls/ssl_context.h"

namespace tornado::tcpserver {
namespace {

void report(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const iostream::StreamClosedError&) {
    return;  // the handler did not catch the end of the connection, and need not
  } catch (...) {
    log::app_log.error("Error in connection callback: " + describe(exception));
  }
}

}  // namespace

TCPServer::TCPServer(const iostream::IOStreamOptions& options) : options_(options) {}

TCPServer::TCPServer(std::optional<ssl::SSLContext> ssl_options,
                     const iostream::IOStreamOptions& options)
    : options_(options), ssl_options_(std::move(ssl_options)) {
  if (ssl_options_) ssl_options_->impl().prepare(true);
}

TCPServer::~TCPServer() = default;

void TCPServer::listen(int port, const std::string& address,
                       const netutil::BindOptions& options) & {
  add_sockets(netutil::bind_sockets(port, address, options));
}

void TCPServer::bind(int port, const std::string& address, const netutil::BindOptions& options) & {
  std::vector<netutil::Socket> sockets = netutil::bind_sockets(port, address, options);
  if (started_) return add_sockets(std::move(sockets));
  bound_.insert(bound_.end(), std::move_iterator(sockets.begin()),
                std::move_iterator(sockets.end()));
}

void TCPServer::start(int num_processes, int max_restarts) & {
  if (started_) throw std::logic_error("the server was started already");
  started_ = true;
  if (num_processes != 1) process::fork_processes(num_processes, max_restarts);
  add_sockets(std::exchange(bound_, {}));
}

void TCPServer::add_sockets(std::vector<netutil::Socket> sockets) {
  for (netutil::Socket& socket : sockets) add_socket(std::move(socket));
}

// [add_socket]
void TCPServer::add_socket(netutil::Socket socket) {
  // A small response must not wait for the acknowledgement of the one before. Accepted sockets
  // inherit the option, so it is set once here, not once per connection. No effect on anything but
  // TCP.
  const int on = 1;
  static_cast<void>(::setsockopt(socket.fileno(), IPPROTO_TCP, TCP_NODELAY, &on,
                                 static_cast<socklen_t>(sizeof on)));
  auto handler = netutil::add_accept_handler(
      socket, [this](netutil::Socket connection, const netutil::Address& peer) {
        accepted(std::move(connection), peer);
      });
  listeners_.push_back({std::move(socket), std::move(handler)});
}
// [/add_socket]

void TCPServer::accept_waiting() {
  std::vector<int> listening;  // handle_stream() may stop us
  listening.reserve(listeners_.size());
  for (const Listener& listener : listeners_) listening.push_back(listener.socket.fileno());
  for (const int fd : listening) {
    for (int i = 0; i < SOMAXCONN && !listeners_.empty(); ++i) {
      sockaddr_storage storage;
      socklen_t length = sizeof storage;
      auto* name = reinterpret_cast<sockaddr*>(&storage);
      netutil::Socket connection(::accept4(fd, name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!connection) break;
      accepted(std::move(connection), netutil::Address(name, length));
    }
  }
}

void TCPServer::stop() {
  listeners_.clear();
  bound_.clear();
}

std::uint16_t TCPServer::port() const {
  for (const netutil::Address& address : addresses()) {
    if (address.port() != 0) return address.port();
  }
  return 0;
}

std::vector<netutil::Address> TCPServer::addresses() const {
  std::vector<netutil::Address> result;
  result.reserve(listeners_.size() + bound_.size());
  for (const Listener& listener : listeners_) result.push_back(listener.socket.getsockname());
  for (const netutil::Socket& socket : bound_) result.push_back(socket.getsockname());
  return result;
}

iostream::IOStream TCPServer::make_stream(netutil::Socket connection) const {
  if (!ssl_options_) {  // accept4() has made it non-blocking
    return iostream::IOStream(
        core::Ref(new iostream::detail::Stream(std::move(connection), options_, true)));
  }
  return iostream::SSLIOStream(std::move(connection), *ssl_options_, true, {}, options_);
}

// [accepted]
void TCPServer::accepted(netutil::Socket connection, const netutil::Address& peer) {
  const iostream::IOStream stream = make_stream(std::move(connection));
  try {
    const Future<void> handling = handle_stream(stream, peer);
    if (handling.done() && handling.exception() == nullptr) return;
    handling.add_done_callback([](Future<void> done) {
      if (const auto exception = done.exception()) report(exception);
    });
  } catch (...) {
    report(std::current_exception());
  }
}
// [/accepted]

}  // namespace tornado::tcpserver
