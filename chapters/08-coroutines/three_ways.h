// One handler, written three times: it calls a slow server three times in turn and responds with
// the three bodies. The tests cannot tell the three apart.
#pragma once

#include <string>

#include "07-futures/http_client.h"
#include "08-coroutines/coroutine_handler.h"

namespace mini {

// [callbacks]
// Each step stands inside the one before. A loop whose length is known only at run time cannot be
// written like this at all.
class CallbackHandler : public AsynchronousHandler {
 public:
  void initialize(AsyncHTTPClient* client) { client_ = client; }
  void get(const PathArgs& args) override;

 private:
  AsyncHTTPClient* client_ = nullptr;
};
// [/callbacks]

// [states]
// By hand, what a compiler makes of a coroutine: the local variables become members, the place
// where it waits becomes a number, and one function goes on from there.
class StateHandler : public AsynchronousHandler {
 public:
  void initialize(AsyncHTTPClient* client) { client_ = client; }
  void get(const PathArgs& args) override;

 private:
  void go_on(const HTTPResponse& response);
  void ask();

  AsyncHTTPClient* client_ = nullptr;
  std::string url_;
  std::string all_;
  int state_ = 0;
};
// [/states]

// [coroutine]
class CoAwaitHandler : public CoroutineHandler {
 public:
  void initialize(AsyncHTTPClient* client) { client_ = client; }
  void get(const PathArgs&) override { run(answer(get_argument("url"))); }

 private:
  Future<void> answer(std::string url);

  AsyncHTTPClient* client_ = nullptr;
};
// [/coroutine]

}  // namespace mini
