// The arguments of the query and the form, as handlers read them.
#include <tornado/escape.h>
#include <tornado/web.h>

#include <algorithm>
#include <utility>

#include "base/text/unicode.h"

namespace tornado::web {
namespace {

std::string clean(std::string text, bool strip) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return (c >= '\0' && c <= '\x08') || (c >= '\x0e' && c <= '\x1f'); }, ' ');
  return strip ? std::string(escape::strip_unicode(text)) : text;
}

// The bytes as Python shows them: the log must not contain a client's control characters.
std::string shown(std::string_view bytes) {
  constexpr std::string_view kLetters = "\n\r\t\\'";
  constexpr std::string_view kEscapes = "nrt\\'";
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "b'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (const auto known = kLetters.find(c); known != kLetters.npos) {
      text.append({'\\', kEscapes[known]});
    } else if (byte < 0x20 || byte > 0x7E) {
      text.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

std::string RequestHandler::decode_argument(std::string_view value, std::string_view name) const {
  if (!escape::is_valid_utf8(value)) {
    throw HTTPError(400, "Invalid unicode in " + std::string(name.empty() ? "url" : name) + ": " +
                             shown(value.substr(0, 40)));
  }
  return std::string(value);
}

std::string RequestHandler::argument(const httputil::Arguments& source, std::string_view name,
                                     bool strip) const {
  std::optional<std::string> value = argument(source, name, std::nullopt, strip);
  if (!value) throw MissingArgumentError(name);
  return std::move(*value);
}

std::string RequestHandler::argument(const httputil::Arguments& source, std::string_view name,
                                     std::string_view fallback, bool strip) const {
  return argument(source, name, std::nullopt, strip).value_or(std::string(fallback));
}

// Returns the last of the values. Decodes the others too, so that a later value does not hide an
// error in an earlier one.
std::optional<std::string> RequestHandler::argument(const httputil::Arguments& source,
                                                    std::string_view name, std::nullopt_t,
                                                    bool strip) const {
  std::vector<std::string> values = arguments(source, name, strip);
  if (values.empty()) return std::nullopt;
  return std::move(values.back());
}

std::vector<std::string> RequestHandler::arguments(const httputil::Arguments& source,
                                                   std::string_view name, bool strip) const {
  std::vector<std::string> values;
  const auto found = source.find(name);
  if (found == source.end()) return values;
  for (const std::string& value : found->second)
    values.push_back(clean(decode_argument(value, name), strip));
  return values;
}

std::string RequestHandler::get_argument(std::string_view name, bool strip) const {
  return argument(request.arguments(), name, strip);
}
std::string RequestHandler::get_argument(std::string_view name, std::string_view fallback,
                                         bool strip) const {
  return argument(request.arguments(), name, fallback, strip);
}
std::optional<std::string> RequestHandler::get_argument(std::string_view name, std::nullopt_t none,
                                                        bool strip) const {
  return argument(request.arguments(), name, none, strip);
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
std::optional<std::string> RequestHandler::get_query_argument(std::string_view name,
                                                              std::nullopt_t none,
                                                              bool strip) const {
  return argument(request.query_arguments(), name, none, strip);
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
std::optional<std::string> RequestHandler::get_body_argument(std::string_view name,
                                                             std::nullopt_t none,
                                                             bool strip) const {
  return argument(request.body_arguments(), name, none, strip);
}
std::vector<std::string> RequestHandler::get_body_arguments(std::string_view name,
                                                            bool strip) const {
  return arguments(request.body_arguments(), name, strip);
}

}  // namespace tornado::web
