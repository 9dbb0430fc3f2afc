// OAuth 1.0a (RFC 5849), and Twitter.
#include <tornado/escape.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <stdexcept>

#include "base/text/base64.h"
#include "base/text/hex.h"
#include "http/client/url.h"
#include "web/auth/oauth_signature.h"
#include "web/auth/service.h"
#include "web/handler/crypto.h"

namespace tornado::auth {
namespace {

constexpr const char* kTokenCookie = "_oauth_request_token";
constexpr const char* kOutOfBand = "oob";
constexpr std::size_t kNonceBytes = 16;

// The parameters of every request (RFC 5849 3.1).
Parameters protocol_parameters(const OAuthToken& consumer, const std::string& token) {
  Parameters parameters = {{"oauth_consumer_key", consumer.key}};
  if (!token.empty()) parameters.emplace_back("oauth_token", token);
  parameters.emplace_back("oauth_signature_method", "HMAC-SHA1");
  parameters.emplace_back("oauth_timestamp", std::to_string(std::time(nullptr)));
  parameters.emplace_back("oauth_nonce", hex_encode(web::random_bytes(kNonceBytes)));
  parameters.emplace_back("oauth_version", "1.0");
  return parameters;
}

Parameters joined(Parameters first, const Parameters& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// A POST of `form`, signed with both secrets.
httpclient::HTTPRequest signed_request(const std::string& url, Parameters oauth,
                                       const Parameters& form, const OAuthToken& consumer,
                                       const std::string& token_secret) {
  const std::string base = signature_base_string("POST", url, joined(oauth, form));
  oauth.emplace_back("oauth_signature", hmac_sha1_signature(base, consumer.secret, token_secret));
  httpclient::HTTPRequest request = form_request(url, form);
  request.headers.set("Authorization", oauth_authorization(oauth));
  return request;
}

// "oauth_token=...&oauth_token_secret=..." (RFC 5849 2.1, 2.3).
OAuthToken token_of(const HTTPResponse& response) {
  OAuthToken token;
  for (auto& [name, value] : escape::parse_qs_bytes(response.body)) {
    if (name == "oauth_token") {
      token.key = std::move(value);
    } else if (name == "oauth_token_secret") {
      token.secret = std::move(value);
    } else {
      token.more.emplace_back(std::move(name), std::move(value));
    }
  }
  if (token.key.empty() || token.secret.empty()) throw service_error(response, "sent no token");
  return token;
}

bool is_confirmed(const OAuthToken& token) {
  return std::ranges::find(token.more, std::pair<std::string, std::string>(
                                           "oauth_callback_confirmed", "true")) != token.more.end();
}

std::string cookie_of(const OAuthToken& token) {
  return base64_encode(token.key) + "|" + base64_encode(token.secret);
}

std::optional<OAuthToken> read_cookie(std::string_view cookie) {
  const auto bar = cookie.find('|');
  if (bar == cookie.npos) return std::nullopt;
  const auto key = base64_decode(cookie.substr(0, bar));
  const auto secret = base64_decode(cookie.substr(bar + 1));
  if (!key || key->empty() || !secret) return std::nullopt;
  return OAuthToken(*key, *secret);
}

json json_of_token(const OAuthToken& token) {
  json object = {{"key", token.key}, {"secret", token.secret}};
  for (const auto& [name, value] : token.more) object[name] = value;
  return object;
}

// Returns the token of the cookie, if it is the one that the browser comes back with.
OAuthToken take_request_token(web::RequestHandler& handler) {
  const std::string key = handler.get_argument("oauth_token");
  const auto cookie = handler.get_cookie(kTokenCookie);
  if (!cookie) throw AuthError("Missing OAuth request token cookie");
  handler.clear_cookie(kTokenCookie);
  const auto token = read_cookie(*cookie);
  if (!token) throw AuthError("the OAuth request token cookie cannot be read");
  if (!web::equal_in_constant_time(token->key, key)) {
    throw AuthError("Request token does not match cookie");
  }
  return *token;
}

// The service rejected the verifier or the token: a client error.
Future<HTTPResponse> exchange(httpclient::AsyncHTTPClient client, httpclient::HTTPRequest request) {
  try {
    co_return co_await ask_service(std::move(client), std::move(request));
  } catch (AuthError& error) {
    if (error.service_status == 401) error.status_code = 403;
    throw;
  }
}

}  // namespace

Future<void> OAuthMixin::authorize_redirect(std::string callback_uri, Parameters extra_params) {
  return oauth_redirect(oauth_authorize_url(), std::move(callback_uri), std::move(extra_params));
}

Future<void> OAuthMixin::oauth_redirect(std::string authorize_url, std::string callback_uri,
                                        Parameters extra_params) {
  web::RequestHandler& handler = auth_handler();
  if (!handler.get_query_argument("denied", "").empty()) {
    throw AuthError("the service sent the browser back: access denied");
  }
  if (!callback_uri.empty() && oauth_no_callbacks()) {
    throw std::logic_error("This service does not support oauth_callback");
  }
  const bool out_of_band = callback_uri == kOutOfBand;
  const bool knows_callbacks = oauth_version() == "1.0a";
  if (!callback_uri.empty() && !out_of_band) {
    callback_uri = http::join_url(handler.request.full_url(), callback_uri);
  }

  const OAuthToken consumer = oauth_consumer_token();
  Parameters oauth = protocol_parameters(consumer, {});
  if (knows_callbacks) {
    oauth.emplace_back("oauth_callback", callback_uri.empty() ? kOutOfBand : callback_uri);
  }
  auto asking = ask_service(get_auth_http_client(), signed_request(oauth_request_token_url(), oauth,
                                                                   extra_params, consumer, {}));
  const HTTPResponse response = co_await asking;
  const OAuthToken token = token_of(response);
  if (knows_callbacks && !is_confirmed(token)) {
    throw service_error(response, "did not confirm the callback: it supports OAuth 1.0 only");
  }

  handler.set_cookie(kTokenCookie, cookie_of(token), login_cookie(handler.request));
  Parameters args = {{"oauth_token", token.key}};
  if (!knows_callbacks && !callback_uri.empty() && !out_of_band) {
    args.emplace_back("oauth_callback", callback_uri);
  }
  const std::string url = httputil::url_concat(authorize_url, args);
  if (out_of_band) {
    handler.set_header("Content-Type", "text/plain; charset=UTF-8");
    handler.finish(url);
  } else {
    handler.redirect(url);
  }
}

Future<User> OAuthMixin::oauth_user() {
  web::RequestHandler& handler = auth_handler();
  const OAuthToken request_token = take_request_token(handler);
  const std::string verifier = handler.get_argument("oauth_verifier", "");
  if (verifier.empty() && oauth_version() == "1.0a") {
    throw AuthError("the request has no oauth_verifier", 400);
  }
  const OAuthToken consumer = oauth_consumer_token();
  Parameters oauth = protocol_parameters(consumer, request_token.key);
  if (!verifier.empty()) oauth.emplace_back("oauth_verifier", verifier);
  auto exchanging =
      exchange(get_auth_http_client(),
               signed_request(oauth_access_token_url(), oauth, {}, consumer, request_token.secret));
  const HTTPResponse response = co_await exchanging;
  const OAuthToken access_token = token_of(response);
  const User answered = co_await oauth_get_user_future(access_token);
  json user = answered.as<json>();
  if (!user.is_object() || user.empty()) throw AuthError("Error getting user", 502);
  user["access_token"] = json_of_token(access_token);
  co_return std::move(user);
}

Parameters OAuthMixin::oauth_request_parameters(const std::string& url,
                                                const OAuthToken& access_token,
                                                const Parameters& parameters,
                                                const std::string& method) {
  const OAuthToken consumer = oauth_consumer_token();
  Parameters oauth = protocol_parameters(consumer, access_token.key);
  const std::string base = signature_base_string(method, url, joined(oauth, parameters));
  oauth.emplace_back("oauth_signature",
                     hmac_sha1_signature(base, consumer.secret, access_token.secret));
  return oauth;
}

// ---- Twitter ------------------------------------------------------------------------------------

std::string TwitterMixin::oauth_request_token_url() const {
  return "https://api.twitter.com/oauth/request_token";
}

std::string TwitterMixin::oauth_authorize_url() const {
  return "https://api.twitter.com/oauth/authorize";
}

std::string TwitterMixin::oauth_access_token_url() const {
  return "https://api.twitter.com/oauth/access_token";
}

std::string TwitterMixin::oauth_authenticate_url() const {
  return "https://api.twitter.com/oauth/authenticate";
}

std::string TwitterMixin::twitter_base_url() const {
  return "https://api.twitter.com/1.1";
}

OAuthToken TwitterMixin::oauth_consumer_token() {
  const web::RequestHandler& handler = auth_handler();
  handler.require_setting("twitter_consumer_key", "Twitter OAuth");
  handler.require_setting("twitter_consumer_secret", "Twitter OAuth");
  const auto& settings = handler.settings().extra;
  return {settings.at("twitter_consumer_key"), settings.at("twitter_consumer_secret")};
}

Future<void> TwitterMixin::authenticate_redirect(std::string callback_uri) {
  return oauth_redirect(oauth_authenticate_url(), std::move(callback_uri), {});
}

Future<User> TwitterMixin::request_twitter(std::string path, OAuthToken access_token,
                                           std::optional<Parameters> post_args, Parameters args) {
  const bool is_url = path.starts_with("http:") || path.starts_with("https:");
  const std::string url =
      httputil::url_concat(is_url ? path : twitter_base_url() + path + ".json", args);
  httpclient::HTTPRequest request(url);
  if (post_args) request = form_request(url, *post_args);
  if (!access_token.key.empty()) {
    const Parameters oauth = oauth_request_parameters(
        url, access_token, post_args.value_or(Parameters()), request.method);
    request.headers.set("Authorization", oauth_authorization(oauth));
  }
  auto asking = ask_service(get_auth_http_client(), std::move(request));
  const HTTPResponse response = co_await asking;
  co_return json_of(response);
}

Future<User> TwitterMixin::oauth_get_user_future(OAuthToken access_token) {
  auto asking =
      request_twitter("/account/verify_credentials", std::move(access_token), std::nullopt, {});
  const User answered = co_await asking;
  json user = answered.as<json>();
  if (user.is_object() && !user.empty()) user["username"] = user.value("screen_name", json());
  co_return std::move(user);
}

}  // namespace tornado::auth
