// Without libcmark: paragraphs only.
#include <tornado/escape.h>

#include <algorithm>

#include "markdown.h"

namespace blog {

std::string markdown_to_html(const std::string& text) {
  std::string lines;
  for (const char c : text) {
    if (c != '\r') lines += c;
  }
  std::string html;
  std::size_t start = 0;
  while (start < lines.size()) {
    const std::size_t end = std::min(lines.find("\n\n", start), lines.size());
    if (end > start) {
      html += "<p>" + tornado::escape::xhtml_escape(lines.substr(start, end - start)) + "</p>\n";
    }
    start = end + 1;
  }
  return html;
}

}  // namespace blog
