#include "http/message/form.h"

#include <algorithm>
#include <utility>

#include "http/message/chars.h"
#include "http/message/multipart.h"
#include "tornado/escape.h"

namespace tornado::http {
namespace {

constexpr std::string_view kUrlencoded = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data";

void add_part(const FormPart& part, std::string content, httputil::Arguments& arguments,
              httputil::Files& files) {
  if (part.is_file()) {
    files[part.name].push_back({part.filename, std::move(content), part.content_type});
  } else {
    arguments[part.name].push_back(std::move(content));
  }
}

}  // namespace

// Its characters never need quotes, which could hide a ";".
std::string_view find_boundary(std::string_view content_type) {
  while (!content_type.empty()) {
    const std::string_view field = trim_blanks(take_until(content_type, ';'));
    constexpr std::string_view kName = "boundary=";
    if (starts_with_ignoring_case(field, kName) && field.size() > kName.size()) {
      return field.substr(kName.size());
    }
  }
  return {};
}

std::string_view unquote_boundary(std::string_view boundary) {
  if (boundary.size() < 2 || boundary.front() != '"' || boundary.back() != '"') return boundary;
  return boundary.substr(1, boundary.size() - 2);
}

bool is_multipart_form(std::string_view content_type) {
  return starts_with_ignoring_case(content_type, kMultipart);
}

bool is_form(std::string_view content_type) {
  return starts_with_ignoring_case(content_type, kUrlencoded) || is_multipart_form(content_type);
}

void parse_urlencoded(std::string_view text, httputil::Arguments& arguments) {
  for (auto& [name, value] : escape::parse_qs_bytes(text)) {
    arguments[std::move(name)].push_back(std::move(value));
  }
}

const char* read_part_headers(const httputil::HTTPHeaders& headers, FormPart& part) {
  const std::string line = headers.get("Content-Disposition");
  const HeaderValue disposition = parse_header_value(line);
  if (!equals_ignoring_case(disposition.key, "form-data")) return "invalid multipart/form-data";
  const std::string* name = disposition.find("name");
  if (name == nullptr || name->empty()) return "multipart/form-data missing name";
  const std::string* filename = disposition.find("filename");
  part.name = *name;
  part.filename = filename != nullptr ? *filename : std::string();
  part.content_type = headers.get("Content-Type", "application/unknown");
  return nullptr;
}

const char* parse_multipart(std::string_view boundary, std::string_view data,
                            const httputil::ParseMultipartConfig& config,
                            httputil::Arguments& arguments, httputil::Files& files) {
  if (!config.enabled) return "multipart/form-data parsing is disabled";
  boundary = unquote_boundary(boundary);
  if (!MultipartParser::is_boundary(boundary)) return "invalid multipart boundary";
  MultipartParser parser(
      boundary, {.max_parts = config.max_parts - std::min<std::size_t>(config.max_parts, 1),
                 .max_part_header_size = config.max_part_header_size});
  FormPart part;
  std::string content;
  while (true) {
    const MultipartResult result = parser.next(data);
    data.remove_prefix(result.consumed);
    switch (result.status) {
      case MultipartStatus::kPart:
        if (const char* reason = read_part_headers(parser.headers(), part)) return reason;
        break;
      case MultipartStatus::kData:
        content += result.content;
        break;
      case MultipartStatus::kPartEnd:
        add_part(part, std::exchange(content, {}), arguments, files);
        break;
      case MultipartStatus::kDone:
        return nullptr;
      case MultipartStatus::kNeedMore:
        return parser.end();
      case MultipartStatus::kBad:
      case MultipartStatus::kTooLarge:
        return result.reason;
    }
  }
}

const char* parse_form(std::string_view content_type, std::string_view body,
                       const httputil::ParseBodyConfig& config, httputil::Arguments& arguments,
                       httputil::Files& files) {
  if (starts_with_ignoring_case(content_type, kUrlencoded)) {
    const auto separators = static_cast<std::size_t>(std::count(body.begin(), body.end(), '&'));
    if (separators >= config.urlencoded.max_fields) return "the form has too many fields";
    parse_urlencoded(body, arguments);
    return nullptr;
  }
  if (!is_multipart_form(content_type)) return nullptr;
  const std::string_view boundary = find_boundary(content_type);
  if (boundary.empty()) return "multipart boundary not found";
  return parse_multipart(boundary, body, config.multipart, arguments, files);
}

}  // namespace tornado::http
