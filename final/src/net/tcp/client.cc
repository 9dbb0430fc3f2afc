#include <sys/socket.h>
#include <tornado/gen.h>
#include <tornado/tcpclient.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "net/resolve/lookup.h"
#include "net/tcp/connect.h"
#include "net/tls/tls_stream.h"

namespace tornado::tcpclient {
namespace {

using iostream::IOStream;
using netutil::Address;
using netutil::Family;

// When the second family joins in, in seconds. RFC 8305 recommends 0.25, Tornado uses this.
constexpr double kSecondFamilyDelay = 0.3;

// Races the attempts at one connection. Shared by their callbacks; ends when `result_` is done.
class Race : public std::enable_shared_from_this<Race> {
 public:
  Race(const std::vector<Address>& addresses, ConnectOptions options)
      : options_(std::move(options)), loop_(ioloop::IOLoop::current()) {
    for (const Address& address : addresses) {
      lanes_[address.family() == addresses.front().family() ? 0 : 1].addresses.push_back(address);
    }
  }

  // `deadline` is in the loop's time; negative means none.
  Future<IOStream> run(double deadline) {
    result_.on_cancel([race = weak_from_this()] {
      if (const auto self = race.lock()) self->stop();
    });
    if (deadline >= 0) {
      deadline_ = loop_.add_timeout(deadline, [self = shared_from_this()] {
        self->end(std::make_exception_ptr(gen::TimeoutError()));
      });
    }
    if (!lanes_[1].addresses.empty()) {
      second_ = loop_.call_later(kSecondFamilyDelay,
                                 [self = shared_from_this()] { self->start_second(); });
    }
    try_next(lanes_[0]);
    return result_;
  }

 private:
  struct Lane {
    bool exhausted() const { return next == addresses.size() && !attempt; }

    std::vector<Address> addresses;
    std::size_t next = 0;
    IOStream attempt;  // in progress, unless empty
  };

  void start_second() {
    loop_.remove_timeout(second_);
    if (std::exchange(second_started_, true) || lanes_[1].addresses.empty()) return;
    try_next(lanes_[1]);
  }

  // Tries the next address that can be tried. Ends the race when both lanes are exhausted.
  void try_next(Lane& lane) {
    while (!ended_ && lane.next < lane.addresses.size()) {
      if (start(lane, lane.addresses[lane.next++])) return;
    }
    if (ended_) return;
    if (!second_started_ && !lanes_[1].addresses.empty()) return start_second();
    if (lanes_[0].exhausted() && lanes_[1].exhausted()) end(last_error_);
  }

  bool start(Lane& lane, const Address& address) {
    try {
      netutil::Socket socket(address.family());
      bind_source(socket, address.family());
      lane.attempt = IOStream(std::move(socket), options_.stream);
    } catch (...) {
      last_error_ = std::make_exception_ptr(iostream::StreamClosedError(std::current_exception()));
      return false;
    }
    lane.attempt.connect(address).add_done_callback(
        [self = shared_from_this(), &lane](const Future<IOStream>& done) {
          self->attempt_done(lane, done);
        });
    return true;
  }

  void bind_source(const netutil::Socket& socket, Family family) const {
    std::string ip = options_.source_ip;
    if (ip.empty()) {
      if (options_.source_port == 0) return;
      ip = family == Family::kInet6 ? "::1" : "127.0.0.1";
    }
    sockaddr_storage storage;
    const unsigned length = Address(ip, options_.source_port).to_sockaddr(storage);
    if (::bind(socket.fileno(), reinterpret_cast<sockaddr*>(&storage), length) < 0) {
      throw std::system_error(errno, std::generic_category(), "bind to " + ip);
    }
  }

  void attempt_done(Lane& lane, const Future<IOStream>& done) {
    if (ended_) return;
    if (const auto error = done.exception()) {
      last_error_ = error;
      lane.attempt = IOStream();
      // The other family need not wait any longer, and this one continues too.
      if (lane.next < lane.addresses.size()) start_second();
      return try_next(lane);
    }
    const IOStream winner = std::exchange(lane.attempt, IOStream());
    stop();
    if (!result_.done()) result_.set_result(winner);
  }

  void end(std::exception_ptr error) {
    if (ended_) return;
    stop();
    if (!result_.done()) result_.set_exception(std::move(error));
  }

  void stop() {
    ended_ = true;
    const auto self = shared_from_this();  // the timers hold it too
    loop_.remove_timeout(second_);
    loop_.remove_timeout(deadline_);
    for (Lane& lane : lanes_) {
      if (const IOStream loser = std::exchange(lane.attempt, IOStream())) loser.close();
    }
  }

  const ConnectOptions options_;
  ioloop::IOLoop& loop_;
  Lane lanes_[2];  // by family, beginning with the first address's
  bool second_started_ = false;
  bool ended_ = false;
  ioloop::Timeout second_;
  ioloop::Timeout deadline_;
  std::exception_ptr last_error_;
  Future<IOStream> result_;
};

// Performs the handshake over a connection. Aborts it at the deadline.
Future<IOStream> begin_tls(IOStream plain, ssl::SSLContext ssl_options, std::string host,
                           double deadline) {
  const IOStream stream =
      iostream::detail::TlsStream::upgrade(plain.impl(), ssl_options, false, host);
  auto& loop = ioloop::IOLoop::current();
  ioloop::Timeout timer;
  if (deadline >= 0) {
    timer = loop.add_timeout(
        deadline, [stream] { stream.close(std::make_exception_ptr(gen::TimeoutError())); });
  }
  auto handshake = iostream::SSLIOStream(stream).wait_for_handshake();
  std::exception_ptr error;
  try {
    co_await handshake;
  } catch (...) {  // failed, or cancelled
    error = std::current_exception();
    stream.close();
  }
  loop.remove_timeout(timer);
  if (error != nullptr) std::rethrow_exception(error);
  co_return stream;
}

}  // namespace

Future<IOStream> connect(std::shared_ptr<netutil::Resolver> resolver, std::string host, int port,
                         ConnectOptions options, std::shared_ptr<ConnectMoments> moments) {
  auto& loop = ioloop::IOLoop::current();
  const double deadline = options.timeout < 0 ? -1 : loop.time() + options.timeout;
  auto resolving = resolver->resolve(host, netutil::checked_port(port), options.af);
  if (deadline >= 0) resolving = gen::with_timeout(deadline, std::move(resolving));
  const std::vector<Address> addresses = co_await resolving;
  moments->resolved = loop.time();
  if (addresses.empty()) throw netutil::ResolveError("the resolver found no address");
  const std::optional<ssl::SSLContext> ssl_options = options.ssl_options;
  auto race = std::make_shared<Race>(addresses, std::move(options));
  auto connecting = race->run(deadline);
  const IOStream plain = co_await connecting;
  moments->connected = loop.time();
  if (!ssl_options) co_return plain;
  auto securing = begin_tls(plain, *ssl_options, std::move(host), deadline);
  const IOStream secure = co_await securing;
  moments->secured = loop.time();
  co_return secure;
}

TCPClient::TCPClient(std::shared_ptr<netutil::Resolver> resolver)
    : resolver_(resolver != nullptr ? std::move(resolver) : netutil::Resolver::default_resolver()) {
}

Future<IOStream> TCPClient::connect(std::string host, int port, ConnectOptions options) const {
  return tcpclient::connect(resolver_, std::move(host), port, std::move(options),
                            std::make_shared<ConnectMoments>());
}

}  // namespace tornado::tcpclient
