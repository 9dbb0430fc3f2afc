#include "entry.h"

namespace blog {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

std::string column(const Row& row, const std::string& name) {
  const auto found = row.find(name);
  return found == row.end() ? std::string() : found->second;
}

system_clock::time_point time_column(const Row& row, const std::string& name) {
  const std::string text = column(row, name);
  const microseconds since_1970(text.empty() ? 0 : std::stoll(text));
  return system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(since_1970));
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

std::string time_text(system_clock::time_point time) {
  return std::to_string(std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count());
}

}  // namespace blog
