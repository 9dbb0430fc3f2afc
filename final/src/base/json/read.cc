// JSON for the program's own types: the parts that do not depend on the type.
#include <tornado/json.h>

namespace tornado {
namespace core {

namespace {

// The sender of an object chooses its names, and each error repeats those of all objects around it.
constexpr std::size_t kLongestPath = 256;

std::string shortened(const std::string& path) {
  if (path.size() <= kLongestPath) return path;
  std::size_t end = kLongestPath;
  while (end > 0 && (static_cast<unsigned char>(path[end]) & 0xC0) == 0x80) --end;  // inside UTF-8
  return path.substr(0, end) + "...";
}

}  // namespace

void JsonReader::wrong(std::string message) {
  if (errors_.size() >= escape::kMaxJsonErrors) return;
  errors_.push_back({shortened(path_), std::move(message)});
}

void JsonReader::expected(std::string_view what) {
  wrong("expected " + std::string(what));
}

void JsonReader::expected_integer(const std::string& low, const std::string& high) {
  expected("an integer from " + low + " to " + high);
}

const json* JsonReader::find(const json& object, std::string_view name) {
  const auto found = object.find(std::string(name));
  return found == object.end() ? nullptr : &*found;
}

std::size_t JsonReader::enter(std::string_view name) {
  const std::size_t before = path_.size();
  path_ += '/';
  for (const char c : name) {  // RFC 6901 section 3
    if (c == '~') {
      path_ += "~0";
    } else if (c == '/') {
      path_ += "~1";
    } else {
      path_ += c;
    }
  }
  return before;
}

void JsonReader::wrong_for_library(std::string_view message) {
  const std::size_t end = message.find("] ");
  if (end != std::string_view::npos) message.remove_prefix(end + 2);
  wrong(std::string(message));
}

bool parse_json(std::string_view text, json& value, JsonErrors& errors) {
  try {
    value = escape::json_decode(text);
    return true;
  } catch (const escape::JSONDecodeError& error) {
    // The parser's own message quotes the text, which may be long, and not UTF-8.
    errors.malformed = "error after " + std::to_string(error.position()) + " bytes";
    return false;
  }
}

}  // namespace core

std::string escape::describe_fields(const std::vector<core::JsonFieldError>& errors) {
  std::string text;
  for (const auto& [path, message] : errors) {
    if (!text.empty()) text += "; ";
    if (!path.empty()) text += path + ": ";
    text += message;
  }
  return text;
}

}  // namespace tornado
