// Public header: options of a program, from its command line and from files. Mirrors
// tornado.options.
//
//   options::define<int>("port", 8888, "port to listen on");
//   options::parse_command_line(argc, argv);          // --port=80 --logging=debug --help
//   app.listen(options::get<int>("port"));
//
// An option has one of these types; define, get and set must use the same one:
//   bool, int, std::int64_t, double, std::string, DateTime, TimeDelta, or a std::vector of one of
//   them (what multiple=True is in Tornado: "--ports=8001,8002").
// In names, "-" and "_" are equivalent. Use all of this on one thread, usually in main before the
// loop starts.
#pragma once

#include <tornado/core/function.h>

#include <cstdint>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tornado::options {

// An error in an option: unknown name, second definition, wrong type, bad value, bad file. what()
// is one line for the user.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Local date and time without a time zone, like Python's naive datetime. Accepted forms:
// "2026-11-20 22:55:07", "2026-11-20 22:55", "2026-11-20T22:55", "20261120 22:55:07", "20261120
// 22:55", "2026-11-20", "20261120", "22:55:07", "22:55" (both on 1900-01-01), and "Fri Nov 20
// 22:55:07 2026".
struct DateTime {
  // The date and the time of day. January is month 1.
  int year = 1900;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  friend bool operator==(const DateTime&, const DateTime&) = default;
};

// A span of time, written as numbers with units, separated by spaces: "1h 30m", "1.5 hours", "90"
// (seconds). Units: us ms s sec m min h d w, and the full words from microseconds to weeks.
struct TimeDelta {
  std::int64_t microseconds = 0;  // the whole span
  // Returns the whole span in seconds. Python: timedelta.total_seconds.
  double total_seconds() const { return static_cast<double>(microseconds) / 1e6; }
  friend bool operator==(const TimeDelta&, const TimeDelta&) = default;
};

// True if T is one of `Types`.
template <typename T, typename... Types>
inline constexpr bool kIsOneOf = (std::is_same_v<T, Types> || ...);

// True for the types of options with a single value.
template <typename T>
inline constexpr bool kIsScalarOption =
    kIsOneOf<T, bool, int, std::int64_t, double, std::string, DateTime, TimeDelta>;

// True for a std::vector of one of these types.
template <typename T>
inline constexpr bool kIsMultipleOption = false;
template <typename T>
inline constexpr bool kIsMultipleOption<std::vector<T>> = kIsScalarOption<T>;

template <typename T>
concept OptionType = kIsScalarOption<T> || kIsMultipleOption<T>;

// Rarely used arguments of define.
template <OptionType T>
struct Extras {
  std::string metavar = {};  // shown after "=" in --help, such as "PATH"
  std::string group = {};    // heading in --help; if empty, the file that defines the option
  // Called with the new value whenever the option is set, in any way.
  core::Function<void(const T&)> callback = {};
};

// The most items that one range of an integer option, such as "8000:8010", may contain.
inline constexpr std::int64_t kMaxRange = 1'000'000;

// A set of options. Programs use one through the free functions below; create another for a second
// command line. Every parser has the option "help".
class OptionParser {
 public:
  using Where = std::source_location;

  OptionParser();
  ~OptionParser();
  OptionParser(const OptionParser&) = delete;
  OptionParser& operator=(const OptionParser&) = delete;

  // Adds an option. Throws Error if the name exists. Do not pass `where`: it is the caller's file.
  template <OptionType T>
  void define(std::string_view name, T default_value, std::string_view help = {},
              const std::type_identity_t<Extras<T>>& extras = {},
              const Where& where = Where::current());
  void define(std::string_view name, const char* default_value, std::string_view help = {},
              const Extras<std::string>& extras = {}, const Where& where = Where::current()) {
    define<std::string>(name, default_value, help, extras, where);
  }
  // Adds an option without a default: until it is set, has_value returns false and get returns T{}.
  // Pass nullptr as the default, because 0 would be a value. Tornado: default=None.
  template <OptionType T, class None>
    requires std::is_same_v<None, std::nullptr_t>
  void define(std::string_view name, None /*no_default*/, std::string_view help = {},
              const std::type_identity_t<Extras<T>>& extras = {},
              const Where& where = Where::current()) {
    define_empty<T>(name, help, extras, where);
  }

  // Returns the value that was set last, or else the default. Throws Error for an unknown name or
  // the wrong type. Tornado: options.name.
  template <OptionType T>
  T get(std::string_view name) const;
  // Sets the value and calls the option's callback. Throws Error like get.
  template <OptionType T>
  void set(std::string_view name, T value);
  void set(std::string_view name, const char* value) { set<std::string>(name, value); }
  // Takes the value back that was set: get returns the default again. Calls no callback. Throws
  // Error for an unknown name.
  void unset(std::string_view name);
  // Returns true if the option was set or has a default. Throws Error for an unknown name.
  bool has_value(std::string_view name) const;
  // Returns whether there is an option of that name.
  bool contains(std::string_view name) const noexcept;

  // Returns the groups, in the order of their first option.
  std::vector<std::string> groups() const;
  // Return names as defined, and values as the command line would accept them, in the order of
  // definition: of all options, and of one group.
  std::vector<std::pair<std::string, std::string>> as_dict() const;
  std::vector<std::pair<std::string, std::string>> group_dict(std::string_view group) const;

  // Parses "--name=value" and "--name" (true, for a bool), with one or more dashes, from args[1]
  // on. Stops at "--" or at the first argument without a dash and returns the remaining arguments.
  // Integer vectors accept ranges: "--ports=1:3,7" is 1 2 3 7. With `final`, runs the parse
  // callbacks at the end. "--help" prints help to stderr and ends the program with status 0. Throws
  // Error, for an unknown option after printing help; options before the bad one stay set.
  std::vector<std::string> parse_command_line(const std::vector<std::string>& args,
                                              bool final = true);
  std::vector<std::string> parse_command_line(int argc, const char* const* argv, bool final = true);

  // Parses a file of lines "name = value". A value is a Python literal: 'text', 8888, 2.5, True,
  // None (no value), ['a', 'b'], __file__ (the file's own path). Lists may span lines; "#" begins a
  // comment. If the option is not a string, a text value is parsed as on the command line. Names
  // that are not options are skipped. The file is data, not Python code: anything else is an error,
  // and then nothing is set; but after a value of the wrong type, the values before it stay set.
  // Throws Error with path and line, also if the file cannot be read.
  void parse_config_file(const std::string& path, bool final = true);

  // Returns the text of --help: all options by group, in Tornado's layout.
  std::string help() const;
  void print_help() const;  // to stderr

  // Adds a function to run when parsing is done.
  void add_parse_callback(core::Function<void()> callback);
  // Runs these functions, in the order they were added. Their exceptions reach the caller.
  void run_parse_callbacks() const;

 private:
  struct Option;

  template <OptionType T>
  void define_empty(std::string_view name, std::string_view help, const Extras<T>& extras,
                    const Where& where);
  void add(Option&& option);
  const Option* find(std::string_view name) const noexcept;
  const Option& at(std::string_view name) const;
  Option& at(std::string_view name);

  std::vector<Option> options_;
  std::vector<core::Function<void()>> parse_callbacks_;
};

// Gives an option another value during this object's lifetime, for tests. Tornado:
// mock.patch.object(options.mockable(), ...).
template <OptionType T>
class Mock {
 public:
  Mock(OptionParser& parser, std::string_view name, T value) : parser_(parser), name_(name) {
    if (parser_.has_value(name_)) original_ = parser_.get<T>(name_);
    parser_.set<T>(name_, std::move(value));
  }
  ~Mock() {
    if (original_) {
      parser_.set<T>(name_, std::move(*original_));
    } else {
      parser_.unset(name_);
    }
  }
  Mock(const Mock&) = delete;
  Mock& operator=(const Mock&) = delete;

 private:
  OptionParser& parser_;
  std::string name_;
  std::optional<T> original_;  // null: it had no value
};

// Returns the program's options. They include Tornado's logging options (see log::LogOptions);
// parsing sets up logging accordingly. They also include `trace`, the file in which to write what
// each event loop does (see tornado/loop_probe.h). Tornado: tornado.options.options.
OptionParser& options();

// Adds an option to options(), as OptionParser::define() does.
template <OptionType T>
void define(std::string_view name, T default_value, std::string_view help = {},
            const std::type_identity_t<Extras<T>>& extras = {},
            const std::source_location& where = std::source_location::current()) {
  options().define<T>(name, std::move(default_value), help, extras, where);
}
inline void define(std::string_view name, const char* default_value, std::string_view help = {},
                   const Extras<std::string>& extras = {},
                   const std::source_location& where = std::source_location::current()) {
  options().define<std::string>(name, default_value, help, extras, where);
}
template <OptionType T, class None>
  requires std::is_same_v<None, std::nullptr_t>
void define(std::string_view name, None no_default, std::string_view help = {},
            const std::type_identity_t<Extras<T>>& extras = {},
            const std::source_location& where = std::source_location::current()) {
  options().define<T>(name, no_default, help, extras, where);
}

// Returns or sets the value of one of options(), as OptionParser::get() and set() do.
template <OptionType T>
T get(std::string_view name) {
  return options().get<T>(name);
}
template <OptionType T>
void set(std::string_view name, T value) {
  options().set<T>(name, std::move(value));
}
inline void set(std::string_view name, const char* value) {
  options().set(name, value);
}

// Parse into options(), but end the program on an error: they print "error: ..." to stderr and exit
// with status 1, because main cannot usefully continue. To handle Error yourself, use the members
// of options().
std::vector<std::string> parse_command_line(int argc, const char* const* argv, bool final = true);
void parse_config_file(const std::string& path, bool final = true);

// Call the members of options().
void print_help();
void add_parse_callback(core::Function<void()> callback);

}  // namespace tornado::options
