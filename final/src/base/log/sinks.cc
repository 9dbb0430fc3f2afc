#include "base/log/sinks.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "base/text/ascii.h"

namespace tornado::log {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kDay = 24 * 60 * 60;

std::tm local_time(std::time_t when) {
  std::tm result{};
  localtime_r(&when, &result);
  return result;
}

std::time_t unit_of(std::string_view when) {
  if (when == "s") return 1;
  if (when == "m") return 60;
  if (when == "h") return 60 * 60;
  if (when == "d" || when == "midnight") return kDay;
  if (when.size() == 2 && when[0] == 'w' && when[1] >= '0' && when[1] <= '6') return 7 * kDay;
  throw std::invalid_argument("log_rotate_when should be S, M, H, D, midnight or W0 to W6, not \"" +
                              std::string(when) + "\"");
}

// Corrects `then` if daylight saving time begins or ends in between, so that a rotation stays at
// midnight.
std::time_t keep_hour(std::time_t then, std::time_t now) {
  const bool dst_now = local_time(now).tm_isdst > 0;
  const bool dst_then = local_time(then).tm_isdst > 0;
  if (dst_now == dst_then) return then;
  return then + (dst_now ? 3600 : -3600);
}

bool is_at_midnight(std::string_view when) {
  return when == "midnight" || when[0] == 'w';
}

// A log file that is renamed when a rotation is due. spdlog's own rotating sinks name old files
// differently from Python and cannot rotate by hour or weekday, so both kinds of rotation are
// implemented here.
class RotatingFile : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  RotatingFile(std::string path, int backups) : path_(std::move(path)), backups_(backups) {
    if (!open()) throw std::runtime_error("cannot open log file " + path_ + ": " + error_text());
  }

 protected:
  const std::string& path() const { return path_; }
  int backups() const { return backups_; }
  std::int64_t size() const { return size_; }

  void append(std::string_view bytes) {
    if (!file_ && !open()) throw std::runtime_error("log file is closed");
    size_ += static_cast<std::int64_t>(bytes.size());
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size() ||
        std::fflush(file_.get()) != 0) {
      std::clearerr(file_.get());
      throw std::runtime_error("log file not written");
    }
  }

  // Closes the file, has `rename` move it away, and opens a new one. If the renaming fails, the
  // file keeps growing and logging continues.
  template <typename Rename>
  void turn(Rename rename) {
    file_.reset();
    rename();
    open();
  }

  void flush_() override {}

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  bool open() {
    file_.reset(std::fopen(path_.c_str(), "ae"));
    if (!file_) return false;
    struct stat status{};
    size_ = ::fstat(::fileno(file_.get()), &status) == 0 ? status.st_size : 0;
    return true;
  }

  static std::string error_text() { return std::generic_category().message(errno); }

  std::string path_;
  int backups_;
  std::unique_ptr<std::FILE, Close> file_;
  std::int64_t size_ = 0;
};

class SizeRotatingFile final : public RotatingFile {
 public:
  explicit SizeRotatingFile(const LogOptions& options)
      : RotatingFile(options.log_file_prefix, options.log_file_num_backups),
        max_size_(options.log_file_max_size) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string_view lines(message.payload.data(), message.payload.size());
    while (!lines.empty()) {
      const std::string_view part = fitting(lines);
      append(part);
      lines.remove_prefix(part.size());
    }
  }

  // Returns the first lines that still fit below the limit. Rotates if not even one fits.
  std::string_view fitting(std::string_view lines) {
    if (max_size_ <= 0 || backups() <= 0) return lines;
    const auto fits = [this](std::size_t n) {
      return size() + static_cast<std::int64_t>(n) < max_size_;
    };
    if (fits(lines.size())) return lines;
    if (!fits(lines.find('\n') + 1)) turn([this] { shift(); });
    std::size_t end = lines.find('\n') + 1;
    for (auto next = end; next != 0 && fits(next); next = lines.find('\n', end) + 1) end = next;
    return lines.substr(0, end);
  }

  void shift() const {
    std::error_code ignored;  // a gap in the numbers is normal
    for (int i = backups() - 1; i > 0; --i) fs::rename(numbered(i), numbered(i + 1), ignored);
    fs::rename(path(), numbered(1), ignored);
  }

  std::string numbered(int i) const { return path() + "." + std::to_string(i); }

  std::int64_t max_size_;
};

class TimeRotatingFile final : public RotatingFile {
 public:
  TimeRotatingFile(const LogOptions& options, Clock clock)
      : RotatingFile(options.log_file_prefix, options.log_file_num_backups),
        when_(lower_case(options.log_rotate_when)),
        interval_(options.log_rotate_interval),
        clock_(std::move(clock)) {
    struct stat status{};
    const bool has_lines = ::stat(path().c_str(), &status) == 0 && status.st_size > 0;
    rollover_at_ = next_rollover(when_, interval_, has_lines ? status.st_mtime : clock_());
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::time_t now = clock_();
    if (now >= rollover_at_) roll(now);
    append({message.payload.data(), message.payload.size()});
  }

  void roll(std::time_t now) {
    turn([&] {
      std::error_code ignored;
      fs::rename(path(), path() + "." + suffix(now), ignored);
      if (backups() > 0) remove_oldest();
    });
    const std::time_t span = unit_of(when_) * interval_;
    std::time_t next = next_rollover(when_, interval_, now);
    while (next <= now) next += span;
    rollover_at_ = is_at_midnight(when_) ? keep_hour(next, now) : next;
  }

  // The old file is named after the start of its interval.
  std::string suffix(std::time_t now) const {
    const char* format = "%Y-%m-%d";
    if (when_ == "s") format = "%Y-%m-%d_%H-%M-%S";
    if (when_ == "m") format = "%Y-%m-%d_%H-%M";
    if (when_ == "h") format = "%Y-%m-%d_%H";
    const std::tm start = local_time(keep_hour(rollover_at_ - unit_of(when_) * interval_, now));
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, format, &start));
  }

  void remove_oldest() const {
    const fs::path file(path());
    const std::string prefix = file.filename().string() + ".";
    std::vector<fs::path> old;
    std::error_code ignored;
    for (const auto& entry :
         fs::directory_iterator(file.has_parent_path() ? file.parent_path() : ".", ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.size() > prefix.size() + 9 && name.starts_with(prefix) &&
          is_dated(name.substr(prefix.size()))) {
        old.push_back(entry.path());
      }
    }
    std::sort(old.begin(), old.end());
    const auto keep = static_cast<std::size_t>(backups());
    for (std::size_t i = 0; i + keep < old.size(); ++i) fs::remove(old[i], ignored);
  }

  // "2026-11-20" or longer: only files created by this class are ever removed.
  static bool is_dated(std::string_view suffix) {
    return suffix.find_first_not_of("0123456789-_") == suffix.npos && suffix[4] == '-' &&
           suffix[7] == '-';
  }

  std::string when_;
  int interval_;
  Clock clock_;
  std::time_t rollover_at_ = 0;
};

}  // namespace

std::time_t next_rollover(std::string_view when, int interval, std::time_t from) {
  if (!is_at_midnight(when)) return from + unit_of(when) * interval;
  const std::tm start = local_time(from);
  std::time_t next = from + kDay - (start.tm_hour * 60 + start.tm_min) * 60 - start.tm_sec;
  if (when[0] != 'w') return next;
  const int wanted = when[1] - '0';           // 0 is Monday
  const int today = (start.tm_wday + 6) % 7;  // tm_wday 0 is Sunday
  if (today == wanted) return next;           // due at the midnight that ends the wanted day
  return keep_hour(next + ((wanted - today + 7) % 7) * kDay, from);
}

Sink make_stderr_sink() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
  // Lines arrive complete: no pattern, and no line ending from spdlog.
  sink->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::local, ""));
  return sink;
}

Sink make_file_sink(const LogOptions& options, Clock clock) {
  if (options.log_rotate_mode == "size") return std::make_shared<SizeRotatingFile>(options);
  if (options.log_rotate_mode != "time") {
    throw std::invalid_argument("log_rotate_mode should be \"size\" or \"time\", not \"" +
                                options.log_rotate_mode + "\"");
  }
  unit_of(lower_case(options.log_rotate_when));  // throws before the file is touched
  if (options.log_rotate_interval < 1)
    throw std::invalid_argument("log_rotate_interval should be at least 1");
  return std::make_shared<TimeRotatingFile>(options, std::move(clock));
}

bool write_lines(spdlog::sinks::sink& sink, std::string_view lines) noexcept {
  try {
    sink.log(
        spdlog::details::log_msg({}, {}, {}, spdlog::level::info, {lines.data(), lines.size()}));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace tornado::log
