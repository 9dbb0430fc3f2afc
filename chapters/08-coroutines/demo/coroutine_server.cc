// The server of this chapter: coroutine_server [--port=8888] [--address=127.0.0.1]

#include <csignal>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "06-request-handler/application.h"
#include "06-request-handler/demo/demo.h"
#include "08-coroutines/chat.h"
#include "08-coroutines/gen.h"
#include "08-coroutines/three_ways.h"

namespace {

using demo::PathArgs;

// [slow]
class SlowHandler : public mini::CoroutineHandler {
 public:
  void get(const PathArgs&) override {
    const auto seconds = demo::to_number<double>(get_argument("s", "0"));
    if (!seconds || !(*seconds >= 0 && *seconds <= 10))
      throw mini::HTTPError(400, "s must be 0 to 10 seconds");
    run(answer(*seconds));
  }

 private:
  mini::Future<void> answer(double seconds) {
    const mini::Future<void> slept = mini::gen::sleep(seconds);
    co_await slept;
    write("slow");
  }
};
// [/slow]

// [together]
// Three requests at once, and half a second for all of them.
class TogetherHandler : public mini::CoroutineHandler {
 public:
  void initialize(mini::AsyncHTTPClient* client) { client_ = client; }
  void get(const PathArgs&) override { run(answer(get_argument("url"))); }

 private:
  mini::Future<void> answer(std::string url) {
    std::vector<mini::Future<mini::HTTPResponse>> asked;
    for (int i = 0; i < 3; ++i) asked.push_back(client_->fetch(url));
    const auto all = mini::gen::with_timeout(0.5, mini::gen::multi(std::move(asked)));
    const std::vector<mini::HTTPResponse> answers = co_await all;
    for (const mini::HTTPResponse& response : answers) write(response.body);
  }

  mini::AsyncHTTPClient* client_ = nullptr;
};
// [/together]

// [main]
void serve(const demo::Settings& settings) {
  mini::MessageBuffer messages;
  mini::IOLoop loop;
  for (const int end : {SIGINT, SIGTERM}) loop.add_signal_handler(end, [&loop] { loop.stop(); });
  mini::AsyncHTTPClient client(loop);
  std::vector<mini::URLSpec> routes = demo::with_common_routes({
      mini::url<demo::MainHandler>("/"),
      mini::url<SlowHandler>("/slow"),
      mini::url<mini::CallbackHandler>("/callbacks", "", &client),
      mini::url<mini::StateHandler>("/states", "", &client),
      mini::url<mini::CoAwaitHandler>("/coroutine", "", &client),
      mini::url<TogetherHandler>("/together", "", &client),
  });
  std::vector<mini::URLSpec> chat = mini::chat_routes(messages);
  std::move(chat.begin(), chat.end(), std::back_inserter(routes));
  mini::Application app(std::move(routes));
  const mini::HTTPServer& server = app.listen(loop, settings.port, settings.address);
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  loop.start();
}
// [/main]

}  // namespace

int main(int argc, char** argv) {
  try {
    const demo::Settings settings = demo::parse(argc, argv);
    demo::allow_many_descriptors();
    serve(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
