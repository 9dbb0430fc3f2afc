// The server of this chapter: handler_server [--port=8888] [--address=127.0.0.1]

#include <sys/resource.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "06-request-handler/application.h"

namespace {

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
      throw std::invalid_argument("usage: handler_server [--port=8888] [--address=127.0.0.1]");
    }
  }
  return settings;
}

// [hello]
class MainHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override { write("Hello, world"); }
};
// [/hello]

// [story]
using Stories = std::map<std::string, std::string>;

class LinkHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    write("<a href=\"" + reverse_url("story", {"1"}) + "\">link to story 1</a>");
  }
};

class StoryHandler : public mini::RequestHandler {
 public:
  void initialize(Stories* stories) { stories_ = stories; }

  void get(const PathArgs& args) override {
    const auto story = stories_->find(args[0]);
    if (story == stories_->end()) throw mini::HTTPError(404, "no story " + args[0]);
    write("this is story " + args[0] + ": " + mini::xhtml_escape(story->second));
  }

  void post(const PathArgs& args) override {
    (*stories_)[args[0]] = get_argument("text");
    redirect(reverse_url("story", args));
  }

 private:
  Stories* stories_ = nullptr;
};
// [/story]

// Gives back what it gets.
class EchoHandler : public mini::RequestHandler {
 public:
  void prepare() override {
    set_header("Content-Type", "text/plain; charset=UTF-8");
    const std::string& body = request().body;
    finish(request().method + " /echo " + std::to_string(body.size()) + "\n" + body);
  }
};

// Also answers HEAD: with the head that GET would have.
class HeadHandler : public MainHandler {
 public:
  void head(const PathArgs& args) override { get(args); }
};

class BigHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    const auto size = to_number<std::size_t>(get_argument("n"));
    if (!size || *size > 100'000'000) throw mini::HTTPError(400, "n is no size");
    write(std::string(*size, 'x'));
  }
};

// Computes, and keeps the thread: as long as that takes, nobody else is served.
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

// [slow]
// The database takes a while to answer, and this handler waits for it. So does everybody.
class SlowHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    const double seconds = to_number<double>(get_argument("s", "0")).value_or(0);
    if (!(seconds >= 0 && seconds <= 10)) throw mini::HTTPError(400, "s is no wait");
    timespec wait{};
    wait.tv_sec = static_cast<time_t>(seconds);
    wait.tv_nsec = static_cast<long>((seconds - static_cast<double>(wait.tv_sec)) * 1e9);
    ::nanosleep(&wait, nullptr);
    write("slow");
  }
};
// [/slow]

// A connection is a descriptor, and a process may usually have 1,024: ask for all it can get.
void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// [main]
void serve(const Settings& settings) {
  Stories stories = {{"1", "once upon a time"}};
  mini::Application app({
      mini::url<MainHandler>("/"),
      mini::url<LinkHandler>("/stories"),
      mini::url<StoryHandler>("/story/([0-9]+)", "story", &stories),
      mini::url<EchoHandler>("/echo"),
      mini::url<HeadHandler>("/head"),
      mini::url<BigHandler>("/big"),
      mini::url<BusyHandler>("/busy"),
      mini::url<SlowHandler>("/slow"),
  });
  mini::IOLoop loop;
  const mini::HTTPServer& server = app.listen(loop, settings.port, settings.address);
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
