// Lab: a future that calls back inline, against one that calls back through the loop.
// completion order | depth N [inline]
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "07-futures/future.h"

namespace {

// [inline]
// Calls back inside set_result(), or inside add_done_callback() if it is done already.
template <class T>
class InlineFuture {
 public:
  using Callback = std::function<void(InlineFuture)>;

  void set_result(T value) const {
    state_->value = std::move(value);
    if (state_->callback) std::exchange(state_->callback, nullptr)(*this);
  }
  void add_done_callback(Callback callback) const {
    if (state_->value) return callback(*this);
    state_->callback = std::move(callback);
  }

 private:
  struct State {
    std::optional<T> value;
    Callback callback;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};
// [/inline]

// Runs everything that is queued.
void settle(mini::IOLoop& loop) {
  loop.add_callback([&loop] { loop.add_callback([&loop] { loop.stop(); }); });
  loop.start();
}

// [order]
template <class Future>
std::string order(mini::IOLoop& loop, bool done_already) {
  std::string told;
  const Future future;
  if (done_already) future.set_result(1);
  told += "before";
  future.add_done_callback([&told](const Future&) { told += " callback"; });
  told += " after";
  if (!done_already) future.set_result(1);
  settle(loop);
  return told;
}
// [/order]

// [depth]
// Reads lines that are all in a cache: each future is done before anybody awaits it.
template <class Future>
struct Reader {
  void read(int lines) {
    deepest = std::max(deepest, ++depth);
    if (lines > 0) {
      const Future line;
      line.set_result(lines);
      line.add_done_callback([this, lines](const Future&) { read(lines - 1); });
    }
    --depth;
  }
  int depth = 0;
  int deepest = 0;
};
// [/depth]

template <class Future>
int deepest(mini::IOLoop& loop, int lines) {
  Reader<Future> reader;
  reader.read(lines);
  for (int i = 0; i < lines; ++i) settle(loop);
  return reader.deepest;
}

}  // namespace

int main(int argc, char** argv) {
  mini::IOLoop loop;
  const bool at_once = argc > 3;
  if (argc > 2) {
    const int lines = std::stoi(argv[2]);
    const int deep =
        at_once ? deepest<InlineFuture<int>>(loop, lines) : deepest<mini::Future<int>>(loop, lines);
    std::printf("%d lines, calls of read() at most %d deep\n", lines, deep);
    return 0;
  }
  for (const bool done_already : {false, true}) {
    std::printf("%s:\n", done_already ? "done already" : "done later");
    std::printf("  inline    %s\n", order<InlineFuture<int>>(loop, done_already).c_str());
    std::printf("  the loop  %s\n", order<mini::Future<int>>(loop, done_already).c_str());
  }
}
