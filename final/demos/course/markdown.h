// Internal header. Converts pages of the repository to HTML.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace course {

struct Heading {
  int level = 0;
  std::string id;    // of the heading in the page
  std::string text;  // without markup
};

// Returns the bytes of an image that a page shows under a relative URL; nothing if there is none.
using ReadImage = std::function<std::optional<std::string>(std::string_view url)>;

struct Document {
  std::string title;  // the first heading of level 1; empty if there is none
  std::string html;
  std::vector<Heading> headings;
};

// Renders GitHub's Markdown with cmark-gfm. The pages are the project's own, so their HTML is kept.
// Headings get the same ids as on GitHub, and a link to themselves; code gets colours and the name
// of its file; wide tables scroll by themselves. An SVG drawing that `read_image` finds becomes a
// part of the page and links to its file; any other image gets its size. The questions of a section
// "Predict" get a place to answer, and their answers, folded.
Document render_markdown(std::string_view text, const ReadImage& read_image = nullptr);

// A heading, and the text that follows it, without markup.
struct Section {
  std::string title;
  std::string id;
  std::string text;
};

std::vector<Section> sections_of(std::string_view text);

}  // namespace course
