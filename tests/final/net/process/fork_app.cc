// The program that processes_test.cc runs. fork_processes() ends the process that calls it, so each
// case needs a program of its own. The first argument names the case.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/process.h>
#include <tornado/tcpserver.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

using namespace tornado;

namespace {

int forks = 0;
int failing_fork = 0;  // this one fails; 0: none does

}  // namespace

extern "C" pid_t fork() {
  if (++forks == failing_fork) {
    errno = EAGAIN;
    return -1;
  }
  return reinterpret_cast<pid_t (*)()>(::dlsym(RTLD_NEXT, "fork"))();
}

namespace {

void say(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) std::_Exit(9);
}

int number(const char* text) {
  return std::atoi(text);
}

// Each child prints its number, and shows that it can run threads of its own.
int clean(char** args) {
  const int task = process::fork_processes(number(args[0]));
  ioloop::IOLoop loop;
  const auto found =
      loop.run_sync([] { return netutil::Resolver::default_resolver()->resolve("localhost", 80); });
  say("task " + std::to_string(task) + "/" + std::to_string(process::task_id().value_or(-1)) +
      (found.empty() ? " resolved nothing" : " resolved"));
  return 0;
}

// Children that always fail.
int crash(char** args) {
  try {
    process::fork_processes(number(args[0]), number(args[1]));
  } catch (const std::runtime_error& error) {
    say(error.what());
    return 7;
  }
  return 3;
}

// The first child to take the only token is killed by it.
int killed(char** /*args*/) {
  int token[2];
  if (::pipe2(token, O_NONBLOCK) < 0 || ::write(token[1], "t", 1) != 1) return 9;
  const int task = process::fork_processes(2);
  char byte;
  if (::read(token[0], &byte, 1) == 1) ::raise(SIGKILL);
  say("task " + std::to_string(task));
  return 0;
}

// The same, and the system has no room for the process that is to take its place.
int killed_when_full(char** args) {
  failing_fork = 3;
  return killed(args);
}

// Children that SIGTERM crashes.
int crash_at_term(char** /*args*/) {
  process::fork_processes(2);
  ::signal(SIGTERM, [](int) { ::raise(SIGKILL); });
  say("runs");
  while (true) ::pause();
}

// Children that run until SIGTERM, and then end with a status of their own.
int until_term(char** args) {
  const int status = number(args[1]);
  ::signal(SIGINT, SIG_DFL);  // a shell's background job ignores it
  process::fork_processes(number(args[0]));
  ioloop::IOLoop loop;
  loop.add_signal_handler(SIGTERM, [&](int) { loop.stop(); });
  loop.add_callback([] { say("runs"); });
  loop.start();
  say("ended");
  return status;
}

// Children that nothing ends but SIGKILL.
int stubborn(char** args) {
  process::fork_processes(number(args[0]));
  ::signal(SIGTERM, SIG_IGN);
  say(std::to_string(::getpid()));
  while (true) ::pause();
}

// Each child takes a token as it starts. The one that takes the third token ends.
int third_ends(char** args) {
  int tokens[2];
  if (::pipe(tokens) < 0 || ::write(tokens[1], "12345", 5) != 5) return 9;
  const int task = process::fork_processes(2);
  char token;
  if (::read(tokens[0], &token, 1) != 1) return 9;
  if (token == '3') return number(args[0]);
  say("task " + std::to_string(task) + " token " + token);
  while (true) ::pause();
}

int refused() {
  try {
    process::fork_processes(2);
  } catch (const std::runtime_error& error) {
    say(error.what());
    return 0;
  }
  return 9;
}

int with_loop(char** /*args*/) {
  ioloop::IOLoop::current();
  return refused();
}

int with_thread(char** /*args*/) {
  concurrent::ThreadPoolExecutor pool(1);
  {
    ioloop::IOLoop loop;
    loop.run_sync([&] { return pool.submit([] {}); });
  }
  return refused();
}

int in_child(char** /*args*/) {
  process::fork_processes(1);
  return refused();
}

// A fork while a loop exists: the child must neither use the loop nor spoil it for the parent.
int under_loop(char** /*args*/) {
  int ends[2];
  if (::pipe(ends) < 0) return 9;
  ioloop::IOLoop loop;
  bool came = false;
  loop.add_handler(
      ends[0], [&](int, std::uint32_t) { came = true, loop.stop(); }, ioloop::IOLoop::READ);
  if (const pid_t pid = ::fork(); pid == 0) {
    try {
      loop.run_sync([] {});
    } catch (const std::runtime_error& error) {
      say(error.what());
    }
    loop.remove_handler(ends[0]);
    ioloop::IOLoop::clear_current();
    ioloop::IOLoop own;
    own.run_sync([]() -> Future<void> { co_await gen::sleep(0.001); });
    say("the child's own loop runs");
    std::exit(0);
  } else {
    ::waitpid(pid, nullptr, 0);
  }
  if (::write(ends[1], "x", 1) != 1) return 9;
  loop.start();
  say(came ? "the parent's loop hears" : "the parent's loop is deaf");
  return 0;
}

class PidServer : public tcpserver::TCPServer {
 protected:
  Future<void> handle_stream(iostream::IOStream stream, netutil::Address) override {
    co_await stream.write(std::to_string(::getpid()) + "\n");
    stream.close();
  }
};

// Children that accept from sockets bound before the fork.
int serve_shared(char** args) {
  PidServer server;
  server.bind(0, "127.0.0.1");
  say(std::to_string(server.port()));
  server.start(number(args[0]));
  ioloop::IOLoop::current().start();
  return 0;
}

// Children that each have their own socket on one port.
int serve_reuse_port(char** args) {
  // Reserves the port without taking connections: it does not listen.
  const netutil::Socket holder(netutil::Family::kInet);
  const int on = 1;
  ::setsockopt(holder.fileno(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_storage storage;
  const unsigned length = netutil::Address("127.0.0.1", 0).to_sockaddr(storage);
  if (::bind(holder.fileno(), reinterpret_cast<sockaddr*>(&storage), length) < 0) return 9;
  const std::uint16_t port = holder.getsockname().port();
  process::fork_processes(number(args[0]));
  netutil::BindOptions options;
  options.reuse_port = true;
  PidServer server;
  server.add_sockets(netutil::bind_sockets(port, "127.0.0.1", options));
  say(std::to_string(port));
  ioloop::IOLoop::current().start();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, int (*)(char**)> cases = {{"clean", &clean},
                                                        {"crash", &crash},
                                                        {"killed", &killed},
                                                        {"killed_when_full", &killed_when_full},
                                                        {"crash_at_term", &crash_at_term},
                                                        {"until_term", &until_term},
                                                        {"stubborn", &stubborn},
                                                        {"third_ends", &third_ends},
                                                        {"with_loop", &with_loop},
                                                        {"with_thread", &with_thread},
                                                        {"in_child", &in_child},
                                                        {"under_loop", &under_loop},
                                                        {"serve_shared", &serve_shared},
                                                        {"serve_reuse_port", &serve_reuse_port}};
  if (argc < 2 || !cases.contains(argv[1])) return 64;
  return cases.at(argv[1])(argv + 2);
}
