// The server of this chapter: asynchronous_server [--port=8888] [--address=127.0.0.1]

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "06-request-handler/application.h"
#include "06-request-handler/demo/demo.h"
#include "07-futures/asynchronous.h"
#include "07-futures/http_client.h"
#include "07-futures/thread_pool.h"

namespace {

using demo::PathArgs;
using mini::AsyncHTTPClient;
using mini::HTTPResponse;

double asked_seconds(const mini::RequestHandler& handler) {
  const auto seconds = demo::to_number<double>(handler.get_argument("s", "0"));
  if (!seconds || !(*seconds >= 0 && *seconds <= 10))
    throw mini::HTTPError(400, "s must be 0 to 10 seconds");
  return *seconds;
}

// [slow]
// The wait of chapter 06, handed to the loop: the thread is free in the meantime.
class SlowHandler : public mini::AsynchronousHandler {
 public:
  void get(const PathArgs&) override {
    asynchronous();
    mini::IOLoop::current().call_later(asked_seconds(*this), wrap([this] { finish("slow"); }));
  }
};
// [/slow]

// [pyramid]
// Three requests to a slow server, one after the other, with callbacks.
class PyramidHandler : public mini::AsynchronousHandler {
 public:
  void initialize(AsyncHTTPClient* client) { client_ = client; }

  // [pyramid_get]
  void get(const PathArgs&) override {
    asynchronous();
    const std::string url = get_argument("url");
    client_->fetch(url, wrap([this, url](const HTTPResponse& first) {
                     if (first.code != 200) return send_error(502);
                     client_->fetch(url, wrap([this, url, first](const HTTPResponse& second) {
                                      if (second.code != 200) return send_error(502);
                                      client_->fetch(
                                          url,
                                          wrap([this, first, second](const HTTPResponse& third) {
                                            if (third.code != 200) return send_error(502);
                                            finish(first.body + second.body + third.body);
                                          }));
                                    }));
                   }));
  }
  // [/pyramid_get]

 private:
  AsyncHTTPClient* client_ = nullptr;
};
// [/pyramid]

// The same three at once, as futures: together they take as long as the slowest.
// [together]
class TogetherHandler : public mini::AsynchronousHandler {
 public:
  void initialize(AsyncHTTPClient* client) { client_ = client; }

  // [together_get]
  void get(const PathArgs&) override {
    asynchronous();
    for (mini::Future<HTTPResponse>& answer : answers_) {
      const auto keep = wrap([this, &answer](const auto& done) { one_is_here(answer, done); });
      client_->fetch(get_argument("url")).add_done_callback(keep);
    }
  }
  // [/together_get]

 private:
  // [together_here]
  void one_is_here(mini::Future<HTTPResponse>& place, const mini::Future<HTTPResponse>& done) {
    place = done;
    if (++here_ < 3) return;
    std::string all;
    for (const mini::Future<HTTPResponse>& answer : answers_) all += answer.result().body;
    finish(all);
  }
  // [/together_here]

  AsyncHTTPClient* client_ = nullptr;
  mini::Future<HTTPResponse> answers_[3];
  int here_ = 0;
};
// [/together]

// [pool]
// Work that must block does so on a thread of the pool.
class BlockingHandler : public mini::AsynchronousHandler {
 public:
  void initialize(mini::ThreadPoolExecutor* pool) { pool_ = pool; }

  void get(const PathArgs&) override {
    asynchronous();
    const double seconds = asked_seconds(*this);
    const mini::Future<std::string> answer = pool_->submit([seconds] {
      timespec wait{};
      wait.tv_sec = static_cast<time_t>(seconds);
      wait.tv_nsec = static_cast<long>((seconds - static_cast<double>(wait.tv_sec)) * 1e9);
      ::nanosleep(&wait, nullptr);
      return std::string("blocked a thread, not the loop");
    });
    answer.add_done_callback(
        wrap([this](const mini::Future<std::string>& done) { finish(done.result()); }));
  }

 private:
  mini::ThreadPoolExecutor* pool_ = nullptr;
};
// [/pool]

// [main]
void serve(const demo::Settings& settings) {
  mini::IOLoop loop;
  for (const int end : {SIGINT, SIGTERM}) loop.add_signal_handler(end, [&loop] { loop.stop(); });
  AsyncHTTPClient client(loop);
  mini::ThreadPoolExecutor pool(8);
  mini::Application app(demo::with_common_routes({
      mini::url<demo::MainHandler>("/"),
      mini::url<SlowHandler>("/slow"),
      mini::url<PyramidHandler>("/pyramid", "", &client),
      mini::url<TogetherHandler>("/together", "", &client),
      mini::url<BlockingHandler>("/blocking", "", &pool),
  }));
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
