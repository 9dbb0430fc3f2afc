// The contender of the three-calls experiment that chapter 08 adds: three_calls_coroutines
// coroutines [--port=8888] [--upstream=PORT]
#include <exception>
#include <utility>
#include <vector>

#include "08-coroutines/coroutine_handler.h"
#include "08-coroutines/gen.h"
#include "three_calls.h"

namespace {

using mini::Future;
using three_calls::HTTPResponse;
using three_calls::PathArgs;
using Asking = three_calls::Asking<mini::CoroutineHandler>;

// [coroutines]
class CoroutinesInTurn : public Asking {
 public:
  void get(const PathArgs&) override { run(answer()); }

 private:
  Future<void> answer() {
    for (const char* const page : {"1", "2", "3"}) {
      const Future<HTTPResponse> fetched = client_->fetch(url_ + page);
      const HTTPResponse response = co_await fetched;
      write(response.body);
    }
  }
};

class CoroutinesAtOnce : public Asking {
 public:
  void get(const PathArgs&) override { run(answer()); }

 private:
  Future<void> answer() {
    std::vector<Future<HTTPResponse>> asked;
    for (const char* const page : {"1", "2", "3"}) asked.push_back(client_->fetch(url_ + page));
    const auto all = mini::gen::multi(std::move(asked));
    const std::vector<HTTPResponse> responses = co_await all;
    for (const HTTPResponse& response : responses) write(response.body);
  }
};
// [/coroutines]

}  // namespace

int main(int argc, char** argv) {
  try {
    demo::allow_many_descriptors();
    three_calls::serve<CoroutinesInTurn, CoroutinesAtOnce>(three_calls::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
