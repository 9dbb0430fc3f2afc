// Lab: the obvious way to respond later, with the handler of chapter 06. It is the wall that the
// lesson starts from.  first_later [port]
#include <cstdint>
#include <cstdio>
#include <string>

#include "06-request-handler/application.h"

namespace {

// [fault]
class SlowHandler : public mini::RequestHandler {
 public:
  void get(const mini::PathArgs&) override {
    mini::IOLoop::current().call_later(seconds_,
                                       [this] { finish(std::to_string(seconds_) + " s"); });
  }

 private:
  double seconds_ = 0.5;
};
// [/fault]

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::stoi(argv[1]) : 8888;
  mini::IOLoop loop;
  mini::Application app({mini::url<SlowHandler>("/slow")});
  std::printf("listening on http://127.0.0.1:%d\n",
              app.listen(loop, static_cast<std::uint16_t>(port)).port());
  std::fflush(stdout);
  loop.start();
}
