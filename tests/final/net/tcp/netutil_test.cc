// Rows NET-01 to NET-09.
#include <dlfcn.h>
#include <sys/stat.h>
#include <tornado/netutil.h>
#include <tornado/tcpclient.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>

#include "../net_test_tools.h"

namespace tornado {
namespace {

using netutil::Address;
using netutil::BindOptions;
using netutil::Family;
using netutil::Socket;
using test::LogLines;
using test::run;
using test::run_until;

Socket connect_to(const Address& address) {
  sockaddr_storage storage;
  const unsigned length = address.to_sockaddr(storage);
  Socket socket(address.family());
  const int result = ::connect(socket.fileno(), reinterpret_cast<sockaddr*>(&storage), length);
  EXPECT_TRUE(result == 0 || errno == EINPROGRESS) << errno;
  return socket;
}

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/tornado-net-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(Address, text_and_back) {
  EXPECT_EQ(Address("127.0.0.1", 80).str(), "127.0.0.1:80");
  EXPECT_EQ(Address("::1", 8080).str(), "[::1]:8080");
  EXPECT_EQ(Address("2001:DB8::0:1", 1).ip(), "2001:db8::1");
  EXPECT_EQ(Address("fe80::1%lo", 1).ip(), "fe80::1%lo");
  EXPECT_EQ(Address::unix_path("/run/x").str(), "/run/x");
  EXPECT_EQ(Address().str(), "");
  for (const Address& address :
       {Address("10.1.2.3", 65535), Address("fe80::1%lo", 7), Address::unix_path("/a/b"),
        Address::unix_path(std::string("\0abstract", 9))}) {
    sockaddr_storage storage;
    const unsigned length = address.to_sockaddr(storage);
    EXPECT_EQ(Address(reinterpret_cast<sockaddr*>(&storage), length), address);
  }
  EXPECT_THROW(Address("localhost", 1), std::invalid_argument);
  EXPECT_THROW(Address::unix_path(std::string(108, 'x')), std::invalid_argument);
  EXPECT_THROW(Address::unix_path(""), std::invalid_argument);
}

// NET-04
TEST(Netutil, is_valid_ip) {
  for (const char* good : {"127.0.0.1", "4.4.4.4", "::1", "2620:0:1cfe:face:b00c::3"}) {
    EXPECT_TRUE(netutil::is_valid_ip(good)) << good;
  }
  for (const char* bad : {"www.google.com", "localhost", "4.4.4.4<", " 127.0.0.1", "", " ", "\n",
                          "1", "127.1", "0x7f.0.0.1", "::1%nosuchinterface", "[::1]"}) {
    EXPECT_FALSE(netutil::is_valid_ip(bad)) << bad;
  }
  EXPECT_FALSE(netutil::is_valid_ip(std::string_view("\0", 1)));
  EXPECT_FALSE(netutil::is_valid_ip(std::string_view("127.0.0.1\0", 10)));
}

// NET-01
TEST(Netutil, port_0_is_one_port_for_all_and_ipv4_comes_first) {
  const std::vector<Socket> sockets = netutil::bind_sockets(0);
  ASSERT_FALSE(sockets.empty());
  const std::uint16_t port = sockets.front().getsockname().port();
  EXPECT_NE(port, 0);
  EXPECT_EQ(sockets.front().getsockname().family(), Family::kInet);
  for (const Socket& socket : sockets) {
    EXPECT_EQ(socket.getsockname().port(), port);
    int on = 0;
    socklen_t size = sizeof on;
    ASSERT_EQ(::getsockopt(socket.fileno(), SOL_SOCKET, SO_REUSEADDR, &on, &size), 0);
    EXPECT_EQ(on, 1);
    EXPECT_NE(::fcntl(socket.fileno(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(socket.fileno(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

// NET-01
TEST(Netutil, family_address_and_errors) {
  BindOptions only4;
  only4.family = Family::kInet;
  EXPECT_EQ(netutil::bind_sockets(0, {}, only4).size(), 1U);
  const std::vector<Socket> local = netutil::bind_sockets(0, "127.0.0.1");
  ASSERT_EQ(local.size(), 1U);
  const Address address = local.front().getsockname();
  EXPECT_EQ(address.ip(), "127.0.0.1");
  EXPECT_THROW(netutil::bind_sockets(address.port(), "127.0.0.1"), std::system_error);
  EXPECT_THROW(netutil::bind_sockets(0, "no such host"), netutil::ResolveError);
}

// NET-01
TEST(Netutil, a_port_is_not_cut_to_16_bits) {
  EXPECT_THROW(netutil::bind_sockets(65536 + 80, "127.0.0.1"), std::invalid_argument);
  EXPECT_THROW(netutil::bind_sockets(-1, "127.0.0.1"), std::invalid_argument);
}

// NET-01
TEST(Netutil, reuse_port) {
  BindOptions shared;
  shared.reuse_port = true;
  const std::vector<Socket> first = netutil::bind_sockets(0, "127.0.0.1", shared);
  const std::uint16_t port = first.front().getsockname().port();
  EXPECT_EQ(netutil::bind_sockets(port, "127.0.0.1", shared).size(), 1U);
}

// NET-02
TEST(Netutil, bind_unix_socket) {
  const TempDir dir;
  const std::string file = dir.file("sock");
  {
    const Socket socket = netutil::bind_unix_socket(file);
    struct stat found{};
    ASSERT_EQ(::stat(file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    EXPECT_TRUE(connect_to(Address::unix_path(file)));
  }
  const Socket again = netutil::bind_unix_socket(file, 0666);  // over the file left behind
  struct stat found{};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0666U);
  std::ofstream(dir.file("text")) << "precious";
  EXPECT_THROW(netutil::bind_unix_socket(dir.file("text")), std::invalid_argument);
  EXPECT_TRUE(std::filesystem::exists(dir.file("text")));
}

// NET-02
TEST(Netutil, abstract_namespace) {
  const std::string name = std::string(1, '\0') + "tornado-test-" + std::to_string(::getpid());
  const Socket socket = netutil::bind_unix_socket(name);
  EXPECT_EQ(socket.getsockname().path(), name);
  EXPECT_TRUE(connect_to(Address::unix_path(name)));
}

// NET-03
TEST(Netutil, accepts_all_and_stops_when_removed) {
  ioloop::IOLoop loop;
  const std::vector<Socket> listening = netutil::bind_sockets(0, "127.0.0.1");
  const Address address = listening.front().getsockname();
  std::vector<Socket> accepted;
  auto handler =
      netutil::add_accept_handler(listening.front(), [&](Socket connection, const Address& peer) {
        EXPECT_EQ(peer, connection.getpeername());
        accepted.push_back(std::move(connection));
      });
  std::vector<Socket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(address));
  run_until(loop, [&] { return accepted.size() == 100; });
  EXPECT_NE(::fcntl(accepted.front().fileno(), F_GETFL) & O_NONBLOCK, 0);
  handler.remove();
  handler.remove();
  clients.push_back(connect_to(address));
  run(loop, []() -> Future<void> { co_await gen::sleep(0.005); });
  EXPECT_EQ(accepted.size(), 100U);
}

// NET-03
TEST(Netutil, a_callback_may_remove_its_handler_and_may_throw) {
  LogLines lines;
  ioloop::IOLoop loop;
  const std::vector<Socket> listening = netutil::bind_sockets(0, "127.0.0.1");
  const Address address = listening.front().getsockname();
  int calls = 0;
  netutil::AcceptHandler handler;
  handler = netutil::add_accept_handler(listening.front(), [&](Socket, const Address&) {
    if (++calls == 2) handler.remove();
    throw std::runtime_error("not today");
  });
  std::vector<Socket> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_to(address));
  run_until(loop, [&] { return calls == 2; });
  run(loop, []() -> Future<void> { co_await gen::sleep(0.005); });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(lines.count("not today"), 2U) << lines.text();
}

// NET-03
TEST(Netutil, a_closed_loop_releases_the_handler) {
  const std::vector<Socket> listening = netutil::bind_sockets(0, "127.0.0.1");
  netutil::AcceptHandler handler;
  {
    ioloop::IOLoop loop;
    handler = netutil::add_accept_handler(listening.front(), [](Socket, const Address&) {});
  }
  handler.remove();
  EXPECT_EQ(listening.front().getsockname().port(), listening.front().getsockname().port());
}

// accept4 as it behaves when descriptors have run out. (A real limit would starve the sanitizers,
// too.)
struct Starvation {
  Starvation() { now = this; }
  Starvation(const Starvation&) = delete;
  Starvation& operator=(const Starvation&) = delete;
  ~Starvation() { now = nullptr; }

  int error = EMFILE;
  int calls = 0;
  static inline Starvation* now = nullptr;
};

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// NET-03
TEST(Netutil, running_out_of_descriptors_neither_spins_nor_floods_the_log) {
  LogLines lines;
  ioloop::IOLoop loop;
  const std::vector<Socket> listening = netutil::bind_sockets(0, "127.0.0.1");
  int accepted = 0;
  auto handler =
      netutil::add_accept_handler(listening.front(), [&](Socket, const Address&) { ++accepted; });
  std::vector<Socket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect_to(listening.front().getsockname()));
  }
  {
    const Starvation starvation;
    const double before = cpu_seconds();
    run(loop, []() -> Future<void> { co_await gen::sleep(1.5); });
    EXPECT_LT(cpu_seconds() - before, 0.05 * 1.5);
    EXPECT_GE(starvation.calls, 2);
    EXPECT_LE(starvation.calls, 5);  // at 0, 0.1, 0.3, 0.7 and 1.5 s
    EXPECT_EQ(accepted, 0);
    EXPECT_GE(lines.count("Too many open files"), 1U) << lines.text();
    EXPECT_LE(lines.count("accept failed"), 2U) << lines.text();  // at most one a second
  }
  run_until(loop, [&] { return accepted == 3; });  // they waited in the backlog
}

// NET-03
TEST(Netutil, removed_during_the_pause) {
  LogLines lines;
  ioloop::IOLoop loop;
  const std::vector<Socket> listening = netutil::bind_sockets(0, "127.0.0.1");
  auto handler = netutil::add_accept_handler(listening.front(), [](Socket, const Address&) {});
  const Socket client = connect_to(listening.front().getsockname());
  Starvation starvation;
  starvation.error = ENOMEM;
  run_until(loop, [&] { return starvation.calls == 1; });
  handler.remove();
  run(loop, []() -> Future<void> { co_await gen::sleep(0.2); });
  EXPECT_EQ(starvation.calls, 1);
}

// NET-03
TEST(Netutil, a_connection_that_died_in_the_backlog_is_passed_over) {
  LogLines lines;
  ioloop::IOLoop loop;
  const std::vector<Socket> listening = netutil::bind_sockets(0, "127.0.0.1");
  int accepted = 0;
  auto handler =
      netutil::add_accept_handler(listening.front(), [&](Socket, const Address&) { ++accepted; });
  const Socket client = connect_to(listening.front().getsockname());
  {
    Starvation starvation;
    starvation.error = ECONNABORTED;
    run_until(loop, [&] { return starvation.calls >= 128; });
  }
  run_until(loop, [&] { return accepted == 1; });
  EXPECT_TRUE(lines.empty()) << lines.text();
}

// ---- resolvers ----------------------------------------------------------------------------------

class ResolverTest : public testing::Test {
 protected:
  std::vector<Address> resolve(netutil::Resolver& resolver, const std::string& host,
                               Family family = Family::kUnspecified) {
    return run(loop, [&resolver, host, family] { return resolver.resolve(host, 80, family); });
  }
  ioloop::IOLoop loop;
};

// NET-05 NET-06 NET-07
TEST_F(ResolverTest, localhost_numbers_and_nonsense) {
  netutil::BlockingResolver blocking;
  netutil::ThreadedResolver threaded;
  for (netutil::Resolver* resolver :
       {static_cast<netutil::Resolver*>(&blocking), static_cast<netutil::Resolver*>(&threaded),
        netutil::Resolver::default_resolver().get()}) {
    const auto local = resolve(*resolver, "localhost", Family::kInet);
    EXPECT_EQ(local, std::vector<Address>{Address("127.0.0.1", 80)});
    EXPECT_EQ(resolve(*resolver, "::1"), std::vector<Address>{Address("::1", 80)});
    EXPECT_THROW(resolve(*resolver, "an invalid domain"), netutil::ResolveError);
    EXPECT_THROW(resolve(*resolver, std::string("a\0b", 3)), netutil::ResolveError);
  }
}

// NET-05
TEST_F(ResolverTest, the_default_is_what_configure_says) {
  class Nowhere : public netutil::Resolver {
   public:
    Future<std::vector<Address>> resolve(std::string host, std::uint16_t, Family) override {
      Future<std::vector<Address>> answer;
      answer.set_exception(netutil::ResolveError("nowhere: " + host));
      return answer;
    }
  };
  const auto before = netutil::Resolver::default_resolver();
  EXPECT_NE(dynamic_cast<netutil::ThreadedResolver*>(before.get()), nullptr);
  const auto nowhere = std::make_shared<Nowhere>();
  netutil::Resolver::configure(nowhere);
  EXPECT_EQ(netutil::Resolver::default_resolver(), nowhere);
  const tcpclient::TCPClient client;
  EXPECT_THROW(run(loop, [&] { return client.connect("localhost", 1); }), netutil::ResolveError);
  netutil::Resolver::configure(nullptr);
  const auto after = netutil::Resolver::default_resolver();
  EXPECT_NE(dynamic_cast<netutil::ThreadedResolver*>(after.get()), nullptr);
  EXPECT_EQ(netutil::Resolver::default_resolver(), after);
}

// NET-08
TEST_F(ResolverTest, resolves_in_the_executor_it_is_given) {
  class Counting : public concurrent::Executor {
   public:
    int jobs = 0;

   protected:
    void execute(core::Owned<concurrent::detail::Job> job) override {
      ++jobs;
      job->work();
      job.release()->run();
    }
  };
  const auto executor = std::make_shared<Counting>();
  netutil::ExecutorResolver shared(executor);
  resolve(shared, "localhost", Family::kInet);
  EXPECT_EQ(executor->jobs, 1);
  resolve(shared, "127.0.0.1");
  EXPECT_EQ(executor->jobs, 1);
  loop.set_default_executor(executor.get());
  netutil::DefaultExecutorResolver loops;
  const auto local = resolve(loops, "localhost", Family::kInet);
  EXPECT_EQ(local.front(), Address("127.0.0.1", 80));
  EXPECT_EQ(executor->jobs, 2);
  EXPECT_THROW(resolve(loops, "an invalid domain"), netutil::ResolveError);
  EXPECT_THROW(netutil::ExecutorResolver(nullptr), std::invalid_argument);
}

// NET-08
TEST_F(ResolverTest, without_another_the_loop_has_an_executor) {
  netutil::DefaultLoopResolver resolver;
  EXPECT_EQ(resolve(resolver, "localhost", Family::kInet).front(), Address("127.0.0.1", 80));
}

// NET-05
TEST_F(ResolverTest, a_slow_name_does_not_hold_up_the_loop) {
  // The executor's only thread waits for the loop. If the loop waited for that thread in turn, this
  // test would hang.
  std::promise<void> gate;
  auto opened = gate.get_future();
  const auto executor = std::make_shared<concurrent::ThreadPoolExecutor>(1);
  netutil::ExecutorResolver resolver(executor);
  auto blocked = executor->submit([&] { opened.wait(); });
  auto name = resolver.resolve("localhost", 80, Family::kInet);
  run(loop, []() -> Future<void> { co_await gen::moment; });
  EXPECT_FALSE(name.done());
  gate.set_value();
  EXPECT_FALSE(run(loop, [&] { return name; }).empty());
  EXPECT_TRUE(blocked.done());
}

// NET-07
TEST_F(ResolverTest, a_resolver_may_go_while_it_works) {
  auto resolver = std::make_unique<netutil::ThreadedResolver>(1);
  std::vector<Future<std::vector<Address>>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(resolver->resolve("localhost", 80, Family::kInet));
  }
  resolver.reset();
  for (auto& answer : answers) run_until(loop, [&] { return answer.done(); });
}

// NET-09
TEST_F(ResolverTest, the_entry_that_says_most_wins) {
  using Entry = netutil::OverrideResolver::Entry;
  Entry any("example.com", "127.0.0.1");
  Entry port("example.com", "127.0.0.2");
  port.port = 443;
  port.new_port = 1443;
  Entry family("example.com", "::1");
  family.port = 443;
  family.family = Family::kInet6;
  family.new_port = 2443;
  netutil::OverrideResolver resolver(std::make_shared<netutil::BlockingResolver>(),
                                     {any, port, family});
  const auto ask = [&](const std::string& host, std::uint16_t number, Family of) {
    return run(loop, [&] { return resolver.resolve(host, number, of); }).front().str();
  };
  EXPECT_EQ(ask("example.com", 80, Family::kUnspecified), "127.0.0.1:80");
  EXPECT_EQ(ask("example.com", 443, Family::kInet), "127.0.0.2:1443");
  EXPECT_EQ(ask("example.com", 443, Family::kInet6), "[::1]:2443");
  EXPECT_EQ(ask("127.0.0.9", 443, Family::kUnspecified), "127.0.0.9:443");
}

}  // namespace
}  // namespace tornado

// Found before the C library's: the library's calls of accept4 come here.
extern "C" int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (auto* starvation = tornado::Starvation::now) {
    ++starvation->calls;
    errno = starvation->error;
    return -1;
  }
  static const auto next = reinterpret_cast<decltype(&accept4)>(::dlsym(RTLD_NEXT, "accept4"));
  return next(fd, address, length, flags);
}
