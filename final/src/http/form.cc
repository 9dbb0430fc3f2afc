#include "http/form.h"

#include <algorithm>

#include "http/chars.h"
#include "tornado/escape.h"

namespace tornado::http {
namespace {

// RFC 2046 5.1.1. It also bounds what comparing with the boundary costs at each byte of a hostile
// body.
constexpr std::size_t kMaxBoundary = 70;

constexpr std::string_view kUrlencoded = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data";

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// One piece between two boundaries: header lines, an empty line, the data, CRLF.
const char* parse_part(std::string_view part, const httputil::ParseMultipartConfig& config,
                       httputil::Arguments& arguments, httputil::Files& files) {
  const std::size_t head_size = part.find("\r\n\r\n");
  if (head_size == std::string_view::npos) return "multipart/form-data missing headers";
  if (head_size > config.max_part_header_size) {
    return "multipart/form-data part header too large";
  }
  httputil::HTTPHeaders headers;
  if (const char* reason = headers.parse_lines(part.substr(0, head_size))) return reason;
  const std::string disposition_line = headers.get("Content-Disposition");
  const HeaderValue disposition = parse_header_value(disposition_line);
  std::string_view data = part.substr(head_size + 4);
  if (!equals_ignoring_case(disposition.key, "form-data") || !data.ends_with("\r\n")) {
    return "invalid multipart/form-data";
  }
  data.remove_suffix(2);
  const std::string* name = disposition.find("name");
  if (name == nullptr || name->empty()) return "multipart/form-data missing name";
  const std::string* filename = disposition.find("filename");
  if (filename == nullptr || filename->empty()) {
    arguments[*name].emplace_back(data);
  } else {
    files[*name].push_back(
        {*filename, std::string(data), headers.get("Content-Type", "application/unknown")});
  }
  return nullptr;
}

// The boundary parameter of a multipart content type. Its characters never need quotes that hide a
// ";".
std::string_view find_boundary(std::string_view content_type) {
  while (!content_type.empty()) {
    const std::size_t semicolon = std::min(content_type.find(';'), content_type.size());
    const std::string_view field = trim_blanks(content_type.substr(0, semicolon));
    constexpr std::string_view kName = "boundary=";
    if (starts_with_ignoring_case(field, kName) && field.size() > kName.size()) {
      return field.substr(kName.size());
    }
    content_type.remove_prefix(std::min(semicolon + 1, content_type.size()));
  }
  return {};
}

}  // namespace

bool is_form(std::string_view content_type) {
  return starts_with_ignoring_case(content_type, kUrlencoded) ||
         starts_with_ignoring_case(content_type, kMultipart);
}

void parse_urlencoded(std::string_view text, httputil::Arguments& arguments) {
  for (auto& [name, value] : escape::parse_qs_bytes(text)) {
    arguments[std::move(name)].push_back(std::move(value));
  }
}

const char* parse_multipart(std::string_view boundary, std::string_view data,
                            const httputil::ParseMultipartConfig& config,
                            httputil::Arguments& arguments, httputil::Files& files) {
  if (!config.enabled) return "multipart/form-data parsing is disabled";
  if (boundary.size() >= 2 && boundary.front() == '"' && boundary.back() == '"') {
    boundary = boundary.substr(1, boundary.size() - 2);
  }
  if (boundary.empty() || boundary.size() > kMaxBoundary) return "invalid multipart boundary";
  std::string delimiter = "--";
  delimiter += boundary;
  const std::size_t end = data.rfind(delimiter + "--");
  if (end == std::string_view::npos) return "invalid multipart/form-data: no final boundary found";
  data = data.substr(0, end);
  delimiter += "\r\n";
  std::size_t pieces = 0;
  while (true) {
    const std::size_t piece_size = data.find(delimiter);
    const std::string_view piece = data.substr(0, piece_size);
    if (++pieces > config.max_parts) return "multipart/form-data has too many parts";
    if (!piece.empty()) {
      if (const char* reason = parse_part(piece, config, arguments, files)) return reason;
    }
    if (piece_size == std::string_view::npos) return nullptr;
    data.remove_prefix(piece_size + delimiter.size());
  }
}

const char* parse_form(std::string_view content_type, std::string_view body,
                       const httputil::ParseBodyConfig& config, httputil::Arguments& arguments,
                       httputil::Files& files) {
  if (starts_with_ignoring_case(content_type, kUrlencoded)) {
    parse_urlencoded(body, arguments);
    return nullptr;
  }
  if (!starts_with_ignoring_case(content_type, kMultipart)) return nullptr;
  const std::string_view boundary = find_boundary(content_type);
  if (boundary.empty()) return "multipart boundary not found";
  return parse_multipart(boundary, body, config.multipart, arguments, files);
}

}  // namespace tornado::http
