// The server of this chapter: handler_server [--port=8888] [--address=127.0.0.1]

#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <map>
#include <string>

#include "06-request-handler/application.h"
#include "06-request-handler/demo/demo.h"

namespace {

using demo::PathArgs;

using Stories = std::map<std::string, std::string>;

// [link]
class LinkHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    write("<a href=\"" + reverse_url("story", {"1"}) + "\">link to story 1</a>");
  }
};
// [/link]

class StoryHandler : public mini::RequestHandler {
 public:
  void initialize(Stories* stories) { stories_ = stories; }

  // [story_get]
  void get(const PathArgs& args) override {
    const auto story = stories_->find(args[0]);
    if (story == stories_->end()) throw mini::HTTPError(404, "no story " + args[0]);
    write("this is story " + args[0] + ": " + mini::xhtml_escape(story->second));
  }
  // [/story_get]

  // [story_post]
  void post(const PathArgs& args) override {
    (*stories_)[args[0]] = get_argument("text");
    redirect(reverse_url("story", args));
  }
  // [/story_post]

 private:
  Stories* stories_ = nullptr;
};

// [slow]
// The database takes a while, and this handler waits for it. So does everybody else.
class SlowHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    const double seconds = demo::to_number<double>(get_argument("s", "0")).value_or(0);
    if (!(seconds >= 0 && seconds <= 10)) throw mini::HTTPError(400, "s is not a wait");
    timespec wait{};
    wait.tv_sec = static_cast<time_t>(seconds);
    wait.tv_nsec = static_cast<long>((seconds - static_cast<double>(wait.tv_sec)) * 1e9);
    ::nanosleep(&wait, nullptr);
    write("slow");
  }
};
// [/slow]

// [main]
void serve(const demo::Settings& settings) {
  Stories stories = {{"1", "once upon a time"}};
  // [routes]
  mini::Application app(demo::with_common_routes({
      mini::url<demo::MainHandler>("/"),
      mini::url<LinkHandler>("/stories"),
      mini::url<StoryHandler>("/story/([0-9]+)", "story", &stories),
      mini::url<SlowHandler>("/slow"),
  }));
  // [/routes]
  mini::IOLoop loop;
  const mini::HTTPServer& server = app.listen(loop, settings.port, settings.address);
  for (const int end : {SIGINT, SIGTERM}) loop.add_signal_handler(end, [&loop] { loop.stop(); });
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
