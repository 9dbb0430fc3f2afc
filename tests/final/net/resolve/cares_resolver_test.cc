// CaresResolver against DNS servers of this test: no query leaves the machine.
#include <ares.h>
#include <arpa/inet.h>
#include <tornado/caresresolver.h>
#include <tornado/tcpclient.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "../net_test_tools.h"

namespace tornado {
namespace {

using caresresolver::CaresOptions;
using caresresolver::CaresResolver;
using iostream::IOStream;
using netutil::Address;
using netutil::Family;
using test::holds;
using test::run;
using test::run_until;

constexpr unsigned kTypeA = 1;
constexpr unsigned kTypeAaaa = 28;
constexpr std::size_t kHeader = 12;  // RFC 1035 4.1.1

// A DNS server (RFC 1035) on the current loop, over UDP and TCP.
class DnsServer {
 public:
  DnsServer() {
    // Both need the same port, which may be taken for one of them.
    while (!udp_) {
      tcp_ = netutil::bind_sockets(0, "127.0.0.1");
      netutil::Socket udp(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_storage storage;
      const unsigned length = tcp_.front().getsockname().to_sockaddr(storage);
      if (::bind(udp.fileno(), reinterpret_cast<sockaddr*>(&storage), length) == 0) {
        udp_ = std::move(udp);
      }
    }
    ioloop::IOLoop::current().add_handler(
        udp_.fileno(), [this](int, std::uint32_t) { datagram(); }, ioloop::IOLoop::READ);
    accepting_ =
        netutil::add_accept_handler(tcp_.front(), [this](netutil::Socket socket, const Address&) {
          gen::spawn(serve(this, IOStream(std::move(socket))));
        });
  }

  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() { ioloop::IOLoop::current().remove_handler(udp_.fileno()); }

  std::string address() const { return tcp_.front().getsockname().str(); }
  CaresOptions options() const {
    CaresOptions made;
    made.servers = {address()};
    return made;
  }

  std::map<std::string, std::vector<std::string>> table;  // host name to addresses of both families
  bool silent = false;
  bool truncating = false;  // over UDP
  bool rambling = false;    // sends something else before each answer
  int datagrams = 0;
  int connections = 0;

 private:
  void datagram() {
    char buffer[512];
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    auto* const to = reinterpret_cast<sockaddr*>(&peer);
    const ssize_t count = ::recvfrom(udp_.fileno(), buffer, sizeof buffer, 0, to, &length);
    if (count <= 0) return;
    ++datagrams;
    if (silent) return;
    const std::string query(buffer, static_cast<std::size_t>(count));
    const auto send = [&](const std::string& text) {
      ::sendto(udp_.fileno(), text.data(), text.size(), 0, to, length);
    };
    if (rambling) {
      // From 1.28, c-ares fails a query at the first response that it cannot parse.
      if (ARES_VERSION < 0x011c00) {
        send("nonsense");
        send(std::string(kHeader, '\xff'));
      }
      send("??" + answer(query, false).substr(2));  // to another question
    }
    send(answer(query, truncating));
  }

  static Future<void> serve(DnsServer* self, IOStream stream) {
    ++self->connections;
    try {
      const std::string size = co_await stream.read_bytes(2);
      const std::string query = co_await stream.read_bytes(number(size, 0));
      const std::string text = self->answer(query, false);
      const std::string framed = two_bytes(static_cast<int>(text.size())) + text;
      co_await stream.write(framed);
      co_await stream.read_until_close();
    } catch (const iostream::StreamClosedError&) {
    }
  }

  static std::string two_bytes(int value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
  }
  static unsigned number(const std::string& text, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[at]) << 8 |
                                 static_cast<unsigned char>(text[at + 1]));
  }

  std::string answer(const std::string& query, bool truncated) const {
    std::string host;
    std::size_t at = kHeader;
    while (const auto size = static_cast<unsigned char>(query[at])) {
      host.append(host.empty() ? "" : ".").append(query, at + 1, size);
      at += size + 1U;
    }
    const std::string question = query.substr(kHeader, at + 5 - kHeader);
    const unsigned type = number(query, at + 1);
    const auto found = table.find(host);
    std::string records;
    int count = 0;
    if (found != table.end() && !truncated) {
      for (const std::string& ip : found->second) {
        const bool v6 = ip.find(':') != std::string::npos;
        if (type != (v6 ? kTypeAaaa : kTypeA)) continue;
        char bytes[16];
        EXPECT_EQ(::inet_pton(v6 ? AF_INET6 : AF_INET, ip.c_str(), bytes), 1) << ip;
        records += std::string("\xC0\x0C", 2) + two_bytes(static_cast<int>(type)) + two_bytes(1) +
                   two_bytes(0) + two_bytes(60) + two_bytes(v6 ? 16 : 4) +
                   std::string(bytes, v6 ? 16 : 4);
        ++count;
      }
    }
    const int code = found == table.end() ? 3 : 0;  // NXDOMAIN
    const int flags = 0x8180 | code | (truncated ? 0x0200 : 0);
    return query.substr(0, 2) + two_bytes(flags) + two_bytes(1) + two_bytes(count) + two_bytes(0) +
           two_bytes(0) + question + records;
  }

  netutil::Socket udp_;
  std::vector<netutil::Socket> tcp_;
  netutil::AcceptHandler accepting_;
};

std::vector<std::string> texts(std::vector<Address> addresses) {
  std::vector<std::string> result;
  for (const Address& address : addresses) result.push_back(address.str());
  std::sort(result.begin(), result.end());
  return result;
}

class Cares : public ::testing::Test {
 protected:
  std::vector<std::string> resolve(CaresResolver& resolver, const std::string& host,
                                   Family family = Family::kUnspecified) {
    return texts(run(loop, [&] { return resolver.resolve(host, 80, family); }));
  }
  std::string refusal(CaresResolver& resolver, const std::string& host) {
    try {
      resolve(resolver, host);
    } catch (const netutil::ResolveError& error) {
      return error.what();
    }
    return "resolved";
  }

  ioloop::IOLoop loop;
  DnsServer dns;
};

using Texts = std::vector<std::string>;

// NET-11
TEST_F(Cares, addresses_of_both_families_or_of_one) {
  dns.table["host.test"] = {"192.0.2.1", "192.0.2.2", "2001:db8::1"};
  CaresResolver resolver(dns.options());
  EXPECT_EQ(resolve(resolver, "host.test"),
            (Texts{"192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"}));
  EXPECT_EQ(resolve(resolver, "host.test", Family::kInet), (Texts{"192.0.2.1:80", "192.0.2.2:80"}));
  EXPECT_EQ(resolve(resolver, "host.test", Family::kInet6), Texts{"[2001:db8::1]:80"});
  EXPECT_EQ(resolve(resolver, "host.test."), resolve(resolver, "host.test"));
}

// NET-11
TEST_F(Cares, a_name_that_nobody_knows) {
  dns.table["only4.test"] = {"192.0.2.1"};
  CaresResolver resolver(dns.options());
  EXPECT_EQ(refusal(resolver, "missing.test"),
            "cannot resolve 'missing.test': Domain name not found");
  EXPECT_EQ(refusal(resolver, std::string(64, 'a') + ".test").find("cannot resolve"), 0U);
  EXPECT_EQ(refusal(resolver, std::string("a\0b", 3)), "a host name contains a NUL");
  EXPECT_THROW(resolve(resolver, "only4.test", Family::kInet6), netutil::ResolveError);
}

// NET-11
TEST_F(Cares, numbers_and_no_name_at_all_ask_nobody) {
  CaresResolver resolver(dns.options());
  EXPECT_EQ(resolve(resolver, "192.0.2.9"), Texts{"192.0.2.9:80"});
  EXPECT_EQ(resolve(resolver, "2001:db8::9"), Texts{"[2001:db8::9]:80"});
  EXPECT_EQ(resolve(resolver, "", Family::kInet), Texts{"127.0.0.1:80"});
  EXPECT_EQ(dns.datagrams, 0);
}

// NET-11
TEST_F(Cares, a_silent_server_has_its_time) {
  dns.silent = true;
  CaresOptions options = dns.options();
  options.timeout = 0.02;
  options.tries = 2;
  CaresResolver resolver(options);
  EXPECT_EQ(refusal(resolver, "host.test"),
            "cannot resolve 'host.test': Timeout while contacting DNS servers");
  EXPECT_GE(dns.datagrams, 2);
}

// NET-11
TEST_F(Cares, the_next_server_is_asked) {
  dns.silent = true;
  DnsServer second;
  second.table["host.test"] = {"192.0.2.1"};
  CaresOptions options = dns.options();
  options.servers.push_back(second.address());
  options.timeout = 0.02;
  CaresResolver resolver(options);
  EXPECT_EQ(resolve(resolver, "host.test", Family::kInet), Texts{"192.0.2.1:80"});
  EXPECT_GT(dns.datagrams, 0);
}

// RFC 1035 4.2.1.
// NET-11
TEST_F(Cares, an_answer_that_was_cut_is_asked_for_over_tcp) {
  dns.truncating = true;
  dns.table["long.test"] = {"192.0.2.1"};
  CaresResolver resolver(dns.options());
  EXPECT_EQ(resolve(resolver, "long.test", Family::kInet), Texts{"192.0.2.1:80"});
  EXPECT_GT(dns.connections, 0);
}

// NET-11
TEST_F(Cares, a_reply_that_is_not_an_answer_is_ignored) {
  dns.rambling = true;
  dns.table["host.test"] = {"192.0.2.1"};
  CaresResolver resolver(dns.options());
  EXPECT_EQ(resolve(resolver, "host.test", Family::kInet), Texts{"192.0.2.1:80"});
}

// NET-11
TEST_F(Cares, many_at_once) {
  CaresResolver resolver(dns.options());
  std::vector<Future<std::vector<Address>>> asked;
  for (int i = 0; i < 200; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    dns.table[host] = {"192.0.2." + std::to_string(i + 1)};
    asked.push_back(resolver.resolve(host, 80, Family::kInet));
  }
  const auto all = run(loop, [&] { return gen::multi(asked); });
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(texts(all[i]), Texts{"192.0.2." + std::to_string(i + 1) + ":80"});
  }
}

// NET-11
TEST_F(Cares, cancelling_gives_up_the_result) {
  dns.table["host.test"] = {"192.0.2.1"};
  CaresResolver resolver(dns.options());
  const auto asked = resolver.resolve("host.test", 80, Family::kInet);
  asked.cancel();
  run_until(loop, [&] { return asked.done(); });
  EXPECT_TRUE(asked.cancelled());
  EXPECT_EQ(resolve(resolver, "host.test", Family::kInet), Texts{"192.0.2.1:80"});
}

// NET-11
TEST_F(Cares, what_is_under_way_ends_with_the_resolver) {
  dns.silent = true;
  auto resolver = std::make_unique<CaresResolver>(dns.options());
  const auto asked = resolver->resolve("host.test", 80);
  EXPECT_FALSE(asked.done());
  resolver.reset();
  run_until(loop, [&] { return asked.done(); });
  EXPECT_TRUE(holds<netutil::ResolveError>(asked.exception()));
}

// NET-11
TEST_F(Cares, the_loop_may_close_first) {
  const int before = test::open_descriptors();
  std::unique_ptr<CaresResolver> resolver;
  {
    ioloop::IOLoopOptions options;
    options.make_current = ioloop::MakeCurrent::kNo;
    ioloop::IOLoop other(options);
    run(other, [&]() -> Future<void> {
      resolver = std::make_unique<CaresResolver>(dns.options());
      static_cast<void>(resolver->resolve("host.test", 80));
      co_return;
    });
    EXPECT_GT(test::open_descriptors(), before);
  }
  EXPECT_EQ(test::open_descriptors(), before);
  const auto late = resolver->resolve("host.test", 80);
  EXPECT_TRUE(holds<std::runtime_error>(late.exception()));
}

// NET-11
TEST_F(Cares, another_loop_is_refused) {
  CaresResolver resolver(dns.options());
  ioloop::IOLoopOptions options;
  options.make_current = ioloop::MakeCurrent::kNo;
  ioloop::IOLoop other(options);
  EXPECT_THROW(run(other, [&] { return resolver.resolve("host.test", 80); }), std::logic_error);
}

// NET-11
TEST_F(Cares, options_that_do_not_work) {
  const auto refusal = [](auto option, auto value) -> std::string {
    CaresOptions options;
    options.*option = value;
    try {
      const CaresResolver resolver(options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal(&CaresOptions::servers, std::vector<std::string>{"dns.example.org"}),
            "CaresResolver: not a list of DNS servers: dns.example.org");
  const std::string range = ", but must be above 0 and at most 2147483";
  for (const auto& [timeout, text] : std::map<double, std::string>{
           {0, "0"}, {-0.5, "-0.5"}, {2147484, "2147484"}, {INFINITY, "inf"}}) {
    EXPECT_EQ(refusal(&CaresOptions::timeout, timeout),
              "CaresResolver: timeout is " + text + " s" + range);
  }
  EXPECT_EQ(refusal(&CaresOptions::timeout, NAN), "CaresResolver: timeout is nan s" + range);
  EXPECT_EQ(refusal(&CaresOptions::tries, 0), "CaresResolver: tries is 0, but must be positive");
  EXPECT_EQ(refusal(&CaresOptions::tries, -1), "CaresResolver: tries is -1, but must be positive");
  const CaresResolver with_the_systems_servers;
}

// NET-11 TCC-01
TEST_F(Cares, a_client_connects_through_it) {
  const auto listening = netutil::bind_sockets(0, "127.0.0.1");
  dns.table["www.test"] = {"127.0.0.1"};
  const tcpclient::TCPClient client(std::make_shared<CaresResolver>(dns.options()));
  const int port = listening.front().getsockname().port();
  const IOStream stream = run(loop, [&] { return client.connect("www.test", port); });
  EXPECT_FALSE(stream.closed());
}

}  // namespace
}  // namespace tornado
