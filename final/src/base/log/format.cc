#include "base/log/format.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace tornado::log {
namespace {

constexpr char kLetters[] = {'D', 'I', 'W', 'E', 'C'};
// debug blue, info green, warning yellow, error red, critical magenta: the terminal's standard
// foregrounds.
constexpr std::string_view kColours[] = {"\033[34m", "\033[32m", "\033[33m", "\033[31m",
                                         "\033[35m"};
constexpr std::string_view kEndColour = "\033[0m";

// "2026-11-20T22:55:07.123Z"
std::string utc_time(const std::timespec& now) {
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &utc);
  const std::string milliseconds = std::to_string(1000 + now.tv_nsec / 1'000'000);
  return std::string(text, size).append(milliseconds, 1).append("Z");
}

// A whole number without a fraction: 200, not 200.0.
nlohmann::ordered_json value_of(const Field& field) {
  if (!field.number) return field.text;
  constexpr double kExact = 9'007'199'254'740'992;  // 2^53
  const double number = *field.number;
  if (std::trunc(number) == number && std::abs(number) < kExact) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

}  // namespace

std::string_view module_of(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0: without a folder, nothing is removed
  return path.substr(0, path.rfind('.'));
}

void append_indented(std::string& out, std::string_view text) {
  for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    out.append(text.substr(0, end + 1)).append("    ");
    text.remove_prefix(end + 1);
  }
  out.append(text);
}

void append_json(std::string& out, const Record& record, const std::timespec& now) {
  using Json = nlohmann::ordered_json;
  Json line = {
      {"time", utc_time(now)},   {"level", kLevelNames[static_cast<std::size_t>(record.level)]},
      {"logger", record.logger}, {"file", module_of(record.file)},
      {"line", record.line},     {"message", record.message}};
  for (const Field& field : record.fields) line[std::string(field.name)] = value_of(field);
  out += line.dump(-1, ' ', false, Json::error_handler_t::replace);
  out.push_back('\n');
}

void LineFormatter::update_time(std::time_t now) {
  std::tm local{};
  localtime_r(&now, &local);
  std::strftime(cached_time_, sizeof cached_time_, "%y%m%d %H:%M:%S", &local);
  cached_second_ = now;
}

void LineFormatter::append(std::string& out, const Record& record, std::time_t now) {
  if (now != cached_second_) update_time(now);
  const auto level = static_cast<std::size_t>(record.level);
  if (colour_) out.append(kColours[level]);
  out.push_back('[');
  out.push_back(kLetters[level]);
  out.push_back(' ');
  out.append(cached_time_);
  out.push_back(' ');
  out.append(module_of(record.file));
  out.push_back(':');
  out.append(fmt::format_int(record.line).c_str());
  out.push_back(']');
  if (colour_) out.append(kEndColour);
  out.push_back(' ');
  append_indented(out, record.message);
  out.push_back('\n');
}

}  // namespace tornado::log
