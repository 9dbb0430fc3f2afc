// The servers of this chapter: stream_server [http|chat] [--port=8888] [--address=127.0.0.1]

#include <sys/resource.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "04-iostream/callback_server.h"
#include "04-iostream/line_chat.h"

namespace {

struct Settings {
  std::string kind = "http";
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
    } else if (argument == "http" || argument == "chat") {
      settings.kind = argument;
    } else {
      throw std::invalid_argument(
          "bad argument '" + std::string(argument) +
          "'; usage: stream_server [http|chat] [--port=8888] [--address=127.0.0.1]");
    }
  }
  return settings;
}

// Returns the seconds the client asks for in `s`, or 0 unless they are between 0 and 10.
double asked_seconds(const mini::Request& request) {
  const double seconds = to_number<double>(request.argument("s")).value_or(0);
  return seconds > 0 && seconds < 10 ? seconds : 0;
}

// Returns the processor time of this thread in seconds.
double processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// As in chapter 03: a handler cannot tell what carries its bytes.
void handle(const mini::Request& request, const mini::Reply& reply) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/" || path == "/head") return reply({200, "Hello, world"});
  if (path == "/echo") {
    const std::string size = std::to_string(request.body.size());
    return reply({200, request.method + " /echo " + size + "\n" + request.body});
  }
  if (path == "/slow") {  // waits, as for a database, and leaves the thread to others
    mini::IOLoop::current().call_later(asked_seconds(request), [reply] { reply({200, "slow"}); });
    return;
  }
  if (path == "/busy") {  // computes, and occupies the thread
    const double end = processor_time() + asked_seconds(request);
    while (processor_time() < end) continue;
    return reply({200, "busy"});
  }
  if (path == "/big") {
    const std::size_t size = to_number<std::size_t>(request.argument("n")).value_or(0);
    return reply({200, std::string(size <= 100'000'000 ? size : 0, 'x')});
  }
  reply({404, "Not Found\n"});
}

// Each connection needs a descriptor, and the usual limit is 1,024: raise it as far as allowed.
void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// [main]
std::unique_ptr<mini::TCPServer> make_server(mini::IOLoop& loop, const std::string& kind) {
  if (kind == "chat") return std::make_unique<mini::LineChat>(loop);
  return std::make_unique<mini::CallbackServer>(loop, handle);
}

void serve(const Settings& settings) {
  mini::IOLoop loop;
  const std::unique_ptr<mini::TCPServer> server = make_server(loop, settings.kind);
  server->listen(settings.port, settings.address);
  for (const int end : {SIGINT, SIGTERM}) loop.add_signal_handler(end, [&loop] { loop.stop(); });
  std::printf("listening on %s127.0.0.1:%d\n", settings.kind == "chat" ? "" : "http://",
              server->port());
  std::fflush(stdout);
  loop.start();
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
