#include "entry.h"

namespace blog {
namespace {

std::string column(const Row& row, const std::string& name) {
  const auto found = row.find(name);
  return found == row.end() ? std::string() : found->second;
}

std::chrono::system_clock::time_point time_column(const Row& row, const std::string& name) {
  const std::string seconds = column(row, name);
  return std::chrono::system_clock::from_time_t(seconds.empty() ? 0 : std::stoll(seconds));
}

}  // namespace

Entry entry_of(const Row& row) {
  return {
      .id = column(row, "id"),
      .slug = column(row, "slug"),
      .title = column(row, "title"),
      .author = column(row, "author"),
      .markdown = column(row, "markdown"),
      .html = column(row, "html"),
      .published = time_column(row, "published"),
      .updated = time_column(row, "updated"),
  };
}

std::vector<Entry> entries_of(const Rows& rows) {
  std::vector<Entry> entries;
  for (const Row& row : rows) entries.push_back(entry_of(row));
  return entries;
}

}  // namespace blog
