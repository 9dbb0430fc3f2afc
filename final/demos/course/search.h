// Internal header. The search over the course, by SQLite's FTS5.
#pragma once

#include <tornado/template_value.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "repository.h"

namespace course {

struct Hit {
  std::string title;
  std::string url;
  std::string place;  // the page that contains it
  std::string text;   // HTML: the words around the match, which is marked
};
TORNADO_FIELDS(Hit, title, url, place, text)

// The sections of the pages, the declarations of the public headers, and the misconceptions of the
// quizzes, in a database in memory. Any thread may use it.
class SearchIndex {
 public:
  // Reads everything; what changes later is not found until the next start. Throws
  // std::runtime_error if SQLite fails.
  explicit SearchIndex(const Repository& repository);
  ~SearchIndex();
  SearchIndex(const SearchIndex&) = delete;
  SearchIndex& operator=(const SearchIndex&) = delete;

  // Returns the best matches: every word of `query` occurs in them, or begins a word that does.
  // Headings count more than text. Empty if the query has no word.
  std::vector<Hit> find(std::string_view query) const;

 private:
  class Database;
  void add_headers(const Repository& repository);
  std::unique_ptr<Database> database_;
};

}  // namespace course
