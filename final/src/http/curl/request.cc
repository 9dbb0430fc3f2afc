#include "http/curl/request.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include "http/client/defaults.h"
#include "http/client/request.h"
#include "http/message/chars.h"

namespace tornado::http {
namespace {

using httpclient::ClientOptions;
using httpclient::HTTPRequest;

constexpr const char* kUserAgent = "Mozilla/5.0 (compatible; pycurl)";
constexpr int kUnauthorized = 401;
constexpr int kProxyAuthenticationRequired = 407;

// libcurl takes strings that end with a NUL, and writes some of them into heads.
void check_text(const std::optional<std::string>& text, const char* name) {
  if (text && has_control(*text)) {
    throw std::invalid_argument(std::string("control character in ") + name);
  }
}

void check_auth_mode(const std::optional<std::string>& mode, const char* name) {
  if (!mode || *mode == "basic" || *mode == "digest") return;
  throw std::invalid_argument(std::string("unsupported ") + name + " " + *mode);
}

bool is_digest(const std::optional<std::string>& mode) {
  return mode.value_or("basic") == "digest";
}

long auth_bit(const std::optional<std::string>& mode) {
  return static_cast<long>(is_digest(mode) ? CURLAUTH_DIGEST : CURLAUTH_BASIC);
}

// ---- headers ------------------------------------------------------------------------------------

// An empty value needs a form of its own: "Name:" tells libcurl not to send the field.
void add_header(CurlLines& lines, std::string_view name, std::string_view value) {
  std::string line(name);
  if (trim_blanks(value).empty()) {
    line += ';';
  } else {
    line.append(": ").append(value);
  }
  lines.add(line);
}

void add_headers(CurlLines& lines, const HTTPRequest& request, bool authenticated,
                 bool keep_alive) {
  const httputil::HTTPHeaders& headers = request.headers;
  for (const auto [name, value] : headers) {
    if (!is_clients_field(request, name, authenticated)) add_header(lines, name, value);
  }
  if (request.if_modified_since) {
    add_header(lines, "If-Modified-Since", httputil::format_timestamp(*request.if_modified_since));
  }
  if (!keep_alive && !headers.contains("Connection")) lines.add("Connection: close");
  if (expects_continue(request)) {
    lines.add("Expect: 100-continue");
  } else if (!headers.contains("Expect")) {
    lines.add("Expect:");
  }
  if (!headers.contains("Content-Type")) {
    const bool form = request.method == "POST";
    lines.add(form ? "Content-Type: application/x-www-form-urlencoded" : "Content-Type:");
  }
  if (request.decompress_response.value_or(true) && !headers.contains("Accept-Encoding")) {
    lines.add("Accept-Encoding: gzip");
  }
}

// ---- options by subject -------------------------------------------------------------------------

void apply_method(CURL* easy, const HTTPRequest& request) {
  if (request.method == "HEAD") return set_option(easy, CURLOPT_NOBODY, 1L);
  const BodyFraming framing = body_framing(request);
  const bool has_body = framing.coding != BodyCoding::kNone;
  set_option(easy, has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
  set_option(easy, CURLOPT_CUSTOMREQUEST, request.method);
  if (!has_body) return;
  const bool chunked = framing.coding == BodyCoding::kChunked;
  set_option(easy, CURLOPT_POSTFIELDSIZE_LARGE,
             chunked ? curl_off_t{-1} : static_cast<curl_off_t>(framing.length));
  if (!request.body_producer) {
    set_option(easy, CURLOPT_POSTFIELDS, request.body ? request.body->c_str() : "");
  }
}

void apply_proxy(CURL* easy, const HTTPRequest& request) {
  if (!request.proxy_host) return set_option(easy, CURLOPT_PROXY, "");  // nor the environment's
  set_option(easy, CURLOPT_PROXY, *request.proxy_host);
  set_option(easy, CURLOPT_PROXYPORT, static_cast<long>(request.proxy_port.value_or(0)));
  set_option(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set_option(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  if (!request.proxy_username) return;
  set_option(easy, CURLOPT_PROXYUSERNAME, *request.proxy_username);
  set_option(easy, CURLOPT_PROXYPASSWORD, request.proxy_password.value_or(""));
  set_option(easy, CURLOPT_PROXYAUTH, auth_bit(request.proxy_auth_mode));
}

void apply_tls(CURL* easy, const HTTPRequest& request) {
  const bool validate = request.validate_cert.value_or(true);
  set_option(easy, CURLOPT_SSL_VERIFYPEER, validate ? 1L : 0L);
  set_option(easy, CURLOPT_SSL_VERIFYHOST, validate ? 2L : 0L);
  set_option(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (request.ca_certs) {
    set_option(easy, CURLOPT_CAINFO, *request.ca_certs);
    set_option(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));  // these and no others
  }
  if (request.client_cert) set_option(easy, CURLOPT_SSLCERT, *request.client_cert);
  if (request.client_key) set_option(easy, CURLOPT_SSLKEY, *request.client_key);
}

void apply_connection(CURL* easy, const HTTPRequest& request, const ClientOptions& options) {
  // The loop's timers measure the time. This limit is for a second connection that libcurl makes.
  const double seconds = request.connect_timeout.value_or(kUsualTimeout);
  const bool limited = seconds > 0 && seconds < INT_MAX / 1000;
  const long milliseconds = limited ? static_cast<long>(std::ceil(seconds * 1000)) : INT_MAX;
  set_option(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
  if (!request.allow_ipv6.value_or(true)) {
    set_option(easy, CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V4));
  }
  if (request.network_interface) {
    // Without a prefix libcurl would look a name up and block until the answer comes.
    const bool address = netutil::is_valid_ip(*request.network_interface);
    set_option(easy, CURLOPT_INTERFACE, (address ? "host!" : "if!") + *request.network_interface);
  }
  const bool reuse = options.keep_alive && options.max_idle_connections > 0;
  set_option(easy, CURLOPT_FORBID_REUSE, reuse ? 0L : 1L);
  set_option(easy, CURLOPT_FRESH_CONNECT, reuse ? 0L : 1L);
  const double age = std::clamp(std::ceil(options.idle_timeout), 1.0, 1e9);
  set_option(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(age));
}

using Entry = netutil::OverrideResolver::Entry;

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

void append_connect_to(CurlLines& lines, const Entry& entry) {
  if (entry.family) {
    throw std::invalid_argument(
        "hostname_mapping with a family is not supported by the curl client");
  }
  check_text(entry.host + entry.new_host, "hostname_mapping");
  const auto text = [](const std::optional<std::uint16_t>& port) {
    return port ? std::to_string(*port) : std::string();
  };
  lines.add(bracketed(entry.host) + ":" + text(entry.port) + ":" + bracketed(entry.new_host) + ":" +
            text(entry.new_port));
}

}  // namespace

void check_curl_request(const HTTPRequest& request, const ClientUrl& url) {
  check_sendable(request);
  if (request.method == "HEAD" && (request.body || request.body_producer)) {
    throw std::invalid_argument("libcurl cannot send a body with HEAD");
  }
  if (request.ssl_options) {
    throw std::invalid_argument("ssl_options is not supported by the curl client");
  }
  check_auth_mode(request.auth_mode, "auth_mode");
  check_auth_mode(request.proxy_auth_mode, "proxy_auth_mode");
  if (const auto found = credentials(request, url)) {
    check_text(found->username, "the user's name");
    check_text(found->password, "the user's password");
  }
  check_text(request.network_interface, "network_interface");
  check_text(request.ca_certs, "ca_certs");
  check_text(request.client_cert, "client_cert");
  check_text(request.client_key, "client_key");
  check_text(request.proxy_host, "proxy_host");
  check_text(request.proxy_username, "proxy_username");
  check_text(request.proxy_password, "proxy_password");
  if (!request.proxy_host) return;
  const int port = request.proxy_port.value_or(0);
  if (request.proxy_host->empty() || port < 1 || port > 65535) {
    throw std::invalid_argument("a proxy needs a proxy_host and a proxy_port");
  }
}

void apply_request(CURL* easy, const HTTPRequest& request, const ClientUrl& url,
                   const ClientOptions& options, CurlLines& headers) {
  const auto authorization = credentials(request, url);
  std::string target = url.https ? "https://" : "http://";
  append_target(target.append(url.authority), url.path_and_query);
  set_option(easy, CURLOPT_URL, target);
  set_option(easy, CURLOPT_PATH_AS_IS, 1L);
  set_option(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  apply_method(easy, request);
  add_headers(headers, request, authorization.has_value(), options.keep_alive);
  set_option(easy, CURLOPT_HTTPHEADER, headers.get());
  if (request.user_agent) {
    set_option(easy, CURLOPT_USERAGENT, *request.user_agent);
  } else if (!request.headers.contains("User-Agent")) {
    set_option(easy, CURLOPT_USERAGENT, kUserAgent);
  }
  if (authorization) {
    set_option(easy, CURLOPT_USERNAME, authorization->username);
    set_option(easy, CURLOPT_PASSWORD, authorization->password);
    set_option(easy, CURLOPT_HTTPAUTH, auth_bit(request.auth_mode));
  }
  apply_proxy(easy, request);
  apply_tls(easy, request);
  apply_connection(easy, request, options);
}

void append_connect_to(CurlLines& lines, const ClientOptions& options) {
  // libcurl takes the first match, so the more specific entries come first.
  for (const bool with_port : {true, false}) {
    for (const auto& entry : options.hostname_mapping) {
      if (entry.port.has_value() == with_port) append_connect_to(lines, entry);
    }
  }
}

bool may_ask_again(const HTTPRequest& request, int code) {
  switch (code) {
    case kUnauthorized:
      return is_digest(request.auth_mode);
    case kProxyAuthenticationRequired:
      return is_digest(request.proxy_auth_mode);
    default:
      return false;
  }
}

}  // namespace tornado::http
