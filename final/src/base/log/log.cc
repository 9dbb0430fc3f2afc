#include <pthread.h>
#include <spdlog/sinks/sink.h>
#include <tornado/log.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "base/log/format.h"
#include "base/log/own_level.h"
#include "base/log/sinks.h"
#include "base/text/ascii.h"

namespace tornado::log {

// All loggers and the levels set on them. Computes each logger's threshold whenever a level
// changes, so that enabled() need not look anything up. Never destroyed, because static destructors
// may still log.
class LoggerTree {
 public:
  static constexpr Logger make(std::string_view name) { return Logger(name); }

  static LoggerTree& instance() {
    static auto* const tree = new LoggerTree;
    return *tree;
  }

  Logger& get(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (Node* node = find(name)) return *node->logger;
    const std::string& stored = names_.emplace_back(name);
    Logger& logger = *owned_.emplace_back(new Logger(stored));
    nodes_.push_back({&logger, {}});
    update();
    return logger;
  }

  void set(const Logger& logger, std::optional<Level> level) {
    const std::lock_guard lock(mutex_);
    find(logger.name())->own = level;
    update();
  }

  std::optional<Level> own(const Logger& logger) {
    const std::lock_guard lock(mutex_);
    return find(logger.name())->own;
  }

 private:
  struct Node {
    Logger* logger;
    std::optional<Level> own;
  };

  LoggerTree();

  Node* find(std::string_view name) {
    const auto found = std::find_if(nodes_.begin(), nodes_.end(),
                                    [&](const Node& n) { return n.logger->name() == name; });
    return found == nodes_.end() ? nullptr : &*found;
  }

  void update() {
    for (Node& node : nodes_)
      node.logger->threshold_.store(effective(node), std::memory_order_relaxed);
  }

  Level effective(const Node& start) {
    std::string_view name = start.logger->name();
    for (;;) {
      const Node* node = find(name);
      if (node && node->own) return *node->own;
      if (name.empty()) return Level::kWarning;
      const auto dot = name.rfind('.');
      name = dot == name.npos ? std::string_view() : name.substr(0, dot);
    }
  }

  std::mutex mutex_;
  std::deque<std::string> names_;  // the loggers of get() point into it: addresses must not move
  std::vector<std::unique_ptr<Logger>> owned_;  // created by get()
  std::vector<Node> nodes_;
};

constinit Logger access_log = LoggerTree::make("tornado.access");
constinit Logger app_log = LoggerTree::make("tornado.application");
constinit Logger gen_log = LoggerTree::make("tornado.general");

LoggerTree::LoggerTree() : nodes_{{&access_log, {}}, {&app_log, {}}, {&gen_log, {}}} {
  owned_.emplace_back(new Logger(""));
  nodes_.push_back({owned_.back().get(), {}});
}

Logger& get_logger(std::string_view name) {
  return LoggerTree::instance().get(name);
}

void Logger::set_level(Level level) {
  LoggerTree::instance().set(*this, level);
}
void Logger::unset_level() {
  LoggerTree::instance().set(*this, std::nullopt);
}
std::optional<Level> own_level(const Logger& logger) {
  return LoggerTree::instance().own(logger);
}

namespace {

constexpr std::size_t kHeldBytes = 64 * 1024;

// The hooks of all living captures. Recursive, because a hook may log.
class Captures {
 public:
  struct Hook {
    void* self;
    bool (*call)(void* self, const Record&);
  };

  static Captures& instance() {
    static auto* const captures = new Captures;
    return *captures;
  }

  void add(Hook hook) {
    const std::lock_guard lock(mutex_);
    hooks_.push_back(hook);
    any_.store(true, std::memory_order_relaxed);
  }

  void remove(const void* self) {
    const std::lock_guard lock(mutex_);
    std::erase_if(hooks_, [self](const Hook& hook) { return hook.self == self; });
    any_.store(!hooks_.empty(), std::memory_order_relaxed);
  }

  bool swallows(const Record& record) {
    if (!any_.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(mutex_);
    if (inside_hook_) return false;
    inside_hook_ = true;
    bool swallowed = false;
    // By index and by copy, because a hook may create or end another Capture.
    for (std::size_t i = hooks_.size(); i-- > 0 && !swallowed;) {
      if (i < hooks_.size()) swallowed = calls(Hook(hooks_[i]), record);
    }
    inside_hook_ = false;
    return swallowed;
  }

 private:
  static bool calls(const Hook& hook, const Record& record) {
    try {
      return hook.call(hook.self, record);
    } catch (...) {
      return false;  // a logging call must not throw into its caller
    }
  }

  std::recursive_mutex mutex_;
  std::atomic<bool> any_{false};
  bool inside_hook_ = false;  // guarded by the mutex, so if true, this thread is in the hook
  std::vector<Hook> hooks_;
};

// A destination, how it formats a line, and the access lines not yet written to it.
struct Channel {
  Channel(Sink where, bool colour, bool as_json)
      : sink(std::move(where)), formatter(colour), json(as_json) {}

  void hold(const Record& record, const std::timespec& now) {
    if (json) {
      append_json(held, record, now);
    } else {
      formatter.append(held, record, now.tv_sec);
    }
  }

  Sink sink;
  LineFormatter formatter;
  bool json;
  std::string held;
};

// Where records go. One lock for all channels, so that lines of several threads never mix. Never
// destroyed.
class Output {
 public:
  static Output& instance() {
    static auto* const output = new Output;
    return *output;
  }

  void write(const Record& record, bool may_wait) {
    const std::lock_guard lock(mutex_);
    if (channels_.empty()) return write_bare(record);
    // Reading the coarse clock needs no system call, and is a few milliseconds late at most.
    std::timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    for (Channel& channel : channels_) {
      channel.hold(record, now);
      if (!may_wait || channel.held.size() >= kHeldBytes) release(channel);
    }
    holds_.store(may_wait, std::memory_order_relaxed);
  }

  void flush() {
    if (!holds_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(mutex_);
    release_all();
  }

  void set_channels(std::vector<Channel> channels) {
    const std::lock_guard lock(mutex_);
    release_all();
    channels_ = std::move(channels);
  }

 private:
  Output() : last_resort_(make_stderr_sink()) {
    std::atexit([] { instance().flush(); });
    // Otherwise a child would write its parent's held lines a second time, or find the lock held
    // for ever.
    pthread_atfork([] { instance().before_fork(); }, [] { instance().mutex_.unlock(); },
                   [] { instance().mutex_.unlock(); });
  }

  void before_fork() {
    mutex_.lock();
    release_all();
  }

  // Python's "last resort": a program that never set up logging still shows its warnings.
  void write_bare(const Record& record) {
    if (record.level < Level::kWarning) return;
    std::string line(record.message);
    line.push_back('\n');
    write_lines(*last_resort_, line);
  }

  void release_all() {
    for (Channel& channel : channels_) release(channel);
    holds_.store(false, std::memory_order_relaxed);
  }

  // A line that cannot be written (full disk, closed stderr) is lost, because the server goes on.
  static void release(Channel& channel) {
    if (channel.held.empty()) return;
    write_lines(*channel.sink, channel.held);
    channel.held.clear();
  }

  std::mutex mutex_;
  std::atomic<bool> holds_{false};
  std::vector<Channel> channels_;
  Sink last_resort_;
};

bool is_json(const LogOptions& options) {
  if (options.log_format == "json") return true;
  if (options.log_format == "text") return false;
  throw std::invalid_argument("log_format should be text or json, not \"" + options.log_format +
                              "\"");
}

bool stderr_has_colours() {
  const char* const terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) && terminal && *terminal && std::string_view(terminal) != "dumb";
}

std::optional<Level> level_of(std::string_view name) {
  const auto same = [name](std::string_view other) { return equals_ignoring_case(name, other); };
  if (same("none")) return std::nullopt;
  const auto found = std::find_if(std::begin(kLevelNames), std::end(kLevelNames), same);
  if (found == std::end(kLevelNames)) {
    throw std::invalid_argument(
        "logging should be debug, info, warning, error, critical or none, not \"" +
        std::string(name) + "\"");
  }
  return static_cast<Level>(found - std::begin(kLevelNames));
}

}  // namespace

void detail::add_hook(void* self, bool (*call)(void* self, const Record&)) {
  Captures::instance().add({self, call});
}
void detail::remove_hook(void* self) {
  Captures::instance().remove(self);
}

void Logger::emit(Level level, std::string_view message, std::span<const Field> fields,
                  const Where& where) const noexcept {
  const Record record{name_, level, message, where.file_name(), where.line(), fields};
  try {
    if (Captures::instance().swallows(record)) return;
    Output::instance().write(record, this == &access_log && level <= Level::kInfo);
  } catch (const std::exception&) {
    // Out of memory, or a broken lock: nobody is left to report it to.
  }
}

void flush() noexcept {
  Output::instance().flush();
}

void enable_pretty_logging(const LogOptions& options) {
  const std::optional<Level> level = level_of(options.logging);
  if (!level) return;
  const bool json = is_json(options);
  std::vector<Channel> channels;
  if (!options.log_file_prefix.empty()) {
    channels.emplace_back(make_file_sink(options, [] { return std::time(nullptr); }), false, json);
  }
  if (options.log_to_stderr.value_or(channels.empty())) {
    channels.emplace_back(make_stderr_sink(), stderr_has_colours(), json);
  }
  Output::instance().set_channels(std::move(channels));
  get_logger().set_level(*level);
}

}  // namespace tornado::log
