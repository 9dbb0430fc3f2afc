// Internal header. Form bodies (WHATWG URL 5.1, RFC 7578) and the parameters of header values, as
// pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tornado/httputil.h"

namespace tornado::http {

// Whether a body of this content type is one of the two kinds of form. Ignores case (RFC 9110
// 8.3.1).
bool is_form(std::string_view content_type);

// Append the contents of a form body. Return nullptr, or why the body is refused (static text);
// `arguments` and `files` may then hold part of it. Linear in the size of the body.
[[nodiscard]] const char* parse_form(std::string_view content_type, std::string_view body,
                                     const httputil::ParseBodyConfig& config,
                                     httputil::Arguments& arguments, httputil::Files& files);
[[nodiscard]] const char* parse_multipart(std::string_view boundary, std::string_view data,
                                          const httputil::ParseMultipartConfig& config,
                                          httputil::Arguments& arguments, httputil::Files& files);

// The two steps of it, for callers that read a multipart form themselves: the boundary parameter as
// written in a content type, empty if there is none; the same without its quotes; and the fields of
// a part. read_part_headers() returns nullptr, or why the part is refused.
bool is_multipart_form(std::string_view content_type);
std::string_view find_boundary(std::string_view content_type);
std::string_view unquote_boundary(std::string_view boundary);
struct FormPart {
  std::string name;
  std::string filename;
  std::string content_type;  // "application/unknown" if the part does not say

  bool is_file() const noexcept { return !filename.empty(); }
};
[[nodiscard]] const char* read_part_headers(const httputil::HTTPHeaders& headers, FormPart& part);

void parse_urlencoded(std::string_view text, httputil::Arguments& arguments);

// `form-data; name="a"; filename*=UTF-8''b` taken apart.
struct HeaderValue {
  std::string_view key;  // points into the line
  std::vector<std::pair<std::string, std::string>>
      parameters;  // names in lower case, values decoded

  // Returns the last parameter of that name, or nullptr.
  const std::string* find(std::string_view name) const;
};

// Never fails. Undoes quotes and backslashes. A parameter `x*` (RFC 8187) is listed as `x`, after
// the plain ones, so that it is preferred; charsets other than UTF-8 and ISO-8859-1 are left as
// bytes. Tornado: _parse_header.
HeaderValue parse_header_value(std::string_view line);

}  // namespace tornado::http
