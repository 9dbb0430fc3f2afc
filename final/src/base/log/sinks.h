// Internal header: where log lines go.
#pragma once

#include <tornado/log.h>

#include <ctime>
#include <functional>
#include <memory>

namespace spdlog::sinks {
class sink;
}

namespace tornado::log {

using Sink = std::shared_ptr<spdlog::sinks::sink>;
using Clock = std::function<std::time_t()>;  // epoch seconds; tests supply their own

Sink make_stderr_sink();

// Opens the log file of `options`, which rotates by size or time under the names that Python's
// logging uses: PREFIX.1, PREFIX.2 ... or PREFIX.2026-11-20. Throws std::invalid_argument for a bad
// mode, unit or interval, std::runtime_error if the file cannot be opened.
Sink make_file_sink(const LogOptions& options, Clock clock);

// Passes whole lines, each ended by '\n', to a sink. Returns false if they could not be written.
bool write_lines(spdlog::sinks::sink& sink, std::string_view lines) noexcept;

// Returns when the next rotation after `from` is due, in local time. `when` is in lower case. Same
// rules as Python's TimedRotatingFileHandler.
std::time_t next_rollover(std::string_view when, int interval, std::time_t from);

}  // namespace tornado::log
