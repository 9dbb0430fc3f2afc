#include "web/app/access_log.h"

#include <tornado/log.h>
#include <tornado/web.h>

#include <charconv>

namespace tornado::web {
namespace {

// Writes bytes above ASCII as "\x9b": a terminal treats 0x80 to 0x9f as control characters.
void append_escaped(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      line += c;
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      line.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

}  // namespace

void Application::log_request(const RequestHandler& handler) {
  const bool with_id = handler.settings().request_ids;
  detail::log_access(handler.get_status(), handler.request,
                     with_id ? handler.request.request_id() : std::string_view());
}

void detail::log_access(int status, const httputil::HTTPServerRequest& request,
                        std::string_view id) {
  const log::Level level = status < 400   ? log::Level::kInfo
                           : status < 500 ? log::Level::kWarning
                                          : log::Level::kError;
  if (!log::access_log.enabled(level)) return;
  char numbers[48];
  const auto status_end = std::to_chars(numbers, numbers + sizeof numbers, status).ptr;
  std::string line;
  line.reserve(request.uri.size() + 64);
  line.append(numbers, status_end).append(" ").append(request.method).append(" ");
  append_escaped(line, request.uri);
  line.append(" (").append(request.remote_ip).append(") ");
  const double ms = request.request_time() * 1e3;
  const auto end =
      std::to_chars(numbers, numbers + sizeof numbers, ms, std::chars_format::fixed, 2).ptr;
  line.append(numbers, end).append("ms");
  if (!id.empty()) line.append(" ").append(id);
  const log::Field fields[] = {{"status", {}, status},   {"method", request.method},
                               {"uri", request.uri},     {"remote_ip", request.remote_ip},
                               {"milliseconds", {}, ms}, {"request_id", id}};
  log::access_log.log(level, line, std::span(fields).first(id.empty() ? 5 : 6));
}

}  // namespace tornado::web
