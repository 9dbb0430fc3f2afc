// Internal header. Converts authors' texts to HTML.
#pragma once

#include <string>

namespace blog {

// Converts CommonMark to HTML. HTML in the text, and links such as "javascript:...", are omitted,
// so the result can be inserted into a page unchanged. A program built without libcmark only makes
// paragraphs.
std::string markdown_to_html(const std::string& text);

}  // namespace blog
