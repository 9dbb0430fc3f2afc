// Internal header. What the site asks of a parsed Markdown page.
#pragma once

#include <cmark-gfm.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace course {

using Iterator = std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)>;

std::string_view literal_of(cmark_node* node);

// Returns the text of a node and those below it, without markup.
std::string text_of(cmark_node* node);

// Makes the ids of a page's headings, as GitHub does: "Step 1: a socket" becomes step-1-a-socket.
class HeadingIds {
 public:
  // Call it once for each heading, in order: the second "Twice" becomes twice-1.
  std::string next(std::string_view text);

 private:
  std::map<std::string, int> seen_;
};

// Returns the HTML of the nodes below `node`, without a paragraph's tags around them.
std::string inner_html(cmark_node* node);

}  // namespace course
