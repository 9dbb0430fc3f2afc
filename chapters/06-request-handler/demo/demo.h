// What the servers of chapters 06 to 08 share: their options, and the handlers for the wire tests.
#pragma once

#include <sys/resource.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "06-request-handler/application.h"

namespace demo {

using mini::PathArgs;

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

inline Settings parse(int argc, char** argv) {
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
                                  "'; options: [--port=8888] [--address=127.0.0.1]");
    }
  }
  return settings;
}

// Every connection takes a descriptor, and the usual limit is 1,024: raises it as far as allowed.
inline void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// [hello]
class MainHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override { write("Hello, world"); }
};
// [/hello]

// Sends back what it gets.
class EchoHandler : public mini::RequestHandler {
 public:
  void prepare() override {
    set_header("Content-Type", "text/plain; charset=UTF-8");
    const std::string& body = request().body;
    finish(request().method + " /echo " + std::to_string(body.size()) + "\n" + body);
  }
};

// Also answers HEAD, with the head of the response to GET.
class HeadHandler : public MainHandler {
 public:
  void head(const PathArgs& args) override { get(args); }
};

class BigHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    const auto size = to_number<std::size_t>(get_argument("n"));
    if (!size || *size > 100'000'000) throw mini::HTTPError(400, "n is not a size");
    write(std::string(*size, 'x'));
  }
};

// Computes, and holds the thread: until it is done, nobody else is served.
class BusyHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    const double end = processor_time() + to_number<double>(get_argument("s")).value_or(0);
    while (processor_time() < end) continue;
    write("busy");
  }

 private:
  static double processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }
};

// Returns the chapter's routes and those of the handlers above.
inline std::vector<mini::URLSpec> with_common_routes(std::vector<mini::URLSpec> routes) {
  routes.push_back(mini::url<EchoHandler>("/echo"));
  routes.push_back(mini::url<HeadHandler>("/head"));
  routes.push_back(mini::url<BigHandler>("/big"));
  routes.push_back(mini::url<BusyHandler>("/busy"));
  return routes;
}

}  // namespace demo
