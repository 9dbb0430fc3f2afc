// The variables that describe a request to an application (PEP 3333, RFC 3875 4.1).
#include <tornado/escape.h>
#include <tornado/wsgi.h>

#include "base/text/ascii.h"

namespace tornado::wsgi {
namespace {

// "Accept-Language" as "HTTP_ACCEPT_LANGUAGE".
std::string variable_of(std::string_view field) {
  std::string name = "HTTP_";
  for (const char c : field) {
    name += c == '-' ? '_' : to_upper(c);
  }
  return name;
}

// Fields that have a variable of their own, or describe the connection and not the message.
bool stands_elsewhere(std::string_view field) {
  return field == "Content-Type" || field == "Content-Length" || field == "Transfer-Encoding";
}

void add_fields(const httputil::HTTPHeaders& headers, Environ& env) {
  for (const auto [name, value] : headers) {
    if (stands_elsewhere(name) || name.find('_') != std::string_view::npos) continue;
    const auto [at, is_new] = env.variables.try_emplace(variable_of(name), value);
    if (is_new) continue;
    // RFC 9110 5.3; cookies are the exception (RFC 6265 5.4).
    at->second.append(name == "Cookie" ? "; " : ",").append(value);
  }
}

// Splits the requested path into the application's location and the rest.
void set_path(const std::string& path, std::string_view script_name, Environ& env) {
  std::string rest = escape::url_unescape(path, false);
  const bool below = rest.starts_with(script_name) &&
                     (rest.size() == script_name.size() || rest[script_name.size()] == '/');
  if (below) rest.erase(0, script_name.size());
  env.variables["SCRIPT_NAME"] = below ? script_name : "";
  env.variables["PATH_INFO"] = std::move(rest);
}

}  // namespace

std::string_view Environ::operator[](std::string_view name) const {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string_view() : std::string_view(found->second);
}

Environ WSGIContainer::environ(const httputil::HTTPServerRequest& request, Input input,
                               std::string_view script_name) {
  Environ env;
  const auto [host, port] = httputil::split_host_and_port(request.host);
  env.variables = {
      {"REQUEST_METHOD", request.method},
      {"QUERY_STRING", request.query},
      {"REMOTE_ADDR", request.remote_ip},
      {"SERVER_NAME", host},
      {"SERVER_PORT", std::to_string(port.value_or(request.protocol == "https" ? 443 : 80))},
      {"SERVER_PROTOCOL", request.version},
  };
  set_path(request.path, script_name, env);
  env.url_scheme = request.protocol;
  if (const auto type = request.headers.find("Content-Type")) env.variables["CONTENT_TYPE"] = *type;
  if (request.headers.contains("Content-Length") || input.size() != 0) {
    env.variables["CONTENT_LENGTH"] = std::to_string(input.size());
  }
  add_fields(request.headers, env);
  env.input = std::move(input);
  return env;
}

}  // namespace tornado::wsgi
