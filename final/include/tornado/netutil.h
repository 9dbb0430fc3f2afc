// Public header: sockets, addresses, and resolvers of names. Mirrors tornado.netutil.
#pragma once

#include <tornado/concurrent.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

struct sockaddr;
struct sockaddr_storage;

namespace tornado::ssl {
class SSLContext;
struct SSLOptions;
}  // namespace tornado::ssl

namespace tornado::iostream {
class SSLIOStream;
}

namespace tornado::netutil {

// The kind of an address. kUnspecified lets the system choose (socket.AF_UNSPEC).
enum class Family : std::uint8_t { kUnspecified, kInet, kInet6, kUnix };

// The address of a socket: an IP address with a port, or the path of a Unix socket. A value; any
// thread.
class Address {
 public:
  // Makes an empty address, like that of the unnamed end of a Unix socket.
  Address() = default;
  // Copies an address from the kernel. A family that is not in Family gives an empty address.
  Address(const sockaddr* address, std::size_t length);
  // Parses a numeric IPv4 or IPv6 address. Throws std::invalid_argument for anything else; names
  // need a Resolver.
  Address(std::string_view ip, std::uint16_t port);
  // The same without exceptions, for untrusted text: returns nullopt.
  static std::optional<Address> parse(std::string_view ip, std::uint16_t port = 0);
  // Returns the address of a Unix socket. A leading NUL means Linux's abstract namespace. Throws
  // std::invalid_argument if the path is empty or longer than 107 bytes.
  static Address unix_path(std::string path);

  // Returns the kind of address; kUnspecified for an empty one.
  Family family() const noexcept { return family_; }
  // Returns "127.0.0.1", "::1", "fe80::1%eth0"; "" for a Unix socket.
  std::string ip() const;
  // Returns the port; 0 for a Unix socket.
  std::uint16_t port() const noexcept { return port_; }
  // Returns the path of a Unix socket.
  const std::string& path() const noexcept { return path_; }
  // Returns "127.0.0.1:80", "[::1]:80", or the path; "" for an empty address.
  std::string str() const;

  // Returns the same address with another port.
  Address with_port(std::uint16_t port) const {
    Address other = *this;
    other.port_ = port;
    return other;
  }
  // Converts the address for system calls. Returns its length.
  unsigned to_sockaddr(sockaddr_storage& out) const noexcept;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  Family family_ = Family::kUnspecified;
  std::uint16_t port_ = 0;
  std::uint32_t scope_ = 0;  // of a link-local IPv6 address
  unsigned char bytes_[16] = {};
  std::string path_;
};

// Owns a descriptor and closes it. Move-only (socket.socket).
class Socket {
 public:
  Socket() = default;
  // Takes ownership of `fd`.
  explicit Socket(int fd) noexcept : fd_(fd) {}
  // Opens a new socket, non-blocking and close-on-exec. Throws std::system_error.
  explicit Socket(Family family);
  Socket(Socket&& other) noexcept : fd_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = other.release();
    }
    return *this;
  }
  ~Socket() { close(); }

  // Returns the descriptor, or -1 if there is none.
  int fileno() const noexcept { return fd_; }
  // Returns whether there is a descriptor.
  explicit operator bool() const noexcept { return fd_ >= 0; }
  // Gives up ownership and returns the descriptor.
  int release() noexcept { return std::exchange(fd_, -1); }
  // Closes the descriptor now, if there is one.
  void close() noexcept;

  // Return the address of this end, and of the other. Throw std::system_error, for example if not
  // connected.
  Address getsockname() const;
  Address getpeername() const;

 private:
  int fd_ = -1;
};

// How many connections may wait to be accepted, unless a program says otherwise.
inline constexpr int kDefaultBacklog = 4096;

struct BindOptions {
  BindOptions() {}

  Family family = Family::kUnspecified;  // both IPv4 and IPv6
  // Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn. Tornado's
  // 128 overflows when a few hundred clients connect at once, and each that does not fit waits a
  // second.
  int backlog = kDefaultBacklog;
  bool reuse_port = false;  // SO_REUSEPORT: several processes share the port
};

// Returns sockets that listen on `port` of `address`: a name or numeric address of this machine, or
// empty for all interfaces. There is one socket per address, IPv4 first; IPv6 sockets accept IPv6
// only. With port 0 all get the same free port. A machine without IPv6 gets IPv4 only. Resolves
// names with getaddrinfo, so it may block. Throws std::system_error (such as EADDRINUSE),
// std::runtime_error for an unknown name, and std::invalid_argument for a port out of range.
// (bind_sockets)
std::vector<Socket> bind_sockets(int port, const std::string& address = {},
                                 const BindOptions& options = {});

// Returns a listening Unix socket. Replaces a leftover socket file; throws std::invalid_argument if
// the path is another kind of file. A leading NUL means the abstract namespace, which has neither
// file nor mode. Throws std::system_error if a system call fails. (bind_unix_socket)
Socket bind_unix_socket(const std::string& file, unsigned mode = 0600,
                        int backlog = kDefaultBacklog);

namespace detail {
class Acceptor;

// Handles each accepted connection; a function object behind a common interface.
class AcceptCallback {
 public:
  virtual ~AcceptCallback() = default;
  virtual void call(Socket connection, const Address& peer) = 0;
};

template <class F>
class AcceptFunction final : public AcceptCallback {
  static_assert(!core::is_future<std::invoke_result_t<F&, Socket, const Address&>>,
                "an accept handler cannot be a coroutine: the peer's address is gone when it goes "
                "on; let it call spawn_callback");

 public:
  explicit AcceptFunction(F f) : function_(std::move(f)) {}
  void call(Socket connection, const Address& peer) override {
    function_(std::move(connection), peer);
  }

 private:
  F function_;
};
}  // namespace detail

// Accepts connections of a listening socket until it is destroyed. Move-only; one loop's thread.
class AcceptHandler {
 public:
  AcceptHandler() = default;
  // See add_accept_handler.
  AcceptHandler(const Socket& socket, std::unique_ptr<detail::AcceptCallback> callback);
  AcceptHandler(AcceptHandler&& other) noexcept
      : acceptor_(std::exchange(other.acceptor_, nullptr)) {}
  AcceptHandler& operator=(AcceptHandler&& other) noexcept {
    std::swap(acceptor_, other.acceptor_);
    return *this;
  }
  ~AcceptHandler() { remove(); }

  // Stops accepting. Does nothing if already removed. May be called by the callback.
  void remove() noexcept;

 private:
  detail::Acceptor* acceptor_ = nullptr;
};

// Calls `callback(connection, peer)` on the current loop for each new connection, at most 128 per
// wake-up so that other events get their turn. Connections are non-blocking and close-on-exec. When
// descriptors or memory run out (EMFILE ...), accepting pauses for 0.1 s, then twice as long each
// time up to 1 s, and logs this once a second; waiting connections stay in the backlog. Exceptions
// of the callback are logged. The socket must stay open until the handler is removed.
// (add_accept_handler)
template <class F>
  requires std::is_invocable_v<F&, Socket, const Address&>
[[nodiscard]] AcceptHandler add_accept_handler(const Socket& socket, F callback) {
  return AcceptHandler(socket, std::make_unique<detail::AcceptFunction<F>>(std::move(callback)));
}

// Returns true if all of `text` is a numeric IPv4 or IPv6 address. (is_valid_ip)
bool is_valid_ip(std::string_view text);

// Returns a context for one side, with its files read. Throws std::invalid_argument, with the
// file's name or OpenSSL's reason, if something is missing or inconsistent. Needs <tornado/ssl.h>.
// (ssl_options_to_context)
ssl::SSLContext ssl_options_to_context(const ssl::SSLOptions& options, bool server_side = false);

// Returns a TLS stream over `socket`, like iostream::SSLIOStream's constructor: if the socket is
// connected, the handshake begins. Errors are the same. Needs <tornado/iostream.h>.
// (ssl_wrap_socket)
iostream::SSLIOStream ssl_wrap_socket(Socket socket, const ssl::SSLContext& ssl_options,
                                      const std::string& server_hostname = {},
                                      bool server_side = false);

// Finds the addresses of a host. `resolve` is called on a loop's thread.
class Resolver {
 public:
  virtual ~Resolver() = default;

  // Returns the stream addresses of `host`, best first, each with `port`. A numeric host resolves
  // to itself. Fails with ResolveError.
  virtual Future<std::vector<Address>> resolve(std::string host, std::uint16_t port,
                                               Family family = Family::kUnspecified) = 0;

  // Returns the resolver used where no other is given: the one set by configure(), or a
  // ThreadedResolver that is made at the first call. Any thread.
  static std::shared_ptr<Resolver> default_resolver();
  // Makes `resolver` the default from now on; null restores the ThreadedResolver. Any thread.
  // (Resolver.configure)
  static void configure(std::shared_ptr<Resolver> resolver);
};

// A host has no address (socket.gaierror). The message names the host and the reason.
class ResolveError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Resolves with getaddrinfo on the loop's thread, which blocks meanwhile. (BlockingResolver)
class BlockingResolver final : public Resolver {
 public:
  Future<std::vector<Address>> resolve(std::string host, std::uint16_t port,
                                       Family family = Family::kUnspecified) override;
};

// Resolves with getaddrinfo in an executor. (ExecutorResolver)
class ExecutorResolver : public Resolver {
 public:
  // Shares ownership of `executor`; the last owner destroys it, which replaces Tornado's
  // close_executor. Throws std::invalid_argument if it is null.
  explicit ExecutorResolver(std::shared_ptr<concurrent::Executor> executor);
  Future<std::vector<Address>> resolve(std::string host, std::uint16_t port,
                                       Family family = Family::kUnspecified) override;

 private:
  std::shared_ptr<concurrent::Executor> executor_;
};

// Resolves with getaddrinfo in threads of its own. (ThreadedResolver)
class ThreadedResolver final : public ExecutorResolver {
 public:
  // Resolves at most `num_threads` names at a time (default 10); more wait. Threads start when
  // needed.
  ThreadedResolver();
  explicit ThreadedResolver(std::size_t num_threads);
};

// Resolves with getaddrinfo in the current loop's executor. (DefaultExecutorResolver,
// DefaultLoopResolver)
class DefaultExecutorResolver final : public Resolver {
 public:
  Future<std::vector<Address>> resolve(std::string host, std::uint16_t port,
                                       Family family = Family::kUnspecified) override;
};
using DefaultLoopResolver = DefaultExecutorResolver;

// Maps some names by a table, and passes the result, or any other name, to another resolver: a
// staging server under its public name, a test. (OverrideResolver)
class OverrideResolver final : public Resolver {
 public:
  // Maps one host to another. An unset port or family matches every value; an unset new port keeps
  // the port.
  struct Entry {
    Entry(std::string from_host, std::string to_host)
        : host(std::move(from_host)), new_host(std::move(to_host)) {}

    std::string host;                       // the name to replace; case counts
    std::optional<std::uint16_t> port;      // only with this port
    std::optional<Family> family;           // only if this family is asked for
    std::string new_host;                   // the name or numeric address to resolve instead
    std::optional<std::uint16_t> new_port;  // the port of the resulting addresses
  };

  // Uses the most specific entry: (host, port, family), then (host, port), then host.
  OverrideResolver(std::shared_ptr<Resolver> resolver, std::vector<Entry> mapping);
  Future<std::vector<Address>> resolve(std::string host, std::uint16_t port,
                                       Family family = Family::kUnspecified) override;

 private:
  std::shared_ptr<Resolver> resolver_;
  std::vector<Entry> mapping_;
};

}  // namespace tornado::netutil
