#include "01-blocking-server/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <system_error>

namespace mini {
namespace {

constexpr std::chrono::milliseconds kGoodbye{1000};

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

// The part of `text` before `separator`; `text` keeps what follows. All of it if there is none.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return part;
}

// [more]
// Adds what the next read brings. False if there is nothing more to come.
bool read_more(Socket& client, std::string& data) {
  std::array<char, 4096> piece;
  const std::size_t size = client.read(piece.data(), piece.size());
  data.append(piece.data(), size);
  return size > 0;
}
// [/more]

// [parse_line]
// "GET /path HTTP/1.1": three words with one blank between them. Returns the status that refuses.
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

int parse_head(std::string_view head, Request& request) {
  int refusal = parse_request_line(take_until(head, "\r\n"), request);
  while (refusal == 0 && !head.empty()) {
    refusal = parse_header(take_until(head, "\r\n"), request);
  }
  return refusal;
}

// [length]
// How many bytes of body follow the head (RFC 9112 6.3). Returns the status that refuses.
int find_body_size(const Request& request, std::size_t& size) {
  size = 0;
  if (request.header("Transfer-Encoding")) return 501;  // chapter 05
  const std::string* length = nullptr;
  for (const auto& [name, value] : request.headers) {
    if (!same_ignoring_case(name, "Content-Length")) continue;
    if (length && *length != value) return 400;  // two lengths: whom would the next server believe?
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

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

// [answer]
Response answer(const Request& request, const Handler& handler) {
  if (request.refusal != 0) return {request.refusal, reason(request.refusal) + std::string("\n")};
  try {
    return handler(request);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", request.target.c_str(), error.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", request.target.c_str());
  }
  return {500, "Internal Server Error\n"};
}
// [/answer]

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

// [read_request]
std::optional<Request> read_request(Socket& client) {
  Request request;
  std::string data;
  std::size_t end_of_head;
  while ((end_of_head = data.find("\r\n\r\n")) == data.npos) {
    if (data.size() > kMaxHead) {
      request.refusal = 431;
      return request;
    }
    if (!read_more(client, data)) return std::nullopt;
  }
  request.refusal = parse_head(std::string_view(data).substr(0, end_of_head), request);
  std::size_t body_size = 0;
  if (request.refusal == 0) request.refusal = find_body_size(request, body_size);
  if (request.refusal != 0) return request;

  data.erase(0, end_of_head + 4);
  while (data.size() < body_size) {
    if (!read_more(client, data)) return std::nullopt;
  }
  request.body = data.substr(0, body_size);
  return request;
}
// [/read_request]

// [to_bytes]
std::string to_bytes(const Response& response, bool with_body) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " " +
                      reason(response.status) + "\r\n" +
                      "Content-Type: text/plain; charset=UTF-8\r\n" +
                      "Content-Length: " + std::to_string(response.body.size()) + "\r\n" +
                      "Connection: close\r\n\r\n";
  return with_body ? bytes + response.body : bytes;
}
// [/to_bytes]

// [end_in_order]
void end_in_order(Socket& client) {
  client.shutdown_write();
  const auto deadline = std::chrono::steady_clock::now() + kGoodbye;
  std::string dropped;
  while (dropped.size() < kMaxBody) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !client.wait_readable(left)) return;
    if (!read_more(client, dropped)) return;
  }
}
// [/end_in_order]

// [serve]
void serve_connection(Socket& client, const Handler& handler) {
  try {
    const std::optional<Request> request = read_request(client);
    if (!request) return;
    client.write_all(to_bytes(answer(*request, handler), request->method != "HEAD"));
    end_in_order(client);
  } catch (const std::system_error&) {
    // The client has gone: reset, or closed while we wrote. There is nobody left to tell.
  }
}
// [/serve]

}  // namespace mini
