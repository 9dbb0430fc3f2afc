#include <tornado/web.h>

namespace tornado::web {

Settings::Settings() = default;

bool Settings::has(std::string_view name) const {
  if (name == "debug") return debug;
  if (name == "autoreload") return autoreload.has_value();
  if (name == "serve_traceback") return serve_traceback.has_value();
  if (name == "default_host") return !default_host.empty();
  if (name == "default_handler_class") return default_handler_class.has_value();
  if (name == "compress_response") return compress_response;
  if (name == "static_path") return !static_path.empty();
  if (name == "static_url_prefix") return true;
  if (name == "static_handler_class") return static_handler_class != nullptr;
  if (name == "static_hash_cache") return static_hash_cache.has_value();
  if (name == "template_path") return !template_path.empty();
  if (name == "template_loader") return template_loader != nullptr;
  if (name == "template_whitespace") return !template_whitespace.empty();
  if (name == "autoescape") return autoescape.has_value();
  if (name == "compiled_template_cache") return compiled_template_cache.has_value();
  if (name == "ui_modules") return !ui_modules.empty();
  if (name == "ui_methods") return !ui_methods.empty();
  if (name == "middleware") return !middleware.empty();
  if (name == "log_function") return static_cast<bool>(log_function);
  if (name == "request_ids") return request_ids;
  if (name == "cookie_secret") return !cookie_secret.empty();
  if (name == "key_version") return key_version.has_value();
  if (name == "login_url") return !login_url.empty();
  if (name == "xsrf_cookies") return xsrf_cookies;
  if (name == "xsrf_cookie_version" || name == "xsrf_cookie_name") return true;
  if (name == "xsrf_cookie_kwargs") return true;
  if (name == "websocket_ping_interval") return websocket_ping_interval > 0;
  if (name == "websocket_ping_timeout") return websocket_ping_timeout > 0;
  if (name == "websocket_max_message_size") return true;
  return extra.contains(name);
}

}  // namespace tornado::web
