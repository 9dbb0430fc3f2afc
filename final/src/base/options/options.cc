#include <errno.h>
#include <fmt/format.h>
#include <tornado/log.h>
#include <tornado/options.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>

#include "base/options/config_file.h"
#include "base/options/trace.h"
#include "base/options/value.h"

namespace tornado::options {

struct OptionParser::Option {
  std::string name;   // as it was defined
  std::string file;   // the file that defined it; empty for "help"
  std::string group;  // heading in the help
  std::string help;
  std::string metavar;
  Value prototype;  // T{}: carries the type, and is the value of an option without one
  std::optional<Value> default_value;
  std::optional<Value> given;
  std::function<void(const Value&)> callback;

  bool has_value() const { return given || default_value; }
  const Value& value() const { return given ? *given : default_value ? *default_value : prototype; }

  // Called last and with copies, because the callback may define options, which moves this one.
  // NOLINTNEXTLINE(performance-unnecessary-value-param)
  void assign(Value value) {
    given = value;
    if (const auto call = callback) call(value);
  }

  template <typename Parse>
  void assign_parsed(Parse parse) {
    std::optional<Value> parsed;
    try {
      parsed = parse();
    } catch (const Error& e) {
      throw Error(fmt::format("option \"{}\": {}", name, e.what()));
    }
    assign(*std::move(parsed));
  }

  void require_type(const Value& wanted) const {
    if (wanted.index() != prototype.index()) {
      throw Error(fmt::format("option \"{}\" has type {}, not {}", name, type_name(prototype),
                              type_name(wanted)));
    }
  }
};

namespace {

constexpr std::size_t kPrefixWidth = 30;
constexpr std::size_t kHelpWidth = 44;  // 79 columns minus the part before the help text

std::string normalize(std::string_view name) {
  std::string normal(name);
  std::replace(normal.begin(), normal.end(), '_', '-');
  return normal;
}

// Breaks `text` into lines of at most `width`. A longer word gets a line of its own.
std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > width) {
      lines.push_back(word);
    } else {
      lines.back() += " " + word;
    }
  }
  return lines;
}

[[noreturn]] void exit_with(const Error& error) {
  log::flush();
  std::fprintf(stderr, "error: %s\n", error.what());
  std::exit(1);
}

}  // namespace

OptionParser::OptionParser() {
  Option help{"help", "", "", "show this help information", "", false, {}, {}, {}};
  help.callback = [this](const Value& value) {
    if (!std::get<bool>(value)) return;
    print_help();
    std::exit(0);
  };
  add(std::move(help));
}

OptionParser::~OptionParser() = default;

void OptionParser::add(Option&& option) {
  if (const Option* earlier = find(option.name)) {
    throw Error(fmt::format("option \"{}\" already defined in {}", normalize(option.name),
                            earlier->file.empty() ? "tornado" : earlier->file));
  }
  options_.push_back(std::move(option));
}

const OptionParser::Option* OptionParser::find(std::string_view name) const noexcept {
  const auto same = [](char a, char b) {
    return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_'));
  };
  const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& option) {
    return std::equal(option.name.begin(), option.name.end(), name.begin(), name.end(), same);
  });
  return found == options_.end() ? nullptr : &*found;
}

const OptionParser::Option& OptionParser::at(std::string_view name) const {
  if (const Option* option = find(name)) return *option;
  throw Error(fmt::format("unrecognized option \"{}\"", name));
}

OptionParser::Option& OptionParser::at(std::string_view name) {
  return const_cast<Option&>(std::as_const(*this).at(name));
}

template <OptionType T>
void OptionParser::define_empty(std::string_view name, std::string_view help,
                                const Extras<T>& extras, const Where& where) {
  Option option;
  option.name = name;
  option.file = where.file_name();
  option.group = extras.group.empty() ? option.file : extras.group;
  option.help = help;
  option.metavar = extras.metavar;
  option.prototype = T{};
  if (extras.callback) {
    option.callback = [call = extras.callback](const Value& value) { call(std::get<T>(value)); };
  }
  add(std::move(option));
}

template <OptionType T>
void OptionParser::define(std::string_view name, T default_value, std::string_view help,
                          const std::type_identity_t<Extras<T>>& extras, const Where& where) {
  define<T>(name, nullptr, help, extras, where);
  at(name).default_value = std::move(default_value);
}

template <OptionType T>
T OptionParser::get(std::string_view name) const {
  const Option& option = at(name);
  option.require_type(T{});
  return std::get<T>(option.value());
}

template <OptionType T>
void OptionParser::set(std::string_view name, T value) {
  Option& option = at(name);
  option.require_type(value);
  option.assign(std::move(value));
}

void OptionParser::unset(std::string_view name) {
  at(name).given.reset();
}

bool OptionParser::has_value(std::string_view name) const {
  return at(name).has_value();
}
bool OptionParser::contains(std::string_view name) const noexcept {
  return find(name) != nullptr;
}

std::vector<std::string> OptionParser::groups() const {
  std::vector<std::string> names;
  for (const Option& option : options_) {
    if (std::find(names.begin(), names.end(), option.group) == names.end())
      names.push_back(option.group);
  }
  return names;
}

std::vector<std::pair<std::string, std::string>> OptionParser::as_dict() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Option& option : options_) all.emplace_back(option.name, to_text(option.value()));
  return all;
}

std::vector<std::pair<std::string, std::string>> OptionParser::group_dict(
    std::string_view group) const {
  std::vector<std::pair<std::string, std::string>> some;
  for (const Option& option : options_) {
    if (option.group == group) some.emplace_back(option.name, to_text(option.value()));
  }
  return some;
}

std::vector<std::string> OptionParser::parse_command_line(const std::vector<std::string>& args,
                                                          bool final) {
  std::vector<std::string> rest;
  for (auto arg = args.begin() + (args.empty() ? 0 : 1); arg != args.end(); ++arg) {
    if (!arg->starts_with('-') || *arg == "--") {
      rest.assign(arg + (*arg == "--" ? 1 : 0), args.end());
      break;
    }
    const std::string_view text =
        std::string_view(*arg).substr(std::min(arg->find_first_not_of('-'), arg->size()));
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (!contains(name)) {
      print_help();
      throw Error(fmt::format("unrecognized command line option \"{}\"", name));
    }
    Option& option = at(name);
    if (equals == text.npos && !is_bool(option.prototype)) {
      throw Error(fmt::format("option \"{}\" requires a value", name));
    }
    const std::string_view value = equals == text.npos ? "true" : text.substr(equals + 1);
    option.assign_parsed([&] { return parse_value(option.prototype, value); });
  }
  if (final) run_parse_callbacks();
  return rest;
}

std::vector<std::string> OptionParser::parse_command_line(int argc, const char* const* argv,
                                                          bool final) {
  return parse_command_line(std::vector<std::string>(argv, argv + argc), final);
}

void OptionParser::parse_config_file(const std::string& path, bool final) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);  // reading it would throw
  std::ifstream file(is_folder ? "" : path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(fmt::format("cannot read configuration file \"{}\"", path));
  const std::string absolute = std::filesystem::absolute(path).string();
  for (const Setting& setting : parse_config(text, absolute)) {
    if (!contains(setting.name)) continue;
    Option& option = at(setting.name);
    if (std::holds_alternative<std::monostate>(setting.literal.value)) {
      option.default_value.reset();
      option.given.reset();
      continue;
    }
    option.assign_parsed([&] {
      try {
        return value_from(option.prototype, setting.literal);
      } catch (const Error& e) {
        throw Error(fmt::format("{} ({}:{})", e.what(), absolute, setting.line));
      }
    });
  }
  if (final) run_parse_callbacks();
}

std::string OptionParser::help() const {
  std::map<std::string, std::vector<const Option*>> by_group;
  for (const Option& option : options_) by_group[option.group].push_back(&option);

  std::string text = fmt::format("Usage: {} [OPTIONS]\n\nOptions:\n\n", program_invocation_name);
  for (auto& [group, members] : by_group) {
    if (!group.empty()) {
      text += fmt::format("\n{} options:\n\n",
                          std::filesystem::path(group).lexically_normal().string());
    }
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
    for (const Option* option : members) {
      std::string prefix = normalize(option->name);
      if (!option->metavar.empty()) prefix += "=" + option->metavar;
      std::string description = option->help;
      const std::string shown = option->default_value ? to_text(*option->default_value) : "";
      if (!shown.empty()) description += fmt::format(" (default {})", shown);
      std::vector<std::string> lines = wrap(description, kHelpWidth);
      if (prefix.size() > kPrefixWidth || lines.empty()) lines.insert(lines.begin(), "");
      text += fmt::format("  --{:<30} {}\n", prefix, lines[0]);
      for (std::size_t i = 1; i < lines.size(); ++i)
        text += fmt::format("{:<34} {}\n", "", lines[i]);
    }
  }
  return text + "\n";
}

void OptionParser::print_help() const {
  std::fputs(help().c_str(), stderr);
}

void OptionParser::add_parse_callback(core::Function<void()> callback) {
  parse_callbacks_.push_back(std::move(callback));
}

void OptionParser::run_parse_callbacks() const {
  // By index and by copy, because a callback may add another.
  for (std::size_t i = 0; i < parse_callbacks_.size(); ++i) {
    const auto callback = parse_callbacks_[i];
    callback();
  }
}

OptionParser& options() {
  static OptionParser* const parser = [] {
    auto* made = new OptionParser;  // never destroyed: static destructors may use it
    log::define_logging_options(*made);
    define_trace_option(*made);
    return made;
  }();
  return *parser;
}

std::vector<std::string> parse_command_line(int argc, const char* const* argv, bool final) {
  try {
    return options().parse_command_line(argc, argv, final);
  } catch (const Error& error) {
    exit_with(error);
  }
}

void parse_config_file(const std::string& path, bool final) {
  try {
    options().parse_config_file(path, final);
  } catch (const Error& error) {
    exit_with(error);
  }
}

void print_help() {
  options().print_help();
}
void add_parse_callback(core::Function<void()> callback) {
  options().add_parse_callback(std::move(callback));
}

#define TORNADO_OPTION_TYPE(...)                                                                   \
  template void OptionParser::define_empty<__VA_ARGS__>(std::string_view, std::string_view,        \
                                                        const Extras<__VA_ARGS__>&, const Where&); \
  template void OptionParser::define<__VA_ARGS__>(std::string_view, __VA_ARGS__, std::string_view, \
                                                  const Extras<__VA_ARGS__>&, const Where&);       \
  template __VA_ARGS__ OptionParser::get<__VA_ARGS__>(std::string_view) const;                     \
  template void OptionParser::set<__VA_ARGS__>(std::string_view, __VA_ARGS__);
#define TORNADO_OPTION_TYPES(T) TORNADO_OPTION_TYPE(T) TORNADO_OPTION_TYPE(std::vector<T>)

TORNADO_OPTION_TYPES(bool)
TORNADO_OPTION_TYPES(int)
TORNADO_OPTION_TYPES(std::int64_t)
TORNADO_OPTION_TYPES(double)
TORNADO_OPTION_TYPES(std::string)
TORNADO_OPTION_TYPES(DateTime)
TORNADO_OPTION_TYPES(TimeDelta)

}  // namespace tornado::options
