// SQLite waits for the disk, and cannot do so without blocking. Its calls are made in a thread of
// their own, and the loop does not wait for that thread.
#include <sqlite3.h>
#include <tornado/ioloop.h>

#include "database.h"

namespace blog {
namespace {

constexpr int kBusyMilliseconds = 5000;  // wait while another process locks the file

struct Close {
  void operator()(sqlite3* connection) const { ::sqlite3_close_v2(connection); }
  void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};
using Connection = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

// Used by one thread at a time: once it is open, by the pool's only thread.
class File {
 public:
  explicit File(const std::string& name) {
    sqlite3* connection = nullptr;
    const int status = ::sqlite3_open(name.c_str(), &connection);
    connection_.reset(connection);
    check(status);
    ::sqlite3_busy_timeout(connection, kBusyMilliseconds);
    run("PRAGMA journal_mode = WAL", {});
    run("PRAGMA foreign_keys = ON", {});
  }

  Rows run(const std::string& text, const std::vector<std::string>& arguments) {
    sqlite3_stmt* const statement = prepared(text);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const int at =
          ::sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
      check(::sqlite3_bind_text64(statement, at, arguments[i].data(), arguments[i].size(),
                                  SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    Rows rows;
    int status = ::sqlite3_step(statement);
    for (; status == SQLITE_ROW; status = ::sqlite3_step(statement)) rows.push_back(row(statement));
    ::sqlite3_reset(statement);
    ::sqlite3_clear_bindings(statement);
    if (status != SQLITE_DONE) check(status);
    return rows;
  }

 private:
  static Row row(sqlite3_stmt* statement) {
    Row columns;
    for (int i = 0; i < ::sqlite3_column_count(statement); ++i) {
      const auto* const text = reinterpret_cast<const char*>(::sqlite3_column_text(statement, i));
      const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement, i));
      columns.emplace(::sqlite3_column_name(statement, i),
                      text == nullptr ? std::string() : std::string(text, size));
    }
    return columns;
  }

  // Each statement is compiled once.
  sqlite3_stmt* prepared(const std::string& text) {
    Statement& kept = statements_[text];
    if (kept == nullptr) {
      sqlite3_stmt* statement = nullptr;
      check(::sqlite3_prepare_v2(connection_.get(), text.c_str(), -1, &statement, nullptr));
      kept.reset(statement);
    }
    return kept.get();
  }

  void check(int status) const {
    if (status == SQLITE_OK) return;
    throw DatabaseError(std::string("SQLite: ") + ::sqlite3_errmsg(connection_.get()));
  }

  Connection connection_;
  std::map<std::string, Statement> statements_;  // destroyed before the connection
};

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(const std::string& name) : file_(name) {}

  // [query]
  tornado::Future<Rows> query(std::string statement, std::vector<std::string> arguments) override {
    return tornado::ioloop::IOLoop::current().run_in_executor(
        &thread_,
        [this](const std::string& text, const std::vector<std::string>& values) {
          return file_.run(text, values);
        },
        std::move(statement), std::move(arguments));
  }
  // [/query]

 private:
  File file_;
  tornado::concurrent::ThreadPoolExecutor thread_{1};  // ends before the file is closed
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& file) {
  return std::make_unique<SqliteDatabase>(file);
}

}  // namespace blog
