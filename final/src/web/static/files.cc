// The names and versions of static files, and the routes that the setting static_path adds.
#include "web/static/files.h"

#include <tornado/log.h>
#include <tornado/static_file_handler.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/text/ascii.h"
#include "web/application_state.h"
#include "web/static/content.h"
#include "web/static/version.h"

namespace tornado::web {
namespace {

// The bytes that need no encoding in a path (RFC 3986 3.3), and "/".
constexpr bool is_path_char(char c) {
  return is_alnum(c) || std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

void append_encoded(std::string& out, std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : path) {
    if (is_path_char(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

// Escapes the text, as a pattern that matches it.
std::string quote_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

// ---- StaticFiles --------------------------------------------------------------------------------

std::string StaticFiles::get_absolute_path(const std::string& root, const std::string& path) const {
  return detail::absolute_path(path.starts_with('/') ? path : root + "/" + path);
}

std::string StaticFiles::get_content_version(const std::string& absolute_path) const {
  detail::StaticContent content;
  int error = detail::open_content(absolute_path, content);
  if (error == 0 && !content.is_regular()) error = content.is_folder() ? EISDIR : EINVAL;
  if (error != 0) throw std::system_error(error, std::generic_category(), absolute_path);
  return detail::content_version(content);
}

std::optional<std::string> StaticFiles::get_version(const Settings& settings,
                                                    const std::string& path) const {
  // An override of get_absolute_path() may choose another folder; the path itself may not climb
  // out.
  const std::string usual = StaticFiles::get_absolute_path(settings.static_path, path);
  if (!detail::is_below(detail::absolute_path(settings.static_path), usual)) {
    log::gen_log.error("Not below static_path: '" + usual + "'");
    return std::nullopt;
  }
  const std::string place = get_absolute_path(settings.static_path, path);
  if (!detail::keeps_versions(settings)) detail::forget_version(place);
  try {
    return get_content_version(place);
  } catch (const std::exception&) {
    log::gen_log.error("Could not open static file '" + place + "'");
    return std::nullopt;
  }
}

std::string StaticFiles::make_static_url(const Settings& settings, const std::string& path,
                                         bool include_version) const {
  std::string url = settings.static_url_prefix;
  append_encoded(url, path);
  if (!include_version) return url;
  const auto version = get_version(settings, path);
  return version && !version->empty() ? url + "?v=" + *version : url;
}

void StaticFiles::reset() {
  detail::forget_versions();
}

// ---- the settings -------------------------------------------------------------------------------

bool detail::keeps_versions(const Settings& settings) {
  return settings.static_hash_cache.value_or(!settings.debug);
}

const StaticFiles& detail::default_static_files() {
  static const StaticFiles files;
  return files;
}

std::vector<URLSpec> detail::with_static_routes(std::vector<URLSpec> handlers,
                                                const Settings& settings) {
  if (settings.static_path.empty()) return handlers;
  auto handler = settings.static_handler_class;
  if (handler == nullptr) handler = static_handler<StaticFileHandler>();
  const std::string pattern = quote_pattern(settings.static_url_prefix) + "(.*)";
  std::vector<URLSpec> all;
  for (const std::string& each :
       {std::string("/(robots\\.txt)"), std::string("/(favicon\\.ico)"), pattern}) {
    all.push_back(handler->route(each, settings.static_path));
  }
  all.insert(all.end(), std::make_move_iterator(handlers.begin()),
             std::make_move_iterator(handlers.end()));
  return all;
}

bool RequestHandler::is_transformed() const noexcept {
  return !state_->transforms.empty();
}

std::string RequestHandler::static_url(const std::string& path, std::optional<bool> with_host,
                                       bool include_version) const {
  const Settings& all = settings();
  if (all.static_path.empty()) {
    throw std::runtime_error(
        "You must define the 'static_path' setting in your application to use static_url");
  }
  const StaticFiles& files = all.static_handler_class != nullptr ? all.static_handler_class->files()
                                                                 : detail::default_static_files();
  std::string url = files.make_static_url(all, path, include_version);
  return with_host.value_or(include_host) ? request.protocol + "://" + request.host + url : url;
}

}  // namespace tornado::web
