#include "database.h"

namespace blog {

std::unique_ptr<Database> open_database(const std::string& url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return open_postgres(url);
  }
  return open_sqlite(url);
}

tornado::Future<void> create_tables(Database* database) {
  // Ids are made by the program, as the two databases count in different ways.
  co_await database->query(
      "CREATE TABLE IF NOT EXISTS authors ("
      "  id VARCHAR(32) PRIMARY KEY,"
      "  email VARCHAR(100) NOT NULL UNIQUE,"
      "  name VARCHAR(100) NOT NULL,"
      "  password VARCHAR(200) NOT NULL)");
  co_await database->query(
      "CREATE TABLE IF NOT EXISTS entries ("
      "  id VARCHAR(32) PRIMARY KEY,"
      "  author_id VARCHAR(32) NOT NULL REFERENCES authors(id),"
      "  slug VARCHAR(100) NOT NULL UNIQUE,"
      "  title VARCHAR(512) NOT NULL,"
      "  markdown TEXT NOT NULL,"
      "  html TEXT NOT NULL,"
      "  published BIGINT NOT NULL,"
      "  updated BIGINT NOT NULL)");
  co_await database->query(
      "CREATE INDEX IF NOT EXISTS entries_by_time ON entries (published DESC)");
}

}  // namespace blog
