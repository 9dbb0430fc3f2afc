// Internal header. Pages of the repository as HTML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace course {

struct Heading {
  int level = 0;
  std::string id;    // of its place in the page
  std::string text;  // without marks
};

struct Document {
  std::string title;  // the first heading of level 1; empty if there is none
  std::string html;
  std::vector<Heading> headings;
};

// Renders GitHub's Markdown with cmark-gfm. The pages are the project's own, so their HTML is kept.
// Headings have the ids that they have on GitHub; code has colours and the name of its file; wide
// tables scroll by themselves; a drawing leads to its file.
Document render_markdown(std::string_view text);

}  // namespace course
