#include "nodes.h"

#include <cctype>
#include <cstdlib>
#include <new>

namespace course {

std::string_view literal_of(cmark_node* node) {
  const char* const text = cmark_node_get_literal(node);
  return text != nullptr ? text : "";
}

std::string text_of(cmark_node* node) {
  std::string text;
  const Iterator iterator(cmark_iter_new(node), &cmark_iter_free);
  for (cmark_event_type event; (event = cmark_iter_next(iterator.get())) != CMARK_EVENT_DONE;) {
    cmark_node* const one = cmark_iter_get_node(iterator.get());
    const cmark_node_type type = cmark_node_get_type(one);
    const bool block = (type & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK;
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) text += literal_of(one);
    if (type == CMARK_NODE_SOFTBREAK) text += ' ';
    if (block && one != node && event == CMARK_EVENT_EXIT) text += ' ';
  }
  return text;
}

std::string HeadingIds::next(std::string_view text) {
  std::string id;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      id += '-';
    } else if (c == '-' || c == '_' || byte >= 0x80 || std::isalnum(byte) != 0) {
      id += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    }
  }
  const int earlier = seen_[id]++;
  if (earlier > 0) id += "-" + std::to_string(earlier);
  return id;
}

std::string inner_html(cmark_node* node) {
  const std::unique_ptr<char, decltype(&std::free)> rendered(
      cmark_render_html(node, CMARK_OPT_UNSAFE, nullptr), &std::free);
  if (rendered == nullptr) throw std::bad_alloc();
  std::string html = rendered.get();
  while (html.ends_with('\n')) html.pop_back();
  for (const std::string_view tag : {"<li>", "<p>"}) {
    const std::string end = "</" + std::string(tag.substr(1));
    if (!html.starts_with(tag) || !html.ends_with(end)) continue;
    html = html.substr(tag.size(), html.size() - tag.size() - end.size());
    while (html.starts_with('\n')) html.erase(0, 1);
    while (html.ends_with('\n')) html.pop_back();
  }
  return html;
}

}  // namespace course
