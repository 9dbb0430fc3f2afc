#include <tornado/ssl.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/message/cookies.h"
#include "http/message/form.h"
#include "http/message/request_id.h"
#include "http/message/url.h"
#include "loop/loop_state.h"
#include "tornado/httputil.h"

namespace tornado::httputil {
namespace {

constexpr std::string_view kDefaultHost = "127.0.0.1";

double monotonic_seconds() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

ParseBodyConfig& parse_body_config() {
  static ParseBodyConfig config;
  return config;
}

}  // namespace

const std::string& HTTPFile::operator[](std::string_view key) const {
  if (key == "filename") return filename;
  if (key == "body") return body;
  if (key == "content_type") return content_type;
  throw KeyError("no file attribute " + std::string(key));
}

void set_parse_body_config(const ParseBodyConfig& config) {
  parse_body_config() = config;
}

void parse_body_arguments(std::string_view content_type, std::string_view body,
                          Arguments& arguments, Files& files, const HTTPHeaders* headers) {
  const bool encoded = headers != nullptr && headers->contains("Content-Encoding");
  // An encoded body of another type is left to the program; an encoded form would be parsed as
  // garbage.
  if (encoded && http::is_form(content_type)) {
    throw HTTPInputError("unsupported Content-Encoding of a form");
  }
  if (const char* reason =
          http::parse_form(content_type, body, parse_body_config(), arguments, files)) {
    throw HTTPInputError(reason);
  }
}

void parse_multipart_form_data(std::string_view boundary, std::string_view data,
                               Arguments& arguments, Files& files,
                               const ParseMultipartConfig& config) {
  if (const char* reason = http::parse_multipart(boundary, data, config, arguments, files)) {
    throw HTTPInputError(reason);
  }
}

struct HTTPServerRequest::Decoded {
  std::optional<Arguments> query_arguments;
  std::optional<Arguments> arguments;
  std::optional<Cookies> cookies;
  Arguments body_arguments;
  Files files;
  std::string request_id;
};

HTTPServerRequest::HTTPServerRequest(RequestStartLine&& start_line, HTTPHeaders request_headers,
                                     std::string request_body,
                                     std::shared_ptr<HTTPConnection> request_connection)
    : method(std::move(start_line.method)),
      uri(std::move(start_line.path)),
      version(std::move(start_line.version)),
      headers(std::move(request_headers)),
      body(std::move(request_body)),
      connection(std::move(request_connection)),
      on_loop_(core::thread_state.running != nullptr),
      // One reading of the clock serves many requests that arrived together.
      start_(on_loop_ ? core::thread_state.running->internals().round_time : monotonic_seconds()) {
  const std::size_t mark = std::min(uri.find('?'), uri.size());
  path.assign(uri, 0, mark);
  if (mark < uri.size()) query.assign(uri, mark + 1);
  host = headers.find("Host").value_or(kDefaultHost);
  if (connection != nullptr) {
    const HTTPRequestContext& context = connection->context();
    remote_ip = context.remote_ip;
    protocol = context.protocol;
  }
}

HTTPServerRequest::~HTTPServerRequest() = default;
HTTPServerRequest::HTTPServerRequest(HTTPServerRequest&&) noexcept = default;
HTTPServerRequest& HTTPServerRequest::operator=(HTTPServerRequest&&) noexcept = default;

HTTPServerRequest::Decoded& HTTPServerRequest::decoded() const {
  if (!decoded_) decoded_ = core::make_owned<Decoded>();
  return *decoded_;
}

std::string HTTPServerRequest::host_name() const {
  return http::host_name(host);
}

std::string HTTPServerRequest::full_url() const {
  return protocol + "://" + host + uri;
}

std::optional<ssl::Certificate> HTTPServerRequest::get_ssl_certificate() const {
  return connection != nullptr ? connection->get_ssl_certificate() : std::nullopt;
}

const std::string& HTTPServerRequest::request_id() const {
  std::string& id = decoded().request_id;
  if (id.empty()) {
    const std::string_view sent = headers.find(http::kRequestIdField).value_or("");
    id = http::is_request_id(sent) ? std::string(sent) : http::new_request_id();
  }
  return id;
}

double HTTPServerRequest::request_time() const noexcept {
  if (!on_loop_) return monotonic_seconds() - start_;
  const ioloop::IOLoop* const loop = core::thread_state.current;
  return loop == nullptr ? 0 : loop->time() - start_;
}

const Arguments& HTTPServerRequest::query_arguments() const {
  Decoded& own = decoded();
  if (!own.query_arguments) {
    Arguments arguments;
    http::parse_urlencoded(query, arguments);
    own.query_arguments = std::move(arguments);
  }
  return *own.query_arguments;
}

const Arguments& HTTPServerRequest::body_arguments() const {
  return decoded().body_arguments;
}

const Files& HTTPServerRequest::files() const {
  return decoded().files;
}

const Arguments& HTTPServerRequest::arguments() const {
  Decoded& own = decoded();
  if (own.body_arguments.empty()) return query_arguments();
  if (!own.arguments) {
    Arguments merged = query_arguments();
    for (const auto& [name, values] : own.body_arguments) {
      std::vector<std::string>& all = merged[name];
      all.insert(all.end(), values.begin(), values.end());
    }
    own.arguments = std::move(merged);
  }
  return *own.arguments;
}

const Cookies& HTTPServerRequest::cookies() const {
  Decoded& own = decoded();
  if (!own.cookies) {
    Cookies cookies;
    for (const std::string& line : headers.get_list("Cookie")) {
      for (auto& [name, value] : parse_cookie(line)) {
        if (http::is_legal_cookie_name(name)) cookies.insert_or_assign(name, std::move(value));
      }
    }
    own.cookies = std::move(cookies);
  }
  return *own.cookies;
}

void HTTPServerRequest::parse_body() {
  const std::string_view content_type = headers.find("Content-Type").value_or("");
  if (!http::is_form(content_type)) return;
  Arguments arguments;
  Files files;
  parse_body_arguments(content_type, body, arguments, files, &headers);
  Decoded& own = decoded();
  own.body_arguments = std::move(arguments);
  own.files = std::move(files);
  own.arguments.reset();
}

}  // namespace tornado::httputil
