// Restarts while clients send requests: none of them fails. Each test runs serve_app, some as
// systemd would: with a listening socket as descriptor 3, and a socket for messages.
#include <signal.h>
#include <sys/un.h>
#include <tornado/process.h>
#include <tornado/tcpclient.h>

#include <algorithm>
#include <optional>
#include <set>

#include "server_test_tools.h"

namespace tornado::test {
namespace {

using iostream::IOStream;
using process::Subprocess;

class RestartTest : public ::testing::Test {
 protected:
  // Requests on kept connections, one after the other.
  struct Traffic {
    std::uint16_t port = 0;
    bool over = false;
    int running = 0;
    int answered = 0;
    std::vector<std::string> failures;
    std::set<std::string> pids;
  };

  static Future<void> ask(Traffic& traffic, std::string path) {
    const std::string request = get(path);
    const tcpclient::TCPClient client;
    ++traffic.running;
    while (!traffic.over) {
      try {
        auto connecting = client.connect("127.0.0.1", traffic.port);
        const IOStream stream = co_await connecting;
        bool kept = true;
        while (kept && !traffic.over) {
          co_await stream.write(request);
          const std::string head = co_await stream.read_until("\r\n\r\n");
          const std::size_t at = head.find("Content-Length: ");
          const std::size_t size = std::stoul(head.substr(at + 16));
          traffic.pids.insert(co_await stream.read_bytes(size));
          ++traffic.answered;
          kept = head.find("Connection: close") == std::string::npos;
        }
        stream.close();
      } catch (const std::exception& error) {
        traffic.failures.emplace_back(error.what());
      }
    }
    --traffic.running;
  }
  void begin_traffic(std::uint16_t port) {
    traffic_.port = port;
    for (int i = 0; i < 8; ++i) {
      loop_.spawn_callback([this, i] { return ask(traffic_, i % 2 == 0 ? "/" : "/slow"); });
    }
    more_traffic(20);
  }
  void more_traffic(int count) {
    const int wanted = traffic_.answered + count;
    run_until(loop_, [&] { return traffic_.answered >= wanted || !traffic_.failures.empty(); });
  }
  void end_traffic() {
    traffic_.over = true;
    run_until(loop_, [&] { return traffic_.running == 0; });
    EXPECT_EQ(traffic_.failures, std::vector<std::string>());
    EXPECT_GE(traffic_.answered, 300);
  }

  static Subprocess start(std::vector<std::string> args,
                          const process::Redirect& input = process::DEVNULL) {
    process::SubprocessOptions options;
    options.stdin_ = input;
    options.stdout_ = process::STREAM;
    options.stderr_ = process::STREAM;
    return Subprocess(std::move(args), options);
  }
  std::string line_of(const Subprocess& program) {
    return run(loop_, [&] { return program.stdout_.read_until("\n"); });
  }
  int end_of(const Subprocess& program) {
    program.terminate();
    return run(loop_, [&] { return program.wait_for_exit(false); });
  }

  ioloop::IOLoop loop_;
  Traffic traffic_;
};

TEST_F(RestartTest, sighup_replaces_three_workers_and_no_request_fails) {
  const Subprocess parent = start({SERVE_APP, "3"});
  const auto port = static_cast<std::uint16_t>(std::stoi(line_of(parent)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(line_of(parent), "started\n");
  begin_traffic(port);
  const std::set<std::string> before = std::exchange(traffic_.pids, {});
  parent.send_signal(SIGHUP);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(line_of(parent), "started\n");
  more_traffic(300);
  traffic_.pids.clear();
  more_traffic(50);
  end_traffic();
  for (const std::string& pid : before) EXPECT_FALSE(traffic_.pids.contains(pid)) << pid;
  EXPECT_EQ(end_of(parent), 0);
}

// ---- under systemd ------------------------------------------------------------------------------

class SystemdTest : public RestartTest {
 protected:
  SystemdTest() : listener_(netutil::Family::kInet), messages_(netutil::Family::kUnix) {
    messages_ = netutil::Socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    socklen_t length = sizeof own.sun_family;  // lets the kernel choose an abstract name
    EXPECT_EQ(::bind(messages_.fileno(), reinterpret_cast<sockaddr*>(&own), length), 0);
    length = sizeof own;
    EXPECT_EQ(::getsockname(messages_.fileno(), reinterpret_cast<sockaddr*>(&own), &length), 0);
    address_ = "@" + std::string(own.sun_path + 1, length - sizeof own.sun_family - 1);
    sockaddr_storage storage;
    const unsigned size = netutil::Address("127.0.0.1", 0).to_sockaddr(storage);
    EXPECT_EQ(::bind(listener_.fileno(), reinterpret_cast<sockaddr*>(&storage), size), 0);
  }

  // Starts serve_app with `socket` as descriptor 3. The shell becomes the program, so that its
  // number is known beforehand.
  Subprocess activate(const netutil::Socket& socket, const std::string& more = {},
                      const std::string& mode = "activated") const {
    return start({"/bin/sh", "-c",
                  "NOTIFY_SOCKET=" + address_ + " LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=http " +
                      more + " exec \"$0\" \"$1\" 3<&0 < /dev/null",
                  SERVE_APP, mode},
                 socket.fileno());
  }
  // Returns the next message, or nullopt if there is none.
  std::optional<std::string> message() const {
    char buffer[256];
    const ssize_t size = ::recv(messages_.fileno(), buffer, sizeof buffer, 0);
    if (size < 0) return std::nullopt;
    return std::string(buffer, static_cast<std::size_t>(size));
  }
  void until_message(std::string_view wanted) {
    run_until(loop_, [&] {
      const auto one = message();
      return one && *one == wanted;
    });
  }
  std::uint16_t listen() {
    EXPECT_EQ(::listen(listener_.fileno(), 128), 0);
    return listener_.getsockname().port();
  }

  netutil::Socket listener_;
  netutil::Socket messages_;
  std::string address_;
};

#ifdef WITH_SYSTEMD

TEST_F(SystemdTest, three_restarts_on_one_socket_and_no_request_fails) {
  const std::uint16_t port = listen();
  std::optional<Subprocess> program = activate(listener_);
  EXPECT_EQ(line_of(*program), std::to_string(port) + "\n");
  until_message("READY=1");
  begin_traffic(port);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(end_of(*program), 0);
    until_message("STOPPING=1");
    program = activate(listener_);
    until_message("READY=1");
    more_traffic(100);
  }
  end_traffic();
  EXPECT_EQ(traffic_.pids.size(), 4U);
  EXPECT_EQ(end_of(*program), 0);
}

TEST_F(SystemdTest, a_loop_that_is_blocked_does_not_feed_the_watchdog) {
  const std::uint16_t port = listen();
  const Subprocess program = activate(listener_, "WATCHDOG_PID=$$ WATCHDOG_USEC=20000");
  until_message("READY=1");
  for (int i = 0; i < 5; ++i) until_message("WATCHDOG=1");
  Client client(loop_, port);
  client.send(get("/block"));
  // Messages stop: nothing comes for five times as long as the manager allows.
  double last = loop_.time();
  run_until(loop_, [&] {
    if (message()) last = loop_.time();
    return loop_.time() - last > 0.1;
  });
  program.kill();
  run(loop_, [&] { return program.wait_for_exit(false); });
}

TEST_F(SystemdTest, the_parent_of_forked_processes_speaks_for_them) {
  const Subprocess parent = activate(listener_, "WATCHDOG_PID=$$ WATCHDOG_USEC=100000000", "3");
  line_of(parent);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(line_of(parent), "started\n");
  EXPECT_EQ(end_of(parent), 0);
  std::multiset<std::string> messages;
  while (const auto one = message()) messages.insert(*one);
  EXPECT_EQ(messages, (std::multiset<std::string>{"READY=1", "STOPPING=1", "WATCHDOG=1"}));
}

TEST_F(SystemdTest, a_socket_that_does_not_listen_is_refused) {
  const Subprocess program = activate(listener_);
  const std::string error = run(loop_, [&] { return program.stderr_.read_until_close(); });
  EXPECT_EQ(error,
            "systemd passed descriptor 3 (http), which is not a listening stream socket: the "
            "socket unit needs ListenStream= and Accept=no\n");
  EXPECT_EQ(run(loop_, [&] { return program.wait_for_exit(false); }), 1);
}

TEST_F(SystemdTest, sockets_for_another_process_are_left_alone) {
  const Subprocess program = activate(listener_, "LISTEN_PID=1");
  EXPECT_NE(line_of(program), std::to_string(listener_.getsockname().port()) + "\n");
  until_message("READY=1");
  EXPECT_EQ(end_of(program), 0);
}

#else

TEST_F(SystemdTest, sockets_are_refused_by_a_library_that_was_built_without_libsystemd) {
  listen();
  const Subprocess program = activate(listener_);
  const std::string error = run(loop_, [&] { return program.stderr_.read_until_close(); });
  EXPECT_NE(error.find("built without libsystemd"), std::string::npos) << error;
  EXPECT_EQ(run(loop_, [&] { return program.wait_for_exit(false); }), 1);
}

#endif

}  // namespace
}  // namespace tornado::test
