// The program that autoreload_test.cc replaces while it is serving. Arguments: how it starts
// ("serve", "fork", "wait", "static" or "templates"), and a folder to watch; for the last two the
// folder is static_path or template_path. It responds with the size of its own file, which is how
// the test tells versions apart.
#include <tornado/autoreload.h>
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/process.h>
#include <tornado/web.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

using namespace tornado;
namespace fs = std::filesystem;

namespace {

constexpr double kCheckTime = 10;  // milliseconds

std::string version() {
  return std::to_string(fs::file_size("/proc/self/exe"));
}

struct VersionHandler : web::RequestHandler {
  void get() { write(version()); }
  // After the loop has looked for changes a few more times.
  Future<void> post() {
    co_await gen::sleep(20 * kCheckTime / 1e3);
    write(version());
  }
};

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string mode = argv[1];
  log::enable_pretty_logging();
  if (mode != "static" && mode != "templates") autoreload::watch(argv[2]);
  autoreload::add_reload_hook([] { say("hook"); });
  autoreload::add_reload_hook([] { throw std::runtime_error("a hook fails"); });
  const std::size_t open = descriptors();
  if (mode == "wait") {
    say("done " + version());
    autoreload::wait();
  }
  if (mode == "fork") process::fork_processes(1);
  ioloop::IOLoop loop;
  autoreload::start(kCheckTime);
  web::Settings settings;
  settings.debug = true;
  if (mode == "static") settings.static_path = argv[2];
  if (mode == "templates") settings.template_path = argv[2];
  web::Application app({web::url<VersionHandler>("/")}, settings);
  const int port = app.listen(0, "127.0.0.1").port();
  say("port " + std::to_string(port) + " process " + std::to_string(::getpid()) + " descriptors " +
      std::to_string(open));
  loop.start();
}
