// Internal header. The page that the site shows for a path of the repository.
#pragma once

#include <tornado/template_value.h>

#include <optional>
#include <string>
#include <vector>

#include "catalogue.h"
#include "markdown.h"
#include "repository.h"

namespace course {

TORNADO_FIELDS(Heading, level, id, text)

struct View {
  std::string redirect;  // the place to send the reader to instead; empty: none
  std::string kind;      // "document", "source" or "folder": the template's name
  std::string title;
  std::vector<Link> crumbs;  // the folders on the way
  std::string html;          // of a document or a source
  std::string note;          // what is left out of a source
  std::vector<Heading> headings;
  std::vector<std::string> names;    // in the folder
  std::optional<Chapter> chapter;    // if this is its lesson
  std::optional<Exercise> exercise;  // if this is its task
  std::string lesson;                // the URL of the exercise's lesson
  Course course;
};

// Makes the page for `path`, the URL after its first slash. Throws web::HTTPError(404) if there is
// nothing to show. Reads files: call it from a thread that may block.
View make_view(const Repository& repository, const std::string& path);

}  // namespace course
