// Internal header. The blog's database, whichever it is. Statements are SQL that SQLite and
// PostgreSQL both understand, with $1, $2, ... for the arguments.
#pragma once

#include <tornado/concurrent.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace blog {

// A row's columns by name, as text; NULL is empty.
using Row = std::map<std::string, std::string>;
using Rows = std::vector<Row>;

// What the database says of a statement it refuses, or of a connection it lost.
class DatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Database {
 public:
  virtual ~Database() = default;
  // Runs one statement and gives its rows. Arguments are sent beside the statement, never in its
  // text: nobody's text can become SQL. The loop goes on meanwhile. Throws DatabaseError.
  virtual tornado::Future<Rows> query(std::string statement,
                                      std::vector<std::string> arguments) = 0;

  tornado::Future<Rows> query(std::string statement) { return query(std::move(statement), {}); }
};

// "postgresql://user@host/name" connects to that server; any other text is the file of a SQLite
// database, made if it is not there. Throws DatabaseError.
std::unique_ptr<Database> open_database(const std::string& url);
std::unique_ptr<Database> open_sqlite(const std::string& file);
std::unique_ptr<Database> open_postgres(const std::string& url);

// Makes the tables, unless they are there.
tornado::Future<void> create_tables(Database* database);

}  // namespace blog
