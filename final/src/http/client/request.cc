#include "http/client/request.h"

#include <tornado/core/context.h>
#include <tornado/escape.h>
#include <tornado/version.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/text/base64.h"
#include "http/client/idna.h"
#include "http/message/chars.h"
#include "http/message/framing.h"
#include "http/message/request_id.h"

namespace tornado::http {
namespace {

using httpclient::HTTPRequest;
using httputil::HTTPHeaders;

constexpr std::string_view kUserAgent = "Tornado/";

bool needs_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_standard(std::string_view method) {
  static constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD", "POST",   "DELETE",
                                                               "PATCH", "PUT",  "OPTIONS"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool has_body(const HTTPRequest& request) {
  return request.body.has_value() || request.body_producer;
}

void check_body(const HTTPRequest& request) {
  if (request.body && request.body_producer) {
    throw std::invalid_argument("a request may have a body or a body_producer, not both");
  }
  if (request.allow_nonstandard_methods.value_or(false)) return;
  if (needs_body(request.method) == has_body(request)) return;
  throw std::invalid_argument(std::string("Body must ") + (has_body(request) ? "" : "not ") +
                              "be None for method " + request.method +
                              " (unless allow_nonstandard_methods is true)");
}

template <class T>
void fill(T& field, const T& value) {
  if (!field && value) field = value;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_own_fields(std::string& out, const HTTPRequest& request, bool authenticated) {
  const HTTPHeaders& headers = request.headers;
  const bool any =
      std::any_of(headers.begin(), headers.end(), [&](const HTTPHeaders::Field& field) {
        return is_clients_field(request, field.name, authenticated);
      });
  if (!any) {
    out += headers.wire();
    return;
  }
  for (const auto [name, value] : headers) {
    if (!is_clients_field(request, name, authenticated)) append_field(out, name, value);
  }
}

void drop_body(HTTPRequest& request) {
  request.method = "GET";
  request.body.reset();
  request.body_producer = nullptr;
  request.expect_100_continue = false;
  for (const std::string_view name :
       {"Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"}) {
    request.headers.remove(name);
  }
}

void drop_credentials(HTTPRequest& request) {
  request.auth_username.reset();
  request.auth_password.reset();
  for (const std::string_view name : {"Authorization", "Cookie", "Proxy-Authorization"}) {
    request.headers.remove(name);
  }
}

}  // namespace

void fill_defaults(HTTPRequest& request, const HTTPRequest& defaults) {
  fill(request.auth_username, defaults.auth_username);
  fill(request.auth_password, defaults.auth_password);
  fill(request.auth_mode, defaults.auth_mode);
  fill(request.connect_timeout, defaults.connect_timeout);
  fill(request.request_timeout, defaults.request_timeout);
  fill(request.if_modified_since, defaults.if_modified_since);
  fill(request.follow_redirects, defaults.follow_redirects);
  fill(request.max_redirects, defaults.max_redirects);
  fill(request.user_agent, defaults.user_agent);
  fill(request.decompress_response, defaults.decompress_response);
  fill(request.allow_nonstandard_methods, defaults.allow_nonstandard_methods);
  fill(request.expect_100_continue, defaults.expect_100_continue);
  fill(request.pass_request_id, defaults.pass_request_id);
  fill(request.network_interface, defaults.network_interface);
  fill(request.allow_ipv6, defaults.allow_ipv6);
  fill(request.validate_cert, defaults.validate_cert);
  fill(request.ca_certs, defaults.ca_certs);
  fill(request.client_cert, defaults.client_cert);
  fill(request.client_key, defaults.client_key);
  fill(request.ssl_options, defaults.ssl_options);
  fill(request.streaming_callback, defaults.streaming_callback);
  fill(request.header_callback, defaults.header_callback);
  fill(request.proxy_host, defaults.proxy_host);
  fill(request.proxy_port, defaults.proxy_port);
  fill(request.proxy_username, defaults.proxy_username);
  fill(request.proxy_password, defaults.proxy_password);
  fill(request.proxy_auth_mode, defaults.proxy_auth_mode);
  fill(request.prepare_curl_callback, defaults.prepare_curl_callback);
  httputil::HTTPHeaders added;
  for (const auto [name, value] : defaults.headers) {
    if (!request.headers.contains(name)) added.add(name, value);
  }
  for (const auto [name, value] : added) request.headers.add(name, value);
}

void add_request_id(HTTPRequest& request) {
  if (request.headers.contains(kRequestIdField)) return;
  for (const core::Context* at = core::thread_state.context; at != nullptr; at = at->outer()) {
    if (const std::string* const id = at->request_id()) {
      request.headers.set(kRequestIdField, *id);
      return;
    }
  }
}

std::shared_ptr<const HTTPRequest> with_ascii_host(std::shared_ptr<const HTTPRequest> request) {
  if (!has_international_host(request->url)) return request;
  auto copy = std::make_shared<HTTPRequest>(*request);
  if (const std::string reason = encode_host(copy->url); !reason.empty()) {
    throw std::invalid_argument(reason + ": " + request->url);
  }
  return copy;
}

std::optional<Credentials> credentials(const HTTPRequest& request, const ClientUrl& url) {
  if (request.auth_username) {
    return Credentials{*request.auth_username, request.auth_password.value_or("")};
  }
  if (!url.has_userinfo) return std::nullopt;
  return Credentials{escape::url_unescape(url.username, false),
                     escape::url_unescape(url.password, false)};
}

void check_sendable(const HTTPRequest& request) {
  if (!is_token(request.method)) throw std::invalid_argument("the method is not a token");
  if (!is_standard(request.method) && !request.allow_nonstandard_methods.value_or(false)) {
    throw std::invalid_argument("unknown method " + request.method);
  }
  if (request.method == "CONNECT") throw std::invalid_argument("CONNECT is not supported");
  check_body(request);
  if (request.headers.contains("Transfer-Encoding")) {
    throw std::invalid_argument("Transfer-Encoding is set by the client, not by the request");
  }
  const auto length = request.headers.find("Content-Length");
  if (length && !request.body) {
    if (!request.body_producer) throw std::invalid_argument("Content-Length without a body");
    if (!parse_content_length(*length)) throw std::invalid_argument("invalid Content-Length");
  }
  if (request.user_agent && has_control(*request.user_agent)) {
    throw std::invalid_argument("control character in user_agent");
  }
  // Throws for a year that the field cannot express.
  if (request.if_modified_since) httputil::format_timestamp(*request.if_modified_since);
}

void check_request(const HTTPRequest& request, const ClientUrl& url) {
  check_sendable(request);
  if (request.auth_mode.value_or("basic") != "basic" && credentials(request, url)) {
    throw std::invalid_argument("unsupported auth_mode " + *request.auth_mode);
  }
  if (request.proxy_host) {
    throw std::invalid_argument("proxy_host is not supported by the simple client");
  }
}

bool expects_continue(const HTTPRequest& request) {
  return request.expect_100_continue.value_or(false) &&
         (request.body_producer || (request.body && !request.body->empty()));
}

BodyFraming body_framing(const HTTPRequest& request) {
  if (request.body) return {BodyCoding::kLength, request.body->size()};
  if (!request.body_producer) {
    // RFC 9110 8.6: a method that usually has a body announces an empty one.
    return needs_body(request.method) ? BodyFraming{BodyCoding::kLength, 0} : BodyFraming{};
  }
  const auto length = request.headers.find("Content-Length");
  if (!length) return {BodyCoding::kChunked, 0};
  return {BodyCoding::kLength, parse_content_length(*length).value_or(0)};
}

bool is_clients_field(const HTTPRequest& request, std::string_view name, bool authenticated) {
  return (authenticated && name == "Authorization") || name == "Content-Length" ||
         (request.user_agent && name == "User-Agent") ||
         (request.if_modified_since && name == "If-Modified-Since") ||
         (name == "Expect" && expects_continue(request));
}

BodyFraming append_request_head(std::string& out, const HTTPRequest& request, const ClientUrl& url,
                                bool keep_alive) {
  const HTTPHeaders& headers = request.headers;
  const BodyFraming framing = body_framing(request);
  const auto authorization = credentials(request, url);
  out.append(request.method).append(" ");
  append_target(out, url.path_and_query);
  out.append(" HTTP/1.1\r\n");
  append_own_fields(out, request, authorization.has_value());
  if (request.if_modified_since) {
    append_field(out, "If-Modified-Since", httputil::format_timestamp(*request.if_modified_since));
  }
  if (!keep_alive && !headers.contains("Connection")) out += "Connection: close\r\n";
  if (!headers.contains("Host")) append_field(out, "Host", url.authority);
  if (authorization) {
    append_field(out, "Authorization",
                 "Basic " + base64_encode(httputil::encode_username_password(
                                authorization->username, authorization->password)));
  }
  if (request.user_agent) {
    append_field(out, "User-Agent", *request.user_agent);
  } else if (!headers.contains("User-Agent")) {
    out.append("User-Agent: ").append(kUserAgent).append(kVersion).append("\r\n");
  }
  if (expects_continue(request)) out += "Expect: 100-continue\r\n";
  if (framing.coding == BodyCoding::kLength) {
    append_field(out, "Content-Length", std::to_string(framing.length));
  }
  if (request.method == "POST" && !headers.contains("Content-Type")) {
    out += "Content-Type: application/x-www-form-urlencoded\r\n";
  }
  if (request.decompress_response.value_or(true) && !headers.contains("Accept-Encoding")) {
    out += "Accept-Encoding: gzip\r\n";
  }
  if (framing.coding == BodyCoding::kChunked) out += "Transfer-Encoding: chunked\r\n";
  out += "\r\n";
  return framing;
}

bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET",    "HEAD",  "OPTIONS",
                                                               "DELETE", "TRACE", "PUT"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool is_redirect(int code) {
  return (code >= 301 && code <= 303) || code == 307 || code == 308;
}

std::shared_ptr<HTTPRequest> redirected(const HTTPRequest& request, const ClientUrl& url, int code,
                                        std::string_view location) {
  const bool becomes_get = (code == 303 && request.method != "HEAD") ||
                           ((code == 301 || code == 302) && request.method == "POST");
  if (!becomes_get && request.body_producer) return nullptr;
  auto next = std::make_shared<HTTPRequest>(request);
  next->url = join_url(request.url, location);
  if (has_international_host(next->url)) {
    // RFC 9110 10.2.2 does not allow such a Location, but servers send it. If the host does not
    // exist, the url cannot be fetched.
    [[maybe_unused]] const std::string reason = encode_host(next->url);
  }
  next->headers.remove("Host");
  if (becomes_get) drop_body(*next);
  ClientUrl target;
  const char* reason = parse_client_url(next->url, target);
  if (reason != nullptr || !same_origin(url, target)) drop_credentials(*next);
  return next;
}

}  // namespace tornado::http
