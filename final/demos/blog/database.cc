#include "database.h"

namespace blog {

std::unique_ptr<Database> open_database(const std::string& url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return open_postgres(url);
  }
  return open_sqlite(url);
}

tornado::Future<void> create_tables(Database* database) {
  // The program makes the ids, because the two databases count in different ways. Times are
  // microseconds since 1970.
  co_await database->query(
      "CREATE TABLE IF NOT EXISTS authors ("
      "  id TEXT PRIMARY KEY,"
      "  email TEXT NOT NULL UNIQUE,"
      "  name TEXT NOT NULL,"
      "  password TEXT NOT NULL)");
  co_await database->query(
      "CREATE TABLE IF NOT EXISTS entries ("
      "  id TEXT PRIMARY KEY,"
      "  author_id TEXT NOT NULL REFERENCES authors(id),"
      "  slug TEXT NOT NULL UNIQUE,"
      "  title TEXT NOT NULL,"
      "  markdown TEXT NOT NULL,"
      "  html TEXT NOT NULL,"
      "  published BIGINT NOT NULL,"
      "  updated BIGINT NOT NULL)");
  co_await database->query(
      "CREATE INDEX IF NOT EXISTS entries_by_time ON entries (published DESC)");
}

}  // namespace blog
