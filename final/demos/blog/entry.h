// Internal header. The data that the blog's pages show.
#pragma once

#include <tornado/template.h>

#include <chrono>
#include <string>
#include <vector>

#include "database.h"

namespace blog {

struct Author {
  std::string id;
  std::string name;
};
TORNADO_FIELDS(Author, id, name)

// [entry]
// Columns that a statement does not ask for are empty.
struct Entry {
  std::string id;
  std::string slug;  // its name in URLs: small letters, digits, "-"
  std::string title;
  std::string author;
  std::string markdown;
  std::string html;
  std::chrono::system_clock::time_point published;
  std::chrono::system_clock::time_point updated;
};
TORNADO_FIELDS(Entry, id, slug, title, author, markdown, html, published, updated)
// [/entry]

Entry entry_of(const Row& row);
std::vector<Entry> entries_of(const Rows& rows);

// Formats a time from the columns published and updated.
std::string time_text(std::chrono::system_clock::time_point time);

}  // namespace blog
