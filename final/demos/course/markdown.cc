#include "markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <tornado/escape.h>

#include <cctype>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>
#include <new>

#include "code.h"

using tornado::escape::xhtml_escape;

namespace course {
namespace {

using Parser = std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)>;
using Node = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;
using Iterator = std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)>;

Node parse(const Parser& parser, std::string_view text) {
  for (const char* const name : {"table", "strikethrough", "tasklist", "autolink"}) {
    cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  return {cmark_parser_finish(parser.get()), &cmark_node_free};
}

std::string_view literal_of(cmark_node* node) {
  const char* const text = cmark_node_get_literal(node);
  return text != nullptr ? text : "";
}

cmark_node* html_node(cmark_node_type type, const std::string& html) {
  cmark_node* const node = cmark_node_new(type);
  cmark_node_set_literal(node, html.c_str());
  return node;
}

// Returns the text of a node and those below it, without markup.
std::string text_of(cmark_node* node) {
  std::string text;
  const Iterator iterator(cmark_iter_new(node), &cmark_iter_free);
  while (cmark_iter_next(iterator.get()) != CMARK_EVENT_DONE) {
    cmark_node* const one = cmark_iter_get_node(iterator.get());
    const cmark_node_type type = cmark_node_get_type(one);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) text += literal_of(one);
    if (type == CMARK_NODE_SOFTBREAK) text += ' ';
  }
  return text;
}

// Makes an id as GitHub does: "Step 1: a socket" becomes step-1-a-socket.
std::string id_of(std::string_view text) {
  std::string id;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      id += '-';
    } else if (c == '-' || c == '_' || byte >= 0x80 || std::isalnum(byte) != 0) {
      id += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    }
  }
  return id;
}

// Splits "cpp file=a/b.cc#name" into the word and the file.
std::pair<std::string_view, std::string_view> parse_info(std::string_view info) {
  const std::string_view kind = info.substr(0, info.find(' '));
  const std::size_t file = info.find(" file=");
  if (file == info.npos) return {kind, {}};
  const std::string_view path = info.substr(file + 6);
  return {kind, path.substr(0, path.find(' '))};
}

class Renderer {
 public:
  explicit Renderer(cmark_node* root) : root_(root) {}

  Document render(cmark_llist* extensions) {
    const Iterator iterator(cmark_iter_new(root_), &cmark_iter_free);
    for (cmark_event_type event; (event = cmark_iter_next(iterator.get())) != CMARK_EVENT_DONE;) {
      cmark_node* const node = cmark_iter_get_node(iterator.get());
      if (event == CMARK_EVENT_ENTER) {
        enter(node);
      } else {
        exit(node);
      }
    }
    const std::unique_ptr<char, decltype(&std::free)> html(
        cmark_render_html(root_, CMARK_OPT_UNSAFE, extensions), &std::free);
    if (html == nullptr) throw std::bad_alloc();
    document_.html = html.get();
    return std::move(document_);
  }

 private:
  // The iterator allows us to free a leaf that it has come to, and to move a node that it has left.
  void enter(cmark_node* node) {
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_CODE_BLOCK) {
      cmark_node_replace(node, html_node(CMARK_NODE_HTML_BLOCK, code_html(node)));
      cmark_node_free(node);
    } else if (type == CMARK_NODE_HTML_BLOCK) {
      cmark_node_set_literal(node, folded_html(literal_of(node)).c_str());
    }
  }

  void exit(cmark_node* node) {
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_HEADING) {
      heading(node);
    } else if (cmark_node_get_type_string(node) == std::string_view("table")) {
      cmark_node_insert_before(
          node, html_node(CMARK_NODE_HTML_BLOCK, "<div class=\"scroll\" tabindex=\"0\">\n"));
      cmark_node_insert_after(node, html_node(CMARK_NODE_HTML_BLOCK, "</div>\n"));
    } else if (type == CMARK_NODE_IMAGE &&
               cmark_node_get_type(cmark_node_parent(node)) != CMARK_NODE_LINK) {
      cmark_node* const link = cmark_node_new(CMARK_NODE_LINK);
      cmark_node_set_url(link, cmark_node_get_url(node));
      cmark_node_insert_before(node, link);
      cmark_node_append_child(link, node);
    }
  }

  void heading(cmark_node* node) {
    const std::string text = text_of(node);
    std::string id = id_of(text);
    const int earlier = ids_[id]++;
    if (earlier > 0) id += "-" + std::to_string(earlier);
    const int level = cmark_node_get_heading_level(node);
    cmark_node_prepend_child(
        node, html_node(CMARK_NODE_HTML_INLINE, "<a id=\"" + xhtml_escape(id) + "\"></a>"));
    if (level == 1 && document_.title.empty()) document_.title = text;
    document_.headings.push_back({level, std::move(id), text});
  }

  static std::string code_html(cmark_node* node) {
    const auto [kind, file] = parse_info(cmark_node_get_fence_info(node));
    std::string html = "<div class=\"code\">";
    if (!file.empty()) {
      const std::string path = xhtml_escape(file);
      html += "<a class=\"file\" href=\"/" + path + "\">" +
              xhtml_escape(file.substr(0, file.find('#'))) + "</a>";
    }
    return html + "<pre tabindex=\"0\"><code>" + highlight(literal_of(node), kind) +
           "</code></pre></div>\n";
  }

  // Markdown is not parsed inside an HTML block, and the answers to a lesson's questions are in
  // such blocks.
  static std::string folded_html(std::string_view html) {
    std::string result;
    bool open = false;
    const bool folded = html.find("<details>") != html.npos || html.find("</details>") != html.npos;
    std::size_t ticks = 0;
    for (const char c : html) ticks += c == '`';
    if (!folded || ticks % 2 != 0) return std::string(html);
    for (const char c : html) {
      if (c == '`') {
        result += open ? "</code>" : "<code>";
        open = !open;
      } else if (open && (c == '<' || c == '&')) {
        result += c == '<' ? "&lt;" : "&amp;";
      } else {
        result += c;
      }
    }
    return result;
  }

  cmark_node* root_;
  Document document_;
  std::map<std::string, int> ids_;
};

}  // namespace

Document render_markdown(std::string_view text) {
  // Runs once, whichever thread comes first.
  [[maybe_unused]] static const bool registered =
      (cmark_gfm_core_extensions_ensure_registered(), true);
  const Parser parser(cmark_parser_new(CMARK_OPT_VALIDATE_UTF8), &cmark_parser_free);
  const Node root = parse(parser, text);
  return Renderer(root.get()).render(cmark_parser_get_syntax_extensions(parser.get()));
}

}  // namespace course
