#include <tornado/web.h>

namespace tornado::web {

bool Settings::has(std::string_view name) const {
  if (name == "debug") return debug;
  if (name == "serve_traceback") return serve_traceback.has_value();
  if (name == "default_host") return !default_host.empty();
  if (name == "default_handler_class") return default_handler_class.has_value();
  if (name == "compress_response") return compress_response;
  if (name == "log_function") return static_cast<bool>(log_function);
  return extra.contains(name);
}

}  // namespace tornado::web
