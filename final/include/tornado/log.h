// Public header: loggers, the line format and the log files. Mirrors Python's tornado.log and the
// part of Python's logging that Tornado programs use.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tornado::options {
class OptionParser;
}

namespace tornado::log {

// Python's levels in the same order. A logger passes on a record if the record's level is at least
// its own.
enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError, kCritical };

// A named value that belongs to a line. Only JSON lines show it, as a member of their object:
// `number` if it is set, else `text`. The views are not kept.
struct Field {
  std::string_view name;              // of the member; a standard one of that name is replaced
  std::string_view text = {};         // the value as a JSON string
  std::optional<double> number = {};  // the value as a JSON number
};

// A named stream of log lines. Loggers live as long as the program; hold them by reference.
//
// Names form a tree by their dots, as in Python: "tornado.access" is below "tornado", which is
// below the root "". A logger without its own level uses that of its nearest ancestor that has one;
// the root starts at kWarning.
//
// Every member may be called from any thread, even while static objects are constructed or
// destroyed. Logging never throws, and blocks no longer than the write to the terminal or file
// takes: a line that cannot be written is dropped. The compiler fills in `where` with the caller's
// file and line; do not pass it, except to forward the location of your own caller.
class Logger {
 public:
  using Where = std::source_location;

  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // Write `message` at the level of that name, as log() does.
  void debug(std::string_view message, const Where& where = Where::current()) const noexcept {
    log(Level::kDebug, message, where);
  }
  void info(std::string_view message, const Where& where = Where::current()) const noexcept {
    log(Level::kInfo, message, where);
  }
  void warning(std::string_view message, const Where& where = Where::current()) const noexcept {
    log(Level::kWarning, message, where);
  }
  void error(std::string_view message, const Where& where = Where::current()) const noexcept {
    log(Level::kError, message, where);
  }
  void critical(std::string_view message, const Where& where = Where::current()) const noexcept {
    log(Level::kCritical, message, where);
  }

  // Writes `message` if this level is enabled. The bytes are written unchanged, except that four
  // spaces follow each line break, so that no message can imitate another log line. The view is not
  // kept.
  void log(Level level, std::string_view message,
           const Where& where = Where::current()) const noexcept {
    if (enabled(level)) emit(level, message, {}, where);
  }
  // The same for a line that has values of its own.
  void log(Level level, std::string_view message, std::span<const Field> fields,
           const Where& where = Where::current()) const noexcept {
    if (enabled(level)) emit(level, message, fields, where);
  }

  // Returns true if a record of this level would be passed on. Costs one relaxed load, so check it
  // before building an expensive message.
  bool enabled(Level level) const noexcept {
    return level >= threshold_.load(std::memory_order_relaxed);
  }

  // Sets the level of this logger, and of the loggers below it that have none of their own. Python:
  // setLevel.
  void set_level(Level level);
  // Removes the logger's own level, so that its parent's applies. The root returns to kWarning.
  // Python: setLevel(NOTSET).
  void unset_level();

  // Returns the level that currently applies. Python: getEffectiveLevel.
  Level level() const noexcept { return threshold_.load(std::memory_order_relaxed); }
  // Returns the name, "" for the root.
  std::string_view name() const noexcept { return name_; }

 private:
  friend class LoggerTree;
  constexpr explicit Logger(std::string_view name) noexcept : name_(name) {}
  void emit(Level level, std::string_view message, std::span<const Field> fields,
            const Where& where) const noexcept;

  std::string_view name_;
  std::atomic<Level> threshold_{Level::kWarning};
};

extern Logger access_log;  // "tornado.access": one line per request
extern Logger app_log;  // "tornado.application": errors of the program, such as uncaught exceptions
extern Logger gen_log;  // "tornado.general": everything else that Tornado logs

// Returns the logger of that name, made at the first call; "" is the root. Python:
// logging.getLogger.
Logger& get_logger(std::string_view name = "");

// Writes out the lines of access_log that are still in memory. Lines of access_log at kInfo and
// below are buffered, because a busy server writes hundreds of thousands of them; every other line
// is written at once, after the buffered ones, so the order is kept. The event loop calls this
// before each sleep. It also happens at 64 KiB, at normal exit of the program and before a fork.
// Cheap if there is nothing to write. Any thread.
void flush() noexcept;

// A log record, as passed to a Capture. Views are valid during the call only.
struct Record {
  std::string_view logger;             // its name, such as "tornado.access"
  Level level;                         // at least the logger's
  std::string_view message;            // as passed to the logger
  const char* file;                    // where it was logged: the path that the compiler was given
  unsigned line;                       // the line there, from 1 on
  std::span<const Field> fields = {};  // the line's own values, if it has any
};

namespace detail {
// The list of living captures: `call(self, record)` runs for each record until remove_hook(self)
// has returned.
void add_hook(void* self, bool (*call)(void* self, const Record&));
void remove_hook(void* self);
}  // namespace detail

// While it lives, passes every enabled record of every logger to `hook` before it is written. If
// the hook returns true, the record is neither written nor passed to older captures; an exception
// counts as false. Hooks run newest first, on the thread that logs, one call at a time across all
// threads. Records that the hook itself logs are written but not captured. The hook must not
// destroy its own Capture. Tornado's ExpectLog uses logging filters for this.
template <typename Hook>
class Capture {
 public:
  explicit Capture(Hook hook) : hook_(std::move(hook)) { detail::add_hook(this, &call); }
  ~Capture() { detail::remove_hook(this); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

 private:
  static bool call(void* self, const Record& record) {
    return static_cast<Capture*>(self)->hook_(record);
  }

  Hook hook_;
};

// Arguments of enable_pretty_logging; each field is the command line option of the same name.
struct LogOptions {
  std::string logging = "info";  // debug, info, warning, error, critical or none; any case
  std::optional<bool> log_to_stderr = {};        // unset: yes, unless there is a log file
  std::string log_file_prefix = {};              // path of the log file; empty: none
  std::int64_t log_file_max_size = 100'000'000;  // bytes before rotation, mode "size"; 0: never
  int log_file_num_backups = 10;  // old files kept, 0: mode "size" never rotates, "time" keeps all
  std::string log_rotate_mode = "size";  // "size" or "time"
  // Mode "time": S M H D midnight, W0 (Monday) to W6; any case.
  std::string log_rotate_when = "midnight";
  int log_rotate_interval = 1;  // how many of those units; at least 1
  // "text": the lines below. "json": one JSON object (RFC 8259) a line, for programs that collect
  // logs. Its members: time (UTC, "2026-11-20T22:55:07.123Z"), level ("info"), logger, file, line,
  // message, and the line's fields. Bytes that are not UTF-8 appear as U+FFFD. Not in Tornado.
  std::string log_format = "text";
};

// Sets the root logger's level, and sends every line to the terminal, the log file or both, in
// Tornado's format:
//   [I 261120 22:55:07 web:2418] message
// That is the level letter, local date and time, the caller's file without extension, and its line.
// Uses colours if stderr is a terminal. Replaces what an earlier call set up. With logging "none",
// does nothing at all. Before the first call, messages at kWarning and above go to stderr without
// decoration, as in Python. Throws std::invalid_argument for an unknown level, mode, unit or
// format, and std::runtime_error if the file cannot be opened; the earlier setup then stays.
// options::parse_command_line calls this. Any thread.
void enable_pretty_logging(const LogOptions& options = {});

// Adds the fields of LogOptions as options to a parser of your own (options::options() has them
// already), and a parse callback that calls enable_pretty_logging with their values; its exceptions
// then become options::Error. The parser must not move afterwards. Tornado: define_logging_options.
void define_logging_options(options::OptionParser& parser);

}  // namespace tornado::log
