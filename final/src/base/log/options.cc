#include <tornado/log.h>
#include <tornado/options.h>

#include <exception>

namespace tornado::log {
namespace {

constexpr const char* kGroup = "tornado/log";

LogOptions read(const options::OptionParser& parser) {
  LogOptions given;
  given.logging = parser.get<std::string>("logging");
  if (parser.has_value("log_to_stderr")) given.log_to_stderr = parser.get<bool>("log_to_stderr");
  given.log_file_prefix = parser.get<std::string>("log_file_prefix");
  given.log_file_max_size = parser.get<std::int64_t>("log_file_max_size");
  given.log_file_num_backups = parser.get<int>("log_file_num_backups");
  given.log_rotate_mode = parser.get<std::string>("log_rotate_mode");
  given.log_rotate_when = parser.get<std::string>("log_rotate_when");
  given.log_rotate_interval = parser.get<int>("log_rotate_interval");
  given.log_format = parser.get<std::string>("log_format");
  return given;
}

}  // namespace

void define_logging_options(options::OptionParser& parser) {
  const LogOptions defaults;
  parser.define<std::string>(
      "logging", defaults.logging,
      "Lowest level of the lines to log. With \"none\", logging is left as it is.",
      {.metavar = "debug|info|warning|error|critical|none", .group = kGroup});
  parser.define<bool>(
      "log_to_stderr", nullptr,
      "Log to stderr, in colours if it is a terminal. If this is not given: only if there is no "
      "--log-file-prefix.",
      {.group = kGroup});
  parser.define<std::string>(
      "log_file_prefix", nullptr,
      "Path of the log file. Each process needs its own; put the port into it.",
      {.metavar = "PATH", .group = kGroup});
  parser.define<std::int64_t>("log_file_max_size", defaults.log_file_max_size,
                              "Size in bytes at which the log file is rotated.", {.group = kGroup});
  parser.define<int>("log_file_num_backups", defaults.log_file_num_backups,
                     "Number of old log files to keep.", {.group = kGroup});
  parser.define<std::string>(
      "log_rotate_when", defaults.log_rotate_when,
      "Unit of time to rotate by: S, M, H, D, midnight or W0 (Monday) to W6.", {.group = kGroup});
  parser.define<int>("log_rotate_interval", defaults.log_rotate_interval,
                     "Units of time between two rotations.", {.group = kGroup});
  parser.define<std::string>("log_rotate_mode", defaults.log_rotate_mode,
                             "Rotate log files by size or by time.",
                             {.metavar = "size|time", .group = kGroup});
  parser.define<std::string>("log_format", defaults.log_format,
                             "Write lines for people, or one JSON object a line for programs.",
                             {.metavar = "text|json", .group = kGroup});
  parser.add_parse_callback([&parser] {
    try {
      enable_pretty_logging(read(parser));
    } catch (const std::exception& e) {
      throw options::Error(e.what());
    }
  });
}

}  // namespace tornado::log
