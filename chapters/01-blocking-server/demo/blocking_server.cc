// The three servers of this chapter behind one page: blocking_server one|threads|pool [--port=8888]
// ...
#include <pthread.h>
#include <time.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "01-blocking-server/servers.h"

namespace {

struct Settings {
  std::string kind = "one";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8888;
  std::size_t workers = 4;
};

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <class Number>
Number number_of(std::string_view option, std::string_view text) {
  const auto number = to_number<Number>(text);
  if (!number) {
    throw std::invalid_argument(std::string(option) + " needs a number, not '" + std::string(text) +
                                "'");
  }
  return *number;
}

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const std::string_view value =
        equals == argument.npos ? std::string_view() : argument.substr(equals + 1);
    if (argument == "one" || argument == "threads" || argument == "pool") {
      settings.kind = argument;
    } else if (name == "--port") {
      settings.port = number_of<std::uint16_t>(name, value);
    } else if (name == "--workers") {
      settings.workers = number_of<std::size_t>(name, value);
    } else if (name == "--address") {
      settings.address = value;
    } else {
      throw std::invalid_argument(
          "bad argument '" + std::string(argument) +
          "'; usage: blocking_server [one|threads|pool] [--port=8888] [--workers=4]"
          " [--address=127.0.0.1]");
    }
  }
  return settings;
}

// Returns how long the client asks us to wait or compute, at most 10 s.
std::chrono::duration<double> asked_seconds(const mini::Request& request) {
  const double seconds = to_number<double>(request.argument("s")).value_or(0);
  return std::chrono::duration<double>(seconds > 0 && seconds < 10 ? seconds : 0);
}

// Returns the processor time this thread has used. By the wall clock, two threads could share one
// processor without anybody noticing.
std::chrono::duration<double> processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// [handler]
mini::Response handle(const mini::Request& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/") return {200, "Hello, world"};
  if (path == "/echo") {
    return {200,
            request.method + " /echo " + std::to_string(request.body.size()) + "\n" + request.body};
  }
  if (path == "/slow") {  // waits, as it would for a database
    std::this_thread::sleep_for(asked_seconds(request));
    return {200, "slow"};
  }
  // [/handler]
  if (path == "/busy") {  // computes
    const auto end = processor_time() + asked_seconds(request);
    while (processor_time() < end) continue;
    return {200, "busy"};
  }
  if (path == "/head") return {200, "Hello, world"};
  if (path == "/big") {
    const std::size_t size = to_number<std::size_t>(request.argument("n")).value_or(0);
    return {200, std::string(size <= 100'000'000 ? size : 0, 'x')};
  }
  return {404, "Not Found\n"};
}

std::unique_ptr<mini::Server> make_server(const Settings& settings) {
  mini::Socket listener = mini::Socket::listen(settings.port, settings.address);
  if (settings.kind == "threads") {
    return std::make_unique<mini::ThreadServer>(std::move(listener), handle);
  }
  if (settings.kind == "pool") {
    return std::make_unique<mini::PoolServer>(std::move(listener), handle, settings.workers);
  }
  return std::make_unique<mini::OneAtATimeServer>(std::move(listener), handle);
}

// [main]
// Serves until SIGINT (Ctrl-C) or SIGTERM. Threads inherit the signal mask, so both signals wait
// for sigwait() below and interrupt no other call.
void serve(const Settings& settings) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const std::unique_ptr<mini::Server> server = make_server(settings);
  const int port = server->port();  // may throw, so no thread may run yet
  std::thread serving([&server] { server->run(); });
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);

  int signal = 0;
  sigwait(&ends, &signal);
  server->stop();
  serving.join();
}
// [/main]

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
