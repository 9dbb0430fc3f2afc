#include "01-blocking-server/request.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace mini {
namespace {

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Returns the part of `text` before `separator`, or all of it if there is none. `text` keeps what
// follows the separator.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return part;
}

// [parse_line]
// Parses "GET /path HTTP/1.1": three words, one space between them.
int parse_request_line(std::string_view line, Request& request) {
  request.method = take_until(line, " ");
  request.target = take_until(line, " ");
  if (request.method.empty() || request.target.empty() || !line.starts_with("HTTP/")) return 400;
  return line == "HTTP/1.1" || line == "HTTP/1.0" ? 0 : 505;
}
// [/parse_line]

int parse_header(std::string_view line, Request& request) {
  const std::string_view name = take_until(line, ":");
  const bool no_colon = line.data() == name.data() + name.size();
  if (name.empty() || no_colon || name.find_first_of(" \t\r\n") != name.npos) return 400;
  request.headers.emplace_back(name, strip(line));
  return 0;
}

}  // namespace

const std::string* Request::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (same_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

std::string Request::argument(const std::string& name) const {
  std::string_view query = target;
  take_until(query, "?");
  while (!query.empty()) {
    std::string_view pair = take_until(query, "&");
    if (take_until(pair, "=") == name) return std::string(pair);
  }
  return "";
}

int parse_head(std::string_view head, Request& request) {
  int refusal = parse_request_line(take_until(head, "\r\n"), request);
  while (refusal == 0 && !head.empty()) {
    refusal = parse_header(take_until(head, "\r\n"), request);
  }
  return refusal;
}

// [length]
int find_body_size(const Request& request, std::size_t& size) {
  size = 0;
  if (request.header("Transfer-Encoding")) return 501;  // chapter 05
  const std::string* length = nullptr;
  for (const auto& [name, value] : request.headers) {
    if (!same_ignoring_case(name, "Content-Length")) continue;
    if (length && *length != value) return 400;  // two lengths: which would the next server use?
    length = &value;
  }
  if (!length) return 0;
  const char* const end = length->data() + length->size();
  const auto [stop, error] = std::from_chars(length->data(), end, size);
  if (error == std::errc::result_out_of_range) return 413;
  if (error != std::errc() || stop != end) return 400;
  return size > kMaxBody ? 413 : 0;
}
// [/length]

}  // namespace mini
