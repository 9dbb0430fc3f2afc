#include "web/routing/path_tree.h"

#include <algorithm>

namespace tornado::routing::detail {
namespace {

// Finds the child that begins with `c`, or the place to insert it.
template <class Children>
auto place_of(Children& children, char c) {
  return std::lower_bound(children.begin(), children.end(), c,
                          [](const auto& child, char wanted) { return child->text[0] < wanted; });
}

}  // namespace

void PathTree::add(const std::vector<PathToken>& tokens, Place place) {
  Node* node = &root_;
  node->first = std::min(node->first, place);
  for (const PathToken& token : tokens) {
    node = &behind_text(*node, token.text, place);
    if (token.capture) node = &behind_capture(*node, *token.capture, place);
  }
  node->ends.push_back(place);
}

void PathTree::add_regex(std::string_view prefix, Place place) {
  root_.first = std::min(root_.first, place);
  behind_text(root_, prefix, place).regexes.push_back(place);
}

// Returns the node for `text`, creating it if needed.
PathTree::Node& PathTree::behind_text(Node& from, std::string_view text, Place place) {
  if (text.empty()) return from;
  const auto at = place_of(from.children, text[0]);
  if (at == from.children.end() || (*at)->text[0] != text[0]) {
    auto made = std::make_unique<Node>();
    made->text = text;
    made->first = place;
    return **from.children.insert(at, std::move(made));
  }
  Node& child = **at;
  const auto common = static_cast<std::size_t>(
      std::mismatch(text.begin(), text.end(), child.text.begin(), child.text.end()).first -
      text.begin());
  if (common < child.text.size()) {
    // A new node for the common beginning, with the old one below it.
    auto middle = std::make_unique<Node>();
    middle->text = text.substr(0, common);
    middle->first = child.first;
    child.text.erase(0, common);
    middle->children.push_back(std::move(*at));
    *at = std::move(middle);
  }
  Node& next = **at;
  next.first = std::min(next.first, place);
  return behind_text(next, text.substr(common), place);
}

PathTree::Node& PathTree::behind_capture(Node& from, const Capture& capture, Place place) {
  for (Branch& branch : from.branches) {
    const Capture& known = branch.capture;
    if (known.set == capture.set && known.min == capture.min && known.max == capture.max) {
      return *branch.to;
    }
  }
  Branch& branch = from.branches.emplace_back(capture, std::make_unique<Node>());
  branch.to->first = place;
  return *branch.to;
}

// Explores every branch that the path allows. The texts of one node exclude each other, but
// captures do not.
class PathTree::Search {
 public:
  Search(Place from, std::vector<Place>& regexes) : from_(from), regexes_(regexes) {}

  Place best() const { return best_; }

  void visit(const Node& node, std::string_view rest) {
    if (node.first > best_) return;
    for (const Place place : node.regexes) {
      if (place >= from_) regexes_.push_back(place);
    }
    if (rest.empty()) {
      const auto end = std::lower_bound(node.ends.begin(), node.ends.end(), from_);
      if (end != node.ends.end()) best_ = std::min(best_, *end);
    } else {
      const auto child = place_of(node.children, rest[0]);
      if (child != node.children.end() && rest.starts_with((*child)->text)) {
        visit(**child, rest.substr((*child)->text.size()));
      }
    }
    for (const Branch& branch : node.branches) {
      const auto size = branch.capture.take(rest);
      if (size) visit(*branch.to, rest.substr(*size));
    }
  }

 private:
  Place from_;
  Place best_ = kNone;
  std::vector<Place>& regexes_;
};

PathTree::Place PathTree::find(std::string_view path, Place from,
                               std::vector<Place>& regexes) const {
  Search search(from, regexes);
  search.visit(root_, path);
  return search.best();
}

}  // namespace tornado::routing::detail
