#include <tornado/json.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace tornado::escape {
namespace {

// Builds a value from the parser's events. The library's own builder compares each name with all
// the earlier ones before adding it. That takes quadratic time, and the input may come from
// anybody. This one appends, then removes repeated names once, when the object is complete.
class Builder final : public nlohmann::json_sax<json> {
 public:
  Builder(json& root, std::size_t max_depth) : root_(root), max_depth_(max_depth) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }  // JSON text contains none

  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool end_object() override {
    remove_repeats(open_.back()->get_ref<json::object_t&>());
    return close();
  }

  bool key(std::string& name) override {
    auto& members = open_.back()->get_ref<json::object_t&>();
    static_cast<json::object_t::Container&>(members).emplace_back(std::move(name), nullptr);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    throw JSONDecodeError(error.what(), position == 0 ? 0 : position - 1);
  }

 private:
  using Members = json::object_t::Container;

  // Puts a value at the parser's position: at the top, at the end of an array, or under the last
  // name.
  json* place(json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    json& parent = *open_.back();
    if (parent.is_array()) return &parent.get_ref<json::array_t&>().emplace_back(std::move(value));
    json& member = static_cast<Members&>(parent.get_ref<json::object_t&>()).back().second;
    return &(member = std::move(value));
  }

  template <typename Value>
  bool add(Value&& value) {
    place(json(std::forward<Value>(value)));
    return true;
  }

  bool open(json&& container) {
    if (open_.size() == max_depth_) {
      throw JSONDecodeError("JSON nested deeper than " + std::to_string(max_depth_), 0);
    }
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // As in a Python dict, the first of several equal names keeps its place and the last one sets the
  // value.
  static void remove_repeats(Members& members) {
    std::vector<std::size_t> order(members.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const int difference = members[a].first.compare(members[b].first);
      return difference != 0 ? difference < 0 : a < b;
    });
    std::vector<bool> repeated(members.size());
    bool any = false;
    for (std::size_t i = 0, first = 0; i < order.size(); ++i) {
      if (members[order[i]].first != members[order[first]].first) first = i;
      if (first == i) continue;
      members[order[first]].second = std::move(members[order[i]].second);
      any = repeated[order[i]] = true;
    }
    if (!any) return;
    Members kept;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!repeated[i]) kept.emplace_back(members[i].first, std::move(members[i].second));
    }
    members.swap(kept);
  }

  json& root_;
  std::size_t max_depth_;
  std::vector<json*> open_;  // stays valid: a container does not grow while one inside it is open
};

}  // namespace

json json_decode(std::string_view text, std::size_t max_depth) {
  json root;
  Builder builder(root, max_depth);
  json::sax_parse(text.begin(), text.end(), &builder);
  return root;
}

}  // namespace tornado::escape
