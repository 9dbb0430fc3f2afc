// libpq can work without blocking: it says which socket to watch, and the loop watches it. No
// thread waits. Statements take turns on one connection; if it is lost, the next statement makes a
// new one.
#include <libpq-fe.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/locks.h>
#include <tornado/log.h>

#include <chrono>

#include "database.h"

namespace blog {
namespace {

using tornado::Future;
using tornado::ioloop::IOLoop;

constexpr std::chrono::seconds kConnectTime{10};

struct Clean {
  void operator()(PGconn* connection) const { ::PQfinish(connection); }
  void operator()(PGresult* result) const { ::PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Clean>;
using Result = std::unique_ptr<PGresult, Clean>;

// [ready]
// Makes the loop watch a socket for as long as this lives.
class Watch {
 public:
  template <class F>
  Watch(int socket, std::uint32_t events, F handler) : socket_(socket) {
    IOLoop::current().add_handler(socket, std::move(handler), events);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { IOLoop::current().remove_handler(socket_); }

 private:
  int socket_;
};

// Returns a future that is done once the socket is readable or writable, depending on `events`.
Future<void> ready(int socket, std::uint32_t events) {
  Future<void> happened;
  const Watch watch(socket, events, [happened](int, std::uint32_t) mutable {
    if (!happened.done()) happened.set_result();
  });
  co_await happened;
}
// [/ready]

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(std::string url) : url_(std::move(url)) {}

  Future<Rows> query(std::string statement, std::vector<std::string> arguments) override {
    const auto turn = co_await turns_.scoped();
    // A connection lost while idle is noticed here: its socket has an end to be read.
    if (connection_ != nullptr && !is_well()) connection_.reset();
    if (connection_ == nullptr) co_await tornado::gen::with_deadline(kConnectTime, connect());
    try {
      co_await send(std::move(statement), std::move(arguments));
      Result result = co_await receive();
      co_return rows_of(result.get());
    } catch (const Refused&) {
      throw;
    } catch (...) {
      connection_.reset();  // its progress is unknown
      throw;
    }
  }

 private:
  // The statement is at fault, not the connection.
  class Refused : public DatabaseError {
   public:
    using DatabaseError::DatabaseError;
  };

  // A server that shuts down sends a message first: read that, then the end after it.
  bool is_well() const {
    return ::PQconsumeInput(connection_.get()) == 1 && ::PQconsumeInput(connection_.get()) == 1 &&
           ::PQstatus(connection_.get()) == CONNECTION_OK;
  }

  Future<void> connect() {
    Connection made(::PQconnectStart(url_.c_str()));
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      if (made == nullptr || state == PGRES_POLLING_FAILED || ::PQsocket(made.get()) < 0) {
        throw DatabaseError(made ? ::PQerrorMessage(made.get()) : "PostgreSQL: out of memory");
      }
      const auto events = state == PGRES_POLLING_WRITING ? IOLoop::WRITE : IOLoop::READ;
      co_await ready(::PQsocket(made.get()), events);
      state = ::PQconnectPoll(made.get());
    }
    ::PQsetnonblocking(made.get(), 1);
    ::PQsetNoticeProcessor(made.get(), &log_notice, nullptr);
    connection_ = std::move(made);
  }

  static void log_notice(void*, const char* text) { tornado::log::app_log.debug(text); }

  Future<void> send(std::string statement, std::vector<std::string> arguments) {
    std::vector<const char*> values;
    for (const std::string& argument : arguments) values.push_back(argument.c_str());
    if (::PQsendQueryParams(connection_.get(), statement.c_str(), static_cast<int>(values.size()),
                            nullptr, values.data(), nullptr, nullptr, 0) != 1) {
      throw error();
    }
    for (;;) {
      const int left = ::PQflush(connection_.get());
      if (left == 0) co_return;
      if (left < 0) throw error();
      // The server may stop reading until its own output has been read.
      co_await ready(::PQsocket(connection_.get()), IOLoop::READ | IOLoop::WRITE);
      if (::PQconsumeInput(connection_.get()) != 1) throw error();
    }
  }

  // [receive]
  Future<Result> receive() {
    Result last;
    for (;;) {
      while (::PQisBusy(connection_.get()) == 1) {
        co_await ready(::PQsocket(connection_.get()), IOLoop::READ);
        if (::PQconsumeInput(connection_.get()) != 1) throw error();
      }
      Result result(::PQgetResult(connection_.get()));
      if (result == nullptr) break;
      last = std::move(result);
    }
    if (last == nullptr) throw error();
    const auto status = ::PQresultStatus(last.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw Refused(::PQresultErrorMessage(last.get()));
    }
    co_return last;
  }
  // [/receive]

  static Rows rows_of(PGresult* result) {
    Rows rows(static_cast<std::size_t>(::PQntuples(result)));
    for (int i = 0; i < ::PQntuples(result); ++i) {
      for (int k = 0; k < ::PQnfields(result); ++k) {
        rows[static_cast<std::size_t>(i)].emplace(
            ::PQfname(result, k),
            std::string(::PQgetvalue(result, i, k),
                        static_cast<std::size_t>(::PQgetlength(result, i, k))));
      }
    }
    return rows;
  }

  DatabaseError error() const { return DatabaseError(::PQerrorMessage(connection_.get())); }

  std::string url_;
  Connection connection_;
  tornado::locks::Lock turns_;
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url) {
  return std::make_unique<PostgresDatabase>(url);
}

}  // namespace blog
