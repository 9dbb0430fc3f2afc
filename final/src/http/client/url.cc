#include "http/client/url.h"

#include <algorithm>

#include "base/text/number_text.h"
#include "http/message/chars.h"
#include "http/message/url.h"

namespace tornado::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return byte(c) <= 0x20 || byte(c) == 0x7F; });
}

// Removes a scheme and its ":" from `url` and returns it; empty if there is none.
std::string_view take_scheme(std::string_view& url) {
  std::size_t size = 0;
  while (size < url.size() &&
         (is_alnum(url[size]) || url[size] == '+' || url[size] == '-' || url[size] == '.')) {
    ++size;
  }
  if (size == 0 || size == url.size() || url[size] != ':' || !is_alpha(url[0])) return {};
  const std::string_view scheme = url.substr(0, size);
  url.remove_prefix(size + 1);
  return scheme;
}

// Rejects characters that other URL parsers take for the end of the host or of the user.
bool take_userinfo(std::string_view& authority, ClientUrl& parts) {
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return true;
  std::string_view userinfo = authority.substr(0, at);
  if (userinfo.find_first_of("@\\[]") != std::string_view::npos) return false;
  parts.has_userinfo = true;
  parts.username = take_until(userinfo, ':');
  parts.password = userinfo;
  authority.remove_prefix(at + 1);
  return true;
}

const char* read_port(std::string_view digits, ClientUrl& parts) {
  if (digits.empty()) return nullptr;  // "http://host:/" means the usual port (RFC 3986 3.2.3)
  parts.port = parse_number<std::uint16_t>(digits).value_or(0);
  return parts.port == 0 ? "invalid port in URL" : nullptr;
}

const char* read_authority(std::string_view authority, ClientUrl& parts) {
  if (!take_userinfo(authority, parts)) return "invalid user information in URL";
  if (authority.empty()) return "no host in URL";
  if (!is_valid_host(authority)) return "invalid host in URL";
  parts.authority = authority;
  parts.port = parts.https ? kHttpsPort : kHttpPort;
  const bool bracketed = authority.front() == '[';
  const std::size_t host_end = bracketed ? authority.find(']') + 1 : authority.find(':');
  parts.host = authority.substr(0, host_end);
  const std::string_view rest = authority.substr(std::min(host_end, authority.size()));
  if (bracketed) parts.host = parts.host.substr(1, parts.host.size() - 2);
  return rest.empty() ? nullptr : read_port(rest.substr(1), parts);
}

// The five parts of a reference (RFC 3986 appendix B), each with its mark: "//host", "/path", "?q",
// "#f".
struct Reference {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

Reference split_reference(std::string_view text) {
  Reference parts;
  parts.scheme = take_scheme(text);
  const std::size_t hash = std::min(text.find('#'), text.size());
  parts.fragment = text.substr(hash);
  text = text.substr(0, hash);
  const std::size_t question = std::min(text.find('?'), text.size());
  parts.query = text.substr(question);
  text = text.substr(0, question);
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find('/', 2), text.size());
    parts.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  parts.path = text;
  return parts;
}

// RFC 3986 5.2.4. Takes linear time: each segment is appended and removed at most once.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin + 1), path.size());
    const std::string_view segment = path.substr(begin, end - begin);  // "/name", or the first name
    const bool last = end == path.size();
    if (segment == "/.." || segment == "..") {
      const std::size_t slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
      if (last) out += '/';
    } else if (segment == "/." || segment == ".") {
      if (last) out += '/';
    } else {
      out += segment;
    }
    begin = end;
  }
  return out;
}

std::string encode_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? "%20" : std::string_view(&c, 1);
  return out;
}

std::string merge_paths(const Reference& base, std::string_view path) {
  if (base.path.empty()) return "/" + std::string(path);
  const std::size_t slash = base.path.rfind('/');
  return std::string(base.path.substr(0, slash == std::string_view::npos ? 0 : slash + 1)) +
         std::string(path);
}

}  // namespace

const char* parse_client_url(std::string_view url, ClientUrl& parts) {
  parts = ClientUrl();
  if (has_blank_or_control(url)) return "blank or control character in URL";
  std::string_view rest = url;
  const std::string_view scheme = take_scheme(rest);
  parts.https = equals_ignoring_case(scheme, "https");
  if (!parts.https && !equals_ignoring_case(scheme, "http")) return "unsupported url scheme";
  if (!rest.starts_with("//")) return "no host in URL";
  rest = rest.substr(2, rest.find('#') - 2);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  parts.path_and_query = rest.substr(end);
  return read_authority(rest.substr(0, end), parts);
}

void append_target(std::string& out, std::string_view path_and_query) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  if (!path_and_query.starts_with('/')) out += '/';
  for (const char c : path_and_query) {
    if (byte(c) < 0x80) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte(c) >> 4];
      out += kHex[byte(c) & 0x0F];
    }
  }
}

std::string join_url(std::string_view base, std::string_view reference) {
  const Reference from = split_reference(base);
  const Reference to = split_reference(reference);
  std::string url;
  std::size_t after_host = 0;
  const auto begin = [&](std::string_view scheme, std::string_view authority) {
    url.append(scheme).append(":").append(authority);
    after_host = url.size();
  };
  if (!to.scheme.empty()) {
    begin(to.scheme, to.authority);
    url.append(remove_dot_segments(to.path)).append(to.query);
  } else if (!to.authority.empty()) {
    begin(from.scheme, to.authority);
    url.append(remove_dot_segments(to.path)).append(to.query);
  } else if (to.path.empty()) {
    begin(from.scheme, from.authority);
    url.append(from.path).append(to.query.empty() ? from.query : to.query);
  } else {
    begin(from.scheme, from.authority);
    const bool absolute = to.path.starts_with('/');
    url.append(remove_dot_segments(absolute ? std::string(to.path) : merge_paths(from, to.path)));
    url.append(to.query);
  }
  url.append(to.fragment.empty() ? from.fragment : to.fragment);
  return url.substr(0, after_host) + encode_blanks(std::string_view(url).substr(after_host));
}

bool same_origin(const ClientUrl& a, const ClientUrl& b) {
  return a.https == b.https && a.port == b.port && equals_ignoring_case(a.host, b.host);
}

}  // namespace tornado::http
