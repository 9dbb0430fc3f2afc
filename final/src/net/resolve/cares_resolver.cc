// CaresResolver: c-ares on the loop. Its sockets are handlers, its time limits one timer.
#include <ares.h>
#include <sys/time.h>
#include <tornado/caresresolver.h>
#include <tornado/ioloop.h>

#include <climits>

#include "loop/loop_state.h"
#include "net/resolve/lookup.h"

namespace tornado::caresresolver {

using ioloop::IOLoop;
using netutil::Address;
using netutil::ResolveError;

namespace {

constexpr double kLongestTimeout = INT_MAX / 1000;

void check(int status, const char* what) {
  if (status == ARES_SUCCESS) return;
  throw std::runtime_error(std::string("c-ares: ") + what + ": " + ::ares_strerror(status));
}

void prepare_library() {
  static const int status = ::ares_library_init(ARES_LIB_INIT_ALL);
  check(status, "ares_library_init");
}

std::string joined(const std::vector<std::string>& servers) {
  std::string list;
  for (const std::string& server : servers) list.append(list.empty() ? "" : ",").append(server);
  return list;
}

std::vector<Address> addresses_of(const ares_addrinfo& found, std::uint16_t port) {
  std::vector<Address> addresses;
  for (const ares_addrinfo_node* at = found.nodes; at != nullptr; at = at->ai_next) {
    addresses.push_back(Address(at->ai_addr, at->ai_addrlen).with_port(port));
  }
  return addresses;
}

// A query in progress. Frees itself when c-ares has called back.
struct Question {
  const bool& loop_closed;  // the channel's; the channel outlives its questions
  std::string host;
  std::uint16_t port;
  Future<std::vector<Address>> result;

  void fail(const std::string& why) const {
    result.set_exception(
        std::make_exception_ptr(ResolveError("cannot resolve '" + host + "': " + why)));
  }

  static void answered(void* question, int status, int /*timeouts*/, ares_addrinfo* found) {
    const std::unique_ptr<Question> self(static_cast<Question*>(question));
    const std::unique_ptr<ares_addrinfo, decltype(&::ares_freeaddrinfo)> owned(
        found, &::ares_freeaddrinfo);
    if (self->loop_closed || self->result.done()) return;  // nobody is waiting
    if (status == ARES_EDESTRUCTION) return self->fail("the resolver was destroyed");
    if (status != ARES_SUCCESS) return self->fail(::ares_strerror(status));
    auto addresses = addresses_of(*found, self->port);
    if (addresses.empty()) return self->fail("no IP address");
    self->result.set_result(std::move(addresses));
  }
};

}  // namespace

namespace detail {

// A c-ares channel and the loop that serves it.
class Channel final : public ioloop::EventHandler, public core::ListHook {
 public:
  explicit Channel(const CaresOptions& options);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() { close(); }

  void ask(std::string host, std::uint16_t port, int af,
           const Future<std::vector<Address>>& result);
  void handle_events(int fd, std::uint32_t events) override;
  void loop_closes() {
    loop_closed_ = true;
    close();
  }

  IOLoop& loop;  // must not be used once it is closed
  bool loop_closed() const noexcept { return loop_closed_; }

 private:
  void close();
  void process(ares_socket_t readable, ares_socket_t writable);
  static void socket_changed(void* channel, ares_socket_t fd, int readable, int writable);

  ares_channel channel_ = nullptr;
  ioloop::Timeout timer_;
  bool loop_closed_ = false;
};

namespace {

// The channels of one loop.
struct ChannelsOfLoop final : ioloop::detail::LoopLocal {
  ~ChannelsOfLoop() override {
    while (channels.linked()) {
      auto* const channel = static_cast<Channel*>(channels.next());
      channel->unlink();
      channel->loop_closes();
    }
  }
  core::ListHook channels;
};

void check_options(const CaresOptions& options) {
  if (!(options.timeout > 0 && options.timeout <= kLongestTimeout)) {
    throw std::invalid_argument(
        "CaresResolver: timeout is " + core::format_seconds(options.timeout) +
        " s, but must be above 0 and at most " + core::format_seconds(kLongestTimeout));
  }
  if (options.tries <= 0) {
    throw std::invalid_argument("CaresResolver: tries is " + std::to_string(options.tries) +
                                ", but must be positive");
  }
}

}  // namespace

Channel::Channel(const CaresOptions& options) : loop(IOLoop::current()) {
  check_options(options);
  prepare_library();
  ares_options own{};
  own.timeout = std::max(1, static_cast<int>(options.timeout * 1000));
  own.tries = options.tries;
  own.sock_state_cb = &socket_changed;
  own.sock_state_cb_data = this;
  check(::ares_init_options(&channel_, &own,
                            ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB),
        "ares_init_options");
  const std::string servers = joined(options.servers);
  if (!servers.empty() && ::ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS) {
    ::ares_destroy(channel_);
    throw std::invalid_argument("CaresResolver: not a list of DNS servers: " + servers);
  }
  link_before(loop.internals().local<ChannelsOfLoop>().channels);
}

// Ends the queries in progress. c-ares then reports that it closes its sockets.
void Channel::close() {
  if (channel_ == nullptr) return;
  ::ares_destroy(std::exchange(channel_, nullptr));
  loop.remove_timeout(timer_);
}

void Channel::ask(std::string host, std::uint16_t port, int af,
                  const Future<std::vector<Address>>& result) {
  ares_addrinfo_hints hints{};
  hints.ai_family = af;
  hints.ai_socktype = SOCK_STREAM;
  auto question = std::make_unique<Question>(Question{loop_closed_, std::move(host), port, result});
  const char* const name = question->host.c_str();
  // May call back before it returns.
  ::ares_getaddrinfo(channel_, name, nullptr, &hints, &Question::answered, question.release());
  process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void Channel::handle_events(int fd, std::uint32_t events) {
  const bool readable = (events & ~IOLoop::WRITE) != 0;
  const bool writable = (events & ~IOLoop::READ) != 0;
  process(readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
}

// Lets c-ares read, write and check its time limits, then sets a timer for the next limit.
void Channel::process(ares_socket_t readable, ares_socket_t writable) {
  ::ares_process_fd(channel_, readable, writable);
  loop.remove_timeout(timer_);
  timeval wait{};
  if (::ares_timeout(channel_, nullptr, &wait) == nullptr) return;
  const double seconds =
      static_cast<double>(wait.tv_sec) + static_cast<double>(wait.tv_usec) * 1e-6;
  timer_ = loop.call_later(seconds, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

// Called by c-ares: does not throw. A query whose socket cannot be watched runs into its time
// limit.
void Channel::socket_changed(void* channel, ares_socket_t fd, int readable, int writable) {
  auto& self = *static_cast<Channel*>(channel);
  const std::uint32_t events = (readable != 0 ? IOLoop::READ : IOLoop::NONE) |
                               (writable != 0 ? IOLoop::WRITE : IOLoop::NONE);
  try {
    if (events == IOLoop::NONE) {
      self.loop.remove_handler(fd);
    } else if (self.loop.internals().registered(fd)) {
      self.loop.update_handler(fd, events);
    } else {
      self.loop.add_handler(fd, self, events);
    }
  } catch (const std::exception&) {
  }
}

}  // namespace detail

CaresResolver::CaresResolver(const CaresOptions& options)
    : channel_(std::make_unique<detail::Channel>(options)) {}

CaresResolver::~CaresResolver() = default;

Future<std::vector<Address>> CaresResolver::resolve(std::string host, std::uint16_t port,
                                                    netutil::Family family) {
  Future<std::vector<Address>> result;
  result.on_cancel();
  try {
    if (channel_->loop_closed()) throw std::runtime_error("the IOLoop is closed");
    if (&channel_->loop != &IOLoop::current()) {
      throw std::logic_error("a CaresResolver was used on a loop other than its own");
    }
    if (host.find('\0') != std::string::npos) throw ResolveError("a host name contains a NUL");
    if (host.empty() || netutil::is_valid_ip(host)) {
      result.set_result(netutil::lookup(host, port, family));
    } else {
      channel_->ask(std::move(host), port, netutil::to_af(family), result);
    }
  } catch (...) {
    result.set_exception(std::current_exception());
  }
  return result;
}

}  // namespace tornado::caresresolver
