// What the contenders of the three-calls experiment have in common: their options, what a handler
// asks, and the server around it. Each contender is one handler, written twice: "/in-turn" asks
// another server three times, one after the other; "/at-once" asks it three times together. Both
// answer "123".
#pragma once

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "06-request-handler/application.h"
#include "06-request-handler/demo/demo.h"
#include "07-futures/asynchronous.h"
#include "07-futures/http_client.h"

namespace three_calls {

using mini::HTTPResponse;
using mini::PathArgs;

struct Settings {
  std::string contender;
  std::uint16_t port = 8888;
  std::uint16_t upstream = 0;  // the port of the server that is asked
};

// "CONTENDER [--port=8888] [--upstream=PORT]". Throws std::invalid_argument.
inline Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto number = demo::to_number<std::uint16_t>(argument.substr(argument.find('=') + 1));
    if (argument.starts_with("--port=") && number) {
      settings.port = *number;
    } else if (argument.starts_with("--upstream=") && number) {
      settings.upstream = *number;
    } else if (settings.contender.empty() && !argument.starts_with("-")) {
      settings.contender = argument;
    } else {
      throw std::invalid_argument("options: CONTENDER [--port=8888] [--upstream=PORT]");
    }
  }
  return settings;
}

// Returns the body of one of the three responses. Throws if it is not a 200, so that the error page
// is sent.
inline const std::string& body_of(const HTTPResponse& response) {
  if (response.code != 200) throw std::runtime_error("upstream: " + response.error);
  return response.body;
}

// A handler that knows whom to ask.
template <class Base>
class Asking : public Base {
 public:
  void initialize(mini::AsyncHTTPClient* client, const std::string& url) {
    client_ = client;
    url_ = url;
  }

 protected:
  mini::AsyncHTTPClient* client_ = nullptr;
  std::string url_;  // its pages are "1", "2" and "3"
};

inline void say_where(std::uint16_t port) {
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
}

inline void run(mini::IOLoop& loop, const mini::HTTPServer& server) {
  for (const int end : {SIGINT, SIGTERM}) loop.add_signal_handler(end, [&loop] { loop.stop(); });
  say_where(server.port());
  loop.start();
}

// Serves a contender that runs on the loop.
template <class InTurn, class AtOnce>
void serve(const Settings& settings) {
  const std::string url = "http://127.0.0.1:" + std::to_string(settings.upstream) + "/";
  mini::IOLoop loop;
  mini::AsyncHTTPClient client(loop);
  mini::Application app({
      mini::url<demo::MainHandler>("/"),
      mini::url<InTurn>("/in-turn", "", &client, url),
      mini::url<AtOnce>("/at-once", "", &client, url),
  });
  run(loop, app.listen(loop, settings.port));
}

}  // namespace three_calls
