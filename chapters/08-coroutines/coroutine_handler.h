// Handlers that respond with a coroutine (Tornado: @gen.coroutine).
#pragma once

#include "07-futures/asynchronous.h"
#include "08-coroutines/coroutine.h"

namespace mini {

// [handler]
// The verb is one line that starts the coroutine:
//
//   void get(const PathArgs& args) override { run(answer(args)); }
//   Future<void> answer(PathArgs args);
//
// The response is finished when the coroutine returns; an exception becomes the error page. This
// object lives until then, whatever the client does.
class CoroutineHandler : public AsynchronousHandler {
 protected:
  void run(const Future<void>& coroutine) {
    if (!finished()) asynchronous();
    coroutine.add_done_callback(wrap([this](const Future<void>& done) {
      done.result();
      if (!finished()) finish();
    }));
  }
};
// [/handler]

}  // namespace mini
