// The server of this chapter: http_server [--port=8888] [--address=127.0.0.1]

#include "05-http/http_server.h"

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

#include "05-http/text.h"

namespace {

using RequestPtr = std::shared_ptr<mini::HTTPServerRequest>;

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
                                  "'; usage: http_server [--port=8888] [--address=127.0.0.1]");
    }
  }
  return settings;
}

// Returns the number after "NAME=" in the query if it is between 0 and `most`, else 0. Chapter 06
// parses whole queries.
template <class Number>
Number asked(const RequestPtr& request, const std::string& name, Number most) {
  const std::string query = "&" + request->query() + "&";
  std::string_view rest = query;
  if (!mini::take_before(rest, "&" + name + "=")) return 0;
  const Number number = to_number<Number>(*mini::take_before(rest, "&")).value_or(0);
  return number > 0 && number <= most ? number : 0;
}

// Returns the processor time of this thread in seconds.
double processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void respond(const RequestPtr& request, int status, const std::string& text) {
  request->respond(status, {{"Content-Type", "text/plain; charset=UTF-8"}}, text);
}

// [stream]
// Sends as many lines as the client asks for, each made when the one before it has left. The
// response has no length, and this server never holds more of it than one line.
void send_lines(const RequestPtr& request, int number, int last) {
  if (number > last) return request->finish();
  request->write("line " + std::to_string(number) + "\n",
                 [=] { send_lines(request, number + 1, last); });
}
// [/stream]

void handle(const RequestPtr& request) {
  // [ladder]
  const std::string path = request->path();
  if (path == "/" || path == "/head") return respond(request, 200, "Hello, world");
  if (path == "/echo") {
    const std::string size = std::to_string(request->body.size());
    return respond(request, 200, request->method + " /echo " + size + "\n" + request->body);
  }
  // [/ladder]
  if (path == "/slow") {  // waits, as if for a database, without holding the thread
    const double seconds = asked(request, "s", 10.0);
    mini::IOLoop::current().call_later(seconds, [request] { respond(request, 200, "slow"); });
    return;
  }
  if (path == "/busy") {  // computes, and holds the thread
    const double end = processor_time() + asked(request, "s", 10.0);
    while (processor_time() < end) continue;
    return respond(request, 200, "busy");
  }
  if (path == "/big") {
    return respond(request, 200, std::string(asked<std::size_t>(request, "n", 100'000'000), 'x'));
  }
  if (path == "/lines") {
    request->write_headers(200, {{"Content-Type", "text/plain; charset=UTF-8"}});
    return send_lines(request, 1, asked(request, "n", 1'000'000));
  }
  respond(request, 404, "Not Found\n");
}

// Every connection takes a descriptor, and the usual limit is 1,024: raises it as far as allowed.
void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// [main]
void serve(const Settings& settings) {
  mini::IOLoop loop;
  mini::HTTPServer server(loop, handle);
  server.listen(settings.port, settings.address);
  for (const int end : {SIGINT, SIGTERM}) loop.add_signal_handler(end, [&loop] { loop.stop(); });
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
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
