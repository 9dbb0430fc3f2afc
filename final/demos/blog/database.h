// Internal header. The blog's database, whichever it is. Statements are SQL that both SQLite and
// PostgreSQL understand, with $1, $2, ... for the arguments.
#pragma once

#include <tornado/concurrent.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace blog {

// A row's columns by name, as text; NULL is an empty text.
using Row = std::map<std::string, std::string>;
using Rows = std::vector<Row>;

// The database's message about a statement that it rejects, or a connection that it lost.
class DatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Database {
 public:
  virtual ~Database() = default;
  // Runs one statement and returns its rows. Arguments are sent separately from the statement,
  // never in its text, so no input can become SQL. The loop continues meanwhile. Throws
  // DatabaseError.
  virtual tornado::Future<Rows> query(std::string statement,
                                      std::vector<std::string> arguments) = 0;

  tornado::Future<Rows> query(std::string statement) { return query(std::move(statement), {}); }
};

// Opens a database. "postgresql://user@host/name" connects to that server; any other text is the
// file of a SQLite database, created if it does not exist. Throws DatabaseError.
std::unique_ptr<Database> open_database(const std::string& url);
std::unique_ptr<Database> open_sqlite(const std::string& file);
std::unique_ptr<Database> open_postgres(const std::string& url);

// Creates the tables that do not exist yet.
tornado::Future<void> create_tables(Database* database);

}  // namespace blog
