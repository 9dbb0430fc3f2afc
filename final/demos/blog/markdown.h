// Internal header. What authors write, as HTML.
#pragma once

#include <string>

namespace blog {

// CommonMark as HTML. HTML in the text, and links such as "javascript:...", are left out: what
// comes back may stand in a page as it is. A program built without libcmark makes paragraphs only.
std::string markdown_to_html(const std::string& text);

}  // namespace blog
