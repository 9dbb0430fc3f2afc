// The program that restart_test.cc runs, and restarts: a server whose response is its process's
// number. The first argument says how it gets its sockets and processes.
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/systemd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

using namespace tornado;

namespace {

constexpr double kGrace = 10;

Future<void> answer(httputil::HTTPServerRequest request) {
  if (request.path == "/block") ::pause();
  if (request.path == "/slow") co_await gen::sleep(0.02);
  const std::string pid = std::to_string(::getpid());
  httputil::HTTPHeaders headers;
  headers.add("Content-Length", std::to_string(pid.size()));
  request.connection->write_headers({"", 200, "OK"}, headers, pid);
  request.connection->finish();
}

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void serve(const std::string& mode) {
  httpserver::HTTPServer server(&answer);
  if (mode == "activated") {
    systemd::listen(server, 0, "127.0.0.1");
    say(std::to_string(server.port()));
  } else {
    server.bind(0, "127.0.0.1");
    say(std::to_string(server.port()));
    server.start(std::atoi(mode.c_str()));
    // Once the loop runs, signals no longer kill the process.
    ioloop::IOLoop::current().add_callback([] { say("started"); });
  }
  ioloop::run_until_signal(server, kGrace);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    serve(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
