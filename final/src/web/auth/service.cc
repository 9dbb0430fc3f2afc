#include "web/auth/service.h"

#include <tornado/escape.h>

#include <algorithm>
#include <array>

namespace tornado::auth {
namespace {

constexpr int kBadGateway = 502;
constexpr int kGatewayTimeout = 504;
constexpr std::size_t kMostText = 200;        // bytes of a response quoted in a message
constexpr std::int64_t kCookieSeconds = 600;  // the time to log in at the service

// An address for messages, without the parts that may be secret.
std::string address_of(std::string_view url) {
  return std::string(url.substr(0, url.find_first_of("?#")));
}

// {"error": "invalid_grant", "error_description": "..."} of RFC 6749 5.2, or the form that Facebook
// and Google use elsewhere: {"error": {"type": "OAuthException", "message": "..."}}.
void read_json_error(const json& answer, std::string& error, std::string& description) {
  if (!answer.is_object() || !answer.contains("error")) return;
  const json& value = answer.at("error");
  const std::array<const std::string*, 4> texts = {
      text_at(answer, "error"), text_at(answer, "error_description"), text_at(value, "type"),
      text_at(value, "message")};
  const std::string* const name = texts[0] != nullptr ? texts[0] : texts[2];
  const std::string* const words = texts[1] != nullptr ? texts[1] : texts[3];
  if (name != nullptr) error = printable(*name);
  if (words != nullptr) description = printable(*words);
}

AuthError refusal(const HTTPResponse& response) {
  std::string error;
  std::string description = printable(response.body);
  try {
    read_json_error(escape::json_decode(response.body), error, description);
  } catch (const escape::JSONDecodeError&) {
    // No rule requires errors to be JSON.
  }
  std::string message = "answered HTTP " + std::to_string(response.code);
  if (!error.empty()) message += ": " + error;
  if (!description.empty()) message += " (" + description + ")";
  AuthError refused = service_error(response, message);
  refused.error = std::move(error);
  return refused;
}

AuthError no_answer(const std::string& url, const char* problem, int status) {
  AuthError failed(address_of(url) + " did not answer: " + problem, status);
  failed.cause = std::current_exception();
  return failed;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string line(text.substr(0, kMostText));
  std::ranges::replace_if(line, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > kMostText ? line + "..." : line;
}

std::string form_encode(const Parameters& parameters) {
  const std::string query = httputil::url_concat("", parameters);
  return query.empty() ? query : query.substr(1);
}

httpclient::HTTPRequest form_request(std::string url, const Parameters& form) {
  httpclient::HTTPRequest request(std::move(url), "POST");
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = form_encode(form);
  request.follow_redirects = false;
  return request;
}

Future<HTTPResponse> ask_service(httpclient::AsyncHTTPClient client,
                                 httpclient::HTTPRequest request) {
  const std::string url = request.url;
  HTTPResponse response;
  try {
    response = co_await client.fetch(std::move(request), false);
  } catch (const httpclient::HTTPTimeoutError& error) {
    throw no_answer(url, error.what(), kGatewayTimeout);
  } catch (const httpclient::HTTPClientError& error) {
    throw no_answer(url, error.what(), kBadGateway);
  }
  if (response.code < 200 || response.code > 299) throw refusal(response);
  co_return response;
}

json json_of(const HTTPResponse& response) {
  try {
    return escape::json_decode(response.body);
  } catch (const escape::JSONDecodeError& error) {
    throw service_error(response, std::string("answered with invalid JSON: ") + error.what());
  }
}

const std::string* text_at(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return nullptr;
  return object.at(name).get_ptr<const json::string_t*>();
}

AuthError service_error(const HTTPResponse& response, std::string_view message) {
  AuthError error(address_of(response.effective_url) + " " + std::string(message), kBadGateway);
  error.service_status = response.code;
  return error;
}

web::CookieOptions login_cookie(const httputil::HTTPServerRequest& request) {
  return web::CookieOptions()
      .httponly()
      .samesite("Lax")
      .secure(request.protocol == "https")
      .max_age(kCookieSeconds);
}

}  // namespace tornado::auth
