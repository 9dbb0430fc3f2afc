#include <cmark.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "markdown.h"

namespace blog {

std::string markdown_to_html(const std::string& text) {
  const std::unique_ptr<char, decltype(&std::free)> html(
      ::cmark_markdown_to_html(text.data(), text.size(), CMARK_OPT_DEFAULT), &std::free);
  if (html == nullptr) throw std::bad_alloc();
  return html.get();
}

}  // namespace blog
