// Internal header. What a path of the repository looks like on the site.
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
  std::string redirect;  // where the reader is sent instead; empty: nowhere
  std::string kind;      // "document", "source" or "folder": the template's name
  std::string title;
  std::vector<Link> crumbs;  // the folders on the way
  std::string html;          // of a document or a source
  std::vector<Heading> headings;
  std::vector<std::string> names;  // in the folder
  std::optional<Chapter> chapter;  // whose lesson this is
  std::optional<Link> previous;    // the lessons beside it
  std::optional<Link> next;
  std::optional<Exercise> exercise;  // whose task this is
};

// `path` is what stands in the URL behind the first slash. Throws web::HTTPError(404) if there is
// nothing to show. It reads files: to be called from a thread that may wait.
View make_view(const Repository& repository, const std::string& path);

}  // namespace course
