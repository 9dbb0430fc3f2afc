#include <tornado/web.h>

#include <stdexcept>

namespace tornado::web {
namespace {

void add_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\n");
}

void add_plain_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw std::invalid_argument("a line break or NUL in an event's " + std::string(name));
  }
  add_field(out, name, value);
}

}  // namespace

std::string server_sent_event(std::string_view data, std::string_view event, std::string_view id) {
  std::string out;
  add_plain_field(out, "id", id);
  add_plain_field(out, "event", event);
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    add_field(out, "data", data.substr(0, end));
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  out += '\n';
  return out;
}

}  // namespace tornado::web
