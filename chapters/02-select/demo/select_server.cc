// The server of this chapter: select_server [--port=8888] [--address=127.0.0.1]
#include "02-select/select_server.h"

#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

struct Settings {
  std::uint16_t port = 8888;
  std::string address = "127.0.0.1";
};

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view value = argument.substr(argument.find('=') + 1);
    const auto port = to_number<std::uint16_t>(value);
    if (argument.starts_with("--port=") && port) {
      settings.port = *port;
    } else if (argument.starts_with("--address=")) {
      settings.address = value;
    } else {
      throw std::invalid_argument("bad argument '" + std::string(argument) +
                                  "'; usage: select_server [--port=8888] [--address=127.0.0.1]");
    }
  }
  return settings;
}

// Returns how long the client asks us to wait or compute, at most 10 s.
std::chrono::duration<double> asked_seconds(const mini::Request& request) {
  const double seconds = to_number<double>(request.argument("s")).value_or(0);
  return std::chrono::duration<double>(seconds > 0 && seconds < 10 ? seconds : 0);
}

// Returns the processor time this thread has used.
std::chrono::duration<double> processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// [handler]
mini::Response handle(const mini::Request& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/" || path == "/head") return {200, "Hello, world"};
  if (path == "/echo") {
    const std::string size = std::to_string(request.body.size());
    return {200, request.method + " /echo " + size + "\n" + request.body};
  }
  if (path == "/slow") {  // waits, as it would for a database, and every client waits with it
    std::this_thread::sleep_for(asked_seconds(request));
    return {200, "slow"};
  }
  // [/handler]
  if (path == "/busy") {  // computes
    const auto end = processor_time() + asked_seconds(request);
    while (processor_time() < end) continue;
    return {200, "busy"};
  }
  if (path == "/big") {
    const std::size_t size = to_number<std::size_t>(request.argument("n")).value_or(0);
    return {200, std::string(size <= 100'000'000 ? size : 0, 'x')};
  }
  return {404, "Not Found\n"};
}

// Most processes may have 1,024 descriptors: they would hit that wall before they hit select's.
void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// [main]
mini::SelectServer* running = nullptr;

// Serves until SIGINT (Ctrl-C) or SIGTERM, in one thread. stop() is a single system call, so a
// signal handler may call it wherever it interrupts us.
void serve(const Settings& settings) {
  mini::SelectServer server(mini::Socket::listen(settings.port, settings.address), handle);
  running = &server;
  for (const int end : {SIGINT, SIGTERM}) std::signal(end, [](int) { running->stop(); });
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  server.run();
}
// [/main]

}  // namespace

int main(int argc, char** argv) {
  try {
    const Settings settings = parse(argc, argv);
    allow_many_descriptors();
    serve(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
