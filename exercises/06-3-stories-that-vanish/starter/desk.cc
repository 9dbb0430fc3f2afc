#include "06-3-stories-that-vanish/saving_handler.h"
#include "06-3-stories-that-vanish/site.h"

namespace {

class DeskHandler : public SavingHandler {
 public:
  // A response here is the last word: no verb is called after it.
  void prepare() override {
    if (get_argument("key", "") != kKey) throw mini::HTTPError(403);
  }

  void delete_(const mini::PathArgs&) override {
    for (const std::string& number : get_arguments("number")) {
      if (!store().remove(number)) throw mini::HTTPError(404, "no story " + number);
    }
    write("removed");
  }

  void post(const mini::PathArgs&) override {
    const std::string from = get_argument("from");
    const std::string to = get_argument("to");
    const auto story = store().texts().find(from);
    if (story == store().texts().end()) throw mini::HTTPError(404, "no story " + from);
    const std::string text = story->second;
    store().remove(from);
    store().write(to, text);
    redirect(reverse_url("story", {to}));
  }
};

}  // namespace

std::vector<mini::URLSpec> desk_routes(Store& store) {
  return {mini::url<DeskHandler>("/desk", "desk", &store)};
}
