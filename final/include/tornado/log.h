// Public header: loggers, the line format and the log files. Mirrors Python's tornado.log and the
// part of Python's logging that Tornado programs use.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace tornado::options {
class OptionParser;
}

namespace tornado::log {

// Python's levels in the same order. A logger passes a record when the record's level is at or
// above its own.
enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError, kCritical };

// A named stream of log lines. Loggers live as long as the program; hold them by reference.
//
// Names form a tree by their dots, as in Python: "tornado.access" below "tornado" below the root
// "". A logger without a level of its own takes that of its nearest ancestor that has one; the root
// starts at kWarning.
//
// Every member may be called from any thread, also while static objects are built or destroyed.
// Logging never throws and never blocks longer than the write to the terminal or file does: a line
// that cannot be written is dropped. `where` is filled in by the compiler with the caller's file
// and line; do not pass it, except to forward the location of your own caller.
class Logger {
 public:
  using Where = std::source_location;

  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

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

  // Writes `message` if this level is enabled. The bytes are written as they are; line breaks
  // inside are followed by four spaces, so that no message can pass for a line of its own. The view
  // is not kept.
  void log(Level level, std::string_view message,
           const Where& where = Where::current()) const noexcept {
    if (enabled(level)) emit(level, message, where);
  }

  // True if a record of this level would be passed on. One relaxed load: ask before building a
  // costly message.
  bool enabled(Level level) const noexcept {
    return level >= threshold_.load(std::memory_order_relaxed);
  }

  // Gives this logger, and the loggers below it that have none of their own, a level. Python:
  // setLevel.
  void set_level(Level level);
  // Takes the own level away again; the parent's counts. The root goes back to kWarning. Python:
  // setLevel(NOTSET).
  void unset_level();

  // The level that counts at present. Python: getEffectiveLevel.
  Level level() const noexcept { return threshold_.load(std::memory_order_relaxed); }
  std::string_view name() const noexcept { return name_; }

 private:
  friend class LoggerTree;
  constexpr explicit Logger(std::string_view name) noexcept : name_(name) {}
  void emit(Level level, std::string_view message, const Where& where) const noexcept;

  std::string_view name_;
  std::atomic<Level> threshold_{Level::kWarning};
};

extern Logger access_log;  // "tornado.access": one line per request
extern Logger app_log;  // "tornado.application": errors of the program, such as uncaught exceptions
extern Logger gen_log;  // "tornado.general": everything else that Tornado says

// The logger of that name, made at the first call; "" is the root. Python: logging.getLogger.
Logger& get_logger(std::string_view name = "");

// Writes out the lines of access_log that are still held in memory. Lines of access_log at kInfo
// and below are held, because a busy server writes them by the hundred thousand; every other line
// goes out at once, after them, so order is kept. The event loop calls this before each sleep; it
// also happens at 64 KiB, at normal exit of the program and before a fork. Cheap when there is
// nothing to write. Any thread.
void flush() noexcept;

// What was logged, as a Capture sees it. Views are valid during the call only.
struct Record {
  std::string_view logger;
  Level level;
  std::string_view message;
  const char* file;
  unsigned line;
};

namespace detail {
// The list of living captures: `call(self, record)` runs for each record until remove_hook(self)
// has returned.
void add_hook(void* self, bool (*call)(void* self, const Record&));
void remove_hook(void* self);
}  // namespace detail

// While it lives, shows every enabled record of every logger to `hook`, before it is written. A
// hook that returns true swallows the record: it is not written, and older captures do not see it.
// Newest first. Runs on the thread that logs, one call at a time over all threads. What the hook
// itself logs is written but not captured. An exception from the hook counts as false. The hook
// must not destroy its own Capture. This is what logging filters are for in Tornado's ExpectLog.
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

// What enable_pretty_logging does; each field is the command line option of the same name.
struct LogOptions {
  std::string logging = "info";  // debug, info, warning, error, critical or none; any case
  std::optional<bool> log_to_stderr = {};        // unset: yes, unless there is a log file
  std::string log_file_prefix = {};              // path of the log file; empty: none
  std::int64_t log_file_max_size = 100'000'000;  // bytes before rotation, mode "size"; 0: never
  int log_file_num_backups = 10;  // old files kept, 0: mode "size" never rotates, "time" keeps all
  std::string log_rotate_mode = "size";  // "size" or "time"
  std::string log_rotate_when =
      "midnight";               // mode "time": S M H D midnight, W0 (Monday) to W6; any case
  int log_rotate_interval = 1;  // how many of those units; at least 1
};

// Sets the root logger's level and sends every line to the terminal and/or the log file in
// Tornado's format:
//   [I 261120 22:55:07 web:2418] message
// level letter, local date and time, file without extension and line of the caller. Colours if
// stderr is a terminal. Replaces what an earlier call set up. logging "none" does nothing at all.
// Before the first call, messages at kWarning and above go to stderr bare, as in Python. Throws
// std::invalid_argument for an unknown level, mode or unit, std::runtime_error if the file does not
// open; the earlier set-up then stays. options::parse_command_line calls this. Any thread.
void enable_pretty_logging(const LogOptions& options = {});

// Adds the fields of LogOptions as options, and a parse callback that calls enable_pretty_logging
// with what was given; there its exceptions become options::Error. options::options() has them
// already; for parsers of your own. The parser must not move afterwards. Tornado:
// define_logging_options.
void define_logging_options(options::OptionParser& parser);

}  // namespace tornado::log
