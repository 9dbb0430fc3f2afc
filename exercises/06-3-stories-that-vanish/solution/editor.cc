#include "06-3-stories-that-vanish/editor.h"

#include "06-request-handler/request_handler.h"

namespace {

class StoryHandler : public mini::RequestHandler {
 public:
  void initialize(Stories* stories) { stories_ = stories; }

  // A response here is the last word: no verb is called after it.
  void prepare() override {
    if (request().method != "GET" && get_argument("key", "") != stories_->key) redirect("/login");
  }

  void get(const mini::PathArgs& args) override { write(mini::xhtml_escape(find(args[0]))); }

  void post(const mini::PathArgs& args) override {
    stories_->texts[args[0]] = get_argument("text");
    redirect(reverse_url("story", args));
  }

  void delete_(const mini::PathArgs& args) override {
    find(args[0]);
    stories_->texts.erase(args[0]);
    write("deleted");
  }

 private:
  const std::string& find(const std::string& number) const {
    const auto story = stories_->texts.find(number);
    if (story == stories_->texts.end()) throw mini::HTTPError(404);
    return story->second;
  }

  Stories* stories_ = nullptr;
};

}  // namespace

std::vector<mini::URLSpec> story_routes(Stories& stories) {
  return {mini::url<StoryHandler>("/story/([0-9]+)", "story", &stories)};
}
