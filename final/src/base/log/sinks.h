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
using Clock = std::function<std::time_t()>;  // epoch seconds; tests turn it

Sink make_stderr_sink();

// The log file of `options`, rotating by size or time under the names Python's logging uses:
// PREFIX.1, PREFIX.2 ... or PREFIX.2026-11-20. Throws std::invalid_argument for a bad mode, unit or
// interval, std::runtime_error if the file does not open.
Sink make_file_sink(const LogOptions& options, Clock clock);

// Hands whole lines, each ended by '\n', to a sink. False if they could not be written.
bool write_lines(spdlog::sinks::sink& sink, std::string_view lines) noexcept;

// When the next rotation is due after `from`. `when` is in lower case. Local time. The same rules
// as Python's TimedRotatingFileHandler.
std::time_t next_rollover(std::string_view when, int interval, std::time_t from);

}  // namespace tornado::log
