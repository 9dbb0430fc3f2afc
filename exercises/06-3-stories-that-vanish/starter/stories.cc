#include "06-3-stories-that-vanish/saving_handler.h"
#include "06-3-stories-that-vanish/site.h"

namespace {

class StoryHandler : public SavingHandler {
 public:
  void get(const mini::PathArgs& args) override {
    const auto story = store().texts().find(args[0]);
    if (story == store().texts().end()) throw mini::HTTPError(404);
    write(mini::xhtml_escape(story->second));
  }

  void post(const mini::PathArgs& args) override {
    store().write(args[0], get_argument("text"));
    redirect(reverse_url("story", args));
  }

  void delete_(const mini::PathArgs& args) override {
    if (!store().remove(args[0])) throw mini::HTTPError(404);
    write("removed");
  }
};

}  // namespace

std::vector<mini::URLSpec> story_routes(Store& store) {
  return {mini::url<StoryHandler>("/story/([0-9]+)", "story", &store)};
}
