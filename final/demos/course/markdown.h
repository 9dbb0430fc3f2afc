// Internal header. Converts pages of the repository to HTML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace course {

struct Heading {
  int level = 0;
  std::string id;    // of the heading in the page
  std::string text;  // without markup
};

struct Document {
  std::string title;  // the first heading of level 1; empty if there is none
  std::string html;
  std::vector<Heading> headings;
};

// Renders GitHub's Markdown with cmark-gfm. The pages are the project's own, so their HTML is kept.
// Headings get the same ids as on GitHub; code gets colours and the name of its file; wide tables
// scroll by themselves; a drawing links to its file.
Document render_markdown(std::string_view text);

}  // namespace course
