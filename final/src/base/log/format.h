// Internal header: the text of a log line.
#pragma once

#include <tornado/log.h>

#include <ctime>
#include <string>

namespace tornado::log {

// Appends lines in Tornado's format to a string. Not thread-safe: its owner locks.
class LineFormatter {
 public:
  explicit LineFormatter(bool colour) : colour_(colour) {}

  // Appends "[I 261120 22:55:07 web:2418] message\n"; `now` is epoch seconds, shown as local time.
  void append(std::string& out, const Record& record, std::time_t now);

 private:
  void update_time(std::time_t now);

  bool colour_;
  // Caches the date, because formatting it costs more than the rest of the line, and a busy server
  // writes many lines a second.
  std::time_t cached_second_ = -1;
  char cached_time_[16] = {};  // "261120 22:55:07"
};

// Appends the record as a JSON object on a line of its own; see LogOptions::log_format. `now` is
// the time since the epoch.
void append_json(std::string& out, const Record& record, const std::timespec& now);

// Appends `text` with four spaces after each line break.
void append_indented(std::string& out, std::string_view text);

// By level, as LogOptions::logging names them.
inline constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error", "critical"};

// Returns a file name without folder and last extension: "src/web.cc" gives "web". Python:
// LogRecord.module.
std::string_view module_of(std::string_view path);

}  // namespace tornado::log
