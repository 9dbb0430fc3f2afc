// The arguments of the query and the form, as a handler asks for them.
#include <tornado/escape.h>
#include <tornado/web.h>

#include <algorithm>
#include <array>

namespace tornado::web {
namespace {

// Python's str.strip() takes these too, all of them in UTF-8.
constexpr std::array<std::string_view, 19> kWideBlanks = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

bool is_ascii_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
}

std::string_view strip_blanks(std::string_view text) {
  for (;;) {
    const std::size_t before = text.size();
    while (!text.empty() && is_ascii_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_ascii_blank(text.back())) text.remove_suffix(1);
    for (const std::string_view blank : kWideBlanks) {
      if (text.starts_with(blank)) text.remove_prefix(blank.size());
      if (text.ends_with(blank)) text.remove_suffix(blank.size());
    }
    if (text.size() == before) return text;
  }
}

std::string decode(const std::string& value, std::string_view name, bool strip) {
  if (!escape::is_valid_utf8(value)) {
    throw HTTPError(400, "Invalid unicode in " + std::string(name) + ": " + value.substr(0, 40));
  }
  std::string text = value;
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return (c >= '\0' && c <= '\x08') || (c >= '\x0e' && c <= '\x1f'); }, ' ');
  return strip ? std::string(strip_blanks(text)) : text;
}

}  // namespace

std::string RequestHandler::argument(const httputil::Arguments& source, std::string_view name,
                                     bool strip) const {
  const auto found = source.find(name);
  if (found == source.end()) throw MissingArgumentError(name);
  return decode(found->second.back(), name, strip);
}

std::string RequestHandler::argument(const httputil::Arguments& source, std::string_view name,
                                     std::string_view fallback, bool strip) const {
  const auto found = source.find(name);
  return found == source.end() ? std::string(fallback) : decode(found->second.back(), name, strip);
}

std::vector<std::string> RequestHandler::arguments(const httputil::Arguments& source,
                                                   std::string_view name, bool strip) const {
  std::vector<std::string> values;
  const auto found = source.find(name);
  if (found == source.end()) return values;
  for (const std::string& value : found->second) values.push_back(decode(value, name, strip));
  return values;
}

std::string RequestHandler::get_argument(std::string_view name, bool strip) const {
  return argument(request.arguments(), name, strip);
}
std::string RequestHandler::get_argument(std::string_view name, std::string_view fallback,
                                         bool strip) const {
  return argument(request.arguments(), name, fallback, strip);
}
std::vector<std::string> RequestHandler::get_arguments(std::string_view name, bool strip) const {
  return arguments(request.arguments(), name, strip);
}

std::string RequestHandler::get_query_argument(std::string_view name, bool strip) const {
  return argument(request.query_arguments(), name, strip);
}
std::string RequestHandler::get_query_argument(std::string_view name, std::string_view fallback,
                                               bool strip) const {
  return argument(request.query_arguments(), name, fallback, strip);
}
std::vector<std::string> RequestHandler::get_query_arguments(std::string_view name,
                                                             bool strip) const {
  return arguments(request.query_arguments(), name, strip);
}

std::string RequestHandler::get_body_argument(std::string_view name, bool strip) const {
  return argument(request.body_arguments(), name, strip);
}
std::string RequestHandler::get_body_argument(std::string_view name, std::string_view fallback,
                                              bool strip) const {
  return argument(request.body_arguments(), name, fallback, strip);
}
std::vector<std::string> RequestHandler::get_body_arguments(std::string_view name,
                                                            bool strip) const {
  return arguments(request.body_arguments(), name, strip);
}

}  // namespace tornado::web
