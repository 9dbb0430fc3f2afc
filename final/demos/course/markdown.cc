#include "markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <tornado/escape.h>

#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>
#include <new>

#include "code.h"
#include "drawing.h"
#include "nodes.h"
#include "predictions.h"

using tornado::escape::xhtml_escape;

namespace course {
namespace {

using Parser = std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)>;
using Node = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;

Node parse(const Parser& parser, std::string_view text) {
  for (const char* const name : {"table", "strikethrough", "tasklist", "autolink"}) {
    cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  return {cmark_parser_finish(parser.get()), &cmark_node_free};
}

cmark_node* html_node(cmark_node_type type, const std::string& html) {
  cmark_node* const node = cmark_node_new(type);
  cmark_node_set_literal(node, html.c_str());
  return node;
}

// A table's header cells that are empty tell nobody anything, and a header of nothing else is no
// header.
void drop_empty_headers(std::string& html) {
  constexpr std::string_view kBegin = "<thead>";
  constexpr std::string_view kEnd = "</thead>\n";
  for (std::size_t at = 0; (at = html.find(kBegin, at)) != html.npos;) {
    const std::size_t end = html.find(kEnd, at);
    if (end == html.npos) return;
    std::string head = html.substr(at, end + kEnd.size() - at);
    bool any = false;
    for (std::size_t cell = 0; (cell = head.find("<th", cell + 1)) != head.npos;) {
      const std::size_t text = head.find('>', cell) + 1;
      if (head.compare(cell, 6, "<thead") == 0) continue;
      if (head.compare(text, 5, "</th>") == 0) {
        head.replace(text, 5, "</td>");
        head.replace(cell, 3, "<td");
      } else {
        any = true;
      }
    }
    html.replace(at, end + kEnd.size() - at, any ? head : "");
    at += any ? head.size() : 0;
  }
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
  Renderer(cmark_node* root, const ReadImage& read_image)
      : root_(root), read_image_(read_image), predictions_(find_predictions(root)) {}

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
    drop_empty_headers(document_.html);
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
    } else if (type == CMARK_NODE_CODE && literal_of(node) == "/loop" &&
               cmark_node_get_type(cmark_node_parent(node)) != CMARK_NODE_LINK) {
      // An address of this site, which is none in the repository.
      cmark_node_replace(
          node, html_node(CMARK_NODE_HTML_INLINE, "<a href=\"/loop\"><code>/loop</code></a>"));
      cmark_node_free(node);
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
    } else if (type == CMARK_NODE_PARAGRAPH) {
      paragraph(node);
    } else if (type == CMARK_NODE_ITEM) {
      item(node);
    } else if (type == CMARK_NODE_IMAGE) {
      image(node);
    }
  }

  void heading(cmark_node* node) {
    const std::string text = text_of(node);
    std::string id = ids_.next(text);
    const int level = cmark_node_get_heading_level(node);
    const std::string escaped = xhtml_escape(id);
    cmark_node_prepend_child(
        node, html_node(CMARK_NODE_HTML_INLINE, "<a class=\"anchor\" id=\"" + escaped +
                                                    "\" href=\"#" + escaped +
                                                    "\" aria-label=\"Link to this heading\"></a>"));
    if (level == 1 && document_.title.empty()) document_.title = text;
    if (level == 2) section_ = text;
    document_.headings.push_back({level, std::move(id), text});
  }

  // A drawing alone in its paragraph becomes a figure.
  void paragraph(cmark_node* node) {
    cmark_node* const only = cmark_node_first_child(node);
    if (only == nullptr || only != cmark_node_last_child(node) || !read_image_ ||
        cmark_node_get_type(only) != CMARK_NODE_LINK)
      return;
    cmark_node* const image = cmark_node_first_child(only);
    if (image == nullptr || cmark_node_get_type(image) != CMARK_NODE_HTML_INLINE) return;
    const std::string url = cmark_node_get_url(only);
    if (!url.ends_with(".svg")) return;
    const std::optional<std::string> svg = read_image_(url);
    if (!svg) return;
    const std::string drawing = inline_svg(*svg, "d" + std::to_string(++drawings_) + "-");
    if (drawing.empty()) return;
    cmark_node_replace(
        node, html_node(CMARK_NODE_HTML_BLOCK,
                        "<figure class=\"drawing\"><a class=\"zoom\" href=\"" + xhtml_escape(url) +
                            "\">" + drawing + "</a></figure>\n"));
    cmark_node_free(node);
  }

  // Links an image to its file, and gives it its size, so that the page does not jump.
  void image(cmark_node* node) {
    const std::string url = cmark_node_get_url(node);
    std::string html =
        "<img src=\"" + xhtml_escape(url) + "\" alt=\"" + xhtml_escape(text_of(node)) + "\"";
    const std::optional<std::string> bytes = read_image_ ? read_image_(url) : std::nullopt;
    if (const std::optional<Size> size = bytes ? image_size(*bytes) : std::nullopt) {
      html += " width=\"" + std::to_string(size->width) + "\" height=\"" +
              std::to_string(size->height) + "\"";
    }
    cmark_node* const sized = html_node(CMARK_NODE_HTML_INLINE, html + " />");
    if (cmark_node_get_type(cmark_node_parent(node)) == CMARK_NODE_LINK) {
      cmark_node_replace(node, sized);
    } else {
      cmark_node* const link = cmark_node_new(CMARK_NODE_LINK);
      cmark_node_set_url(link, url.c_str());
      cmark_node_append_child(link, sized);
      cmark_node_replace(node, link);
    }
    cmark_node_free(node);
  }

  // A question of the section "3. Predict" gets its answer.
  void item(cmark_node* node) {
    cmark_node* const list = cmark_node_parent(node);
    if (!section_.ends_with("Predict") || cmark_node_get_list_type(list) != CMARK_ORDERED_LIST)
      return;
    int number = 1;
    for (cmark_node* one = node; (one = cmark_node_previous(one)) != nullptr;) ++number;
    const auto found = predictions_.find(number);
    if (found == predictions_.end()) return;
    cmark_node_append_child(node,
                            html_node(CMARK_NODE_HTML_BLOCK,
                                      prediction_html(number, found->second, choices_of(number))));
  }

  // Returns what predict.toml, beside the page, offers for a question.
  std::vector<std::string> choices_of(int number) {
    if (!choices_) {
      const auto toml = read_image_ ? read_image_("predict.toml") : std::nullopt;
      choices_ = read_choices(toml.value_or(""));
    }
    const auto index = static_cast<std::size_t>(number - 1);
    return index < choices_->size() ? (*choices_)[index] : std::vector<std::string>();
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
  const ReadImage& read_image_;
  const std::map<int, Prediction> predictions_;
  std::optional<std::vector<std::vector<std::string>>> choices_;  // read when first needed
  Document document_;
  HeadingIds ids_;
  std::string section_;  // the last heading of level 2
  int drawings_ = 0;
};

Parser new_parser() {
  // Runs once, whichever thread comes first.
  [[maybe_unused]] static const bool registered =
      (cmark_gfm_core_extensions_ensure_registered(), true);
  return {cmark_parser_new(CMARK_OPT_VALIDATE_UTF8), &cmark_parser_free};
}

}  // namespace

Document render_markdown(std::string_view text, const ReadImage& read_image) {
  const Parser parser = new_parser();
  const Node root = parse(parser, text);
  return Renderer(root.get(), read_image).render(cmark_parser_get_syntax_extensions(parser.get()));
}

std::vector<Section> sections_of(std::string_view text) {
  const Parser parser = new_parser();
  const Node root = parse(parser, text);
  std::vector<Section> sections;
  HeadingIds ids;
  for (cmark_node* node = cmark_node_first_child(root.get()); node != nullptr;
       node = cmark_node_next(node)) {
    if (cmark_node_get_type(node) == CMARK_NODE_HEADING) {
      const std::string title = text_of(node);
      sections.push_back({title, ids.next(title), ""});
    } else if (!sections.empty()) {
      sections.back().text += text_of(node) + std::string(literal_of(node)) + "\n";
    }
  }
  return sections;
}

}  // namespace course
