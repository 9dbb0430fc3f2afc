// OAuth 2.0 (RFC 6749, 7636, 9700): Google and Facebook.
#include <algorithm>
#include <stdexcept>

#include "base/text/base64.h"
#include "base/text/hex.h"
#include "web/auth/service.h"
#include "web/handler/crypto.h"

namespace tornado::auth {
namespace {

constexpr const char* kStateCookie = "_oauth2_state";
constexpr std::size_t kStateBytes = 32;

void add(Parameters& parameters, const char* name, const std::string& value) {
  if (!value.empty()) parameters.emplace_back(name, value);
}

// RFC 4648 5, without padding.
std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// The parameters with which the service sent the browser back (RFC 6749 4.1.2.1).
AuthError denial(web::RequestHandler& handler) {
  const std::string error = handler.get_query_argument("error");
  const std::string words = handler.get_query_argument("error_description", "");
  AuthError denied("the service sent the browser back: " + printable(error) +
                   (words.empty() ? "" : " (" + printable(words) + ")"));
  denied.error = error;
  return denied;
}

std::string path_of(std::string_view url) {
  const auto host = url.find("://");
  if (host == url.npos) return std::string(url.substr(0, url.find_first_of("?#")));
  const auto path = url.find_first_of("/?#", host + 3);
  if (path == url.npos || url[path] != '/') return "/";
  return std::string(url.substr(path, url.find_first_of("?#", path) - path));
}

// The service rejected the code: a client error. Any other failure is between the service and the
// program.
Future<HTTPResponse> exchange_code(httpclient::AsyncHTTPClient client,
                                   httpclient::HTTPRequest request) {
  try {
    co_return co_await ask_service(std::move(client), std::move(request));
  } catch (AuthError& error) {
    if (error.error == "invalid_grant") error.status_code = 403;
    throw;
  }
}

}  // namespace

void OAuth2Mixin::authorize_redirect(const AuthorizeOptions& options) {
  web::RequestHandler& handler = auth_handler();
  const bool comes_back_here =
      options.redirect_uri.empty() || path_of(options.redirect_uri) == handler.request.path;
  if (comes_back_here && !handler.get_query_argument("error", "").empty()) throw denial(handler);
  const auto is_state = [](const auto& parameter) { return parameter.first == "state"; };
  if (oauth_use_state() && std::ranges::any_of(options.extra_params, is_state)) {
    throw std::invalid_argument("extra_params has a state: override oauth_use_state() to send it");
  }
  Parameters args = {{"response_type", options.response_type}};
  add(args, "redirect_uri", options.redirect_uri);
  add(args, "client_id", options.client_id);
  args.insert(args.end(), options.extra_params.begin(), options.extra_params.end());
  std::string scope;
  for (const std::string& part : options.scope) scope += (scope.empty() ? "" : " ") + part;
  add(args, "scope", scope);
  const Parameters state = new_state();
  args.insert(args.end(), state.begin(), state.end());
  handler.redirect(httputil::url_concat(oauth_authorize_url(), args));
}

std::string OAuth2Mixin::oauth_request_token_url(const std::string& redirect_uri,
                                                 const std::string& client_id,
                                                 const std::string& client_secret,
                                                 const std::string& code,
                                                 const Parameters& extra_params) const {
  Parameters args;
  add(args, "redirect_uri", redirect_uri);
  add(args, "code", code);
  add(args, "client_id", client_id);
  add(args, "client_secret", client_secret);
  args.insert(args.end(), extra_params.begin(), extra_params.end());
  return httputil::url_concat(oauth_access_token_url(), args);
}

// The cookie is "STATE.VERIFIER", each of which may be empty.
Parameters OAuth2Mixin::new_state() {
  Parameters args;
  std::string state;
  std::string verifier;
  if (oauth_use_state()) {
    state = base64url(web::random_bytes(kStateBytes));
    args.emplace_back("state", state);
  }
  if (oauth_use_pkce()) {
    verifier = base64url(web::random_bytes(kStateBytes));
    args.emplace_back("code_challenge", base64url(web::sha256(verifier)));
    args.emplace_back("code_challenge_method", "S256");
  }
  if (!args.empty()) {
    web::RequestHandler& handler = auth_handler();
    handler.set_cookie(kStateCookie, state + "." + verifier, login_cookie(handler.request));
  }
  return args;
}

// Checks the state, and returns this browser's verifier; empty without PKCE. Works only once.
std::string OAuth2Mixin::take_code_verifier() {
  if (!oauth_use_state() && !oauth_use_pkce()) return {};
  web::RequestHandler& handler = auth_handler();
  const std::string cookie = handler.get_cookie(kStateCookie, "");
  handler.clear_cookie(kStateCookie);
  const auto dot = cookie.find('.');
  if (dot == cookie.npos) throw AuthError("this browser was not sent to log in: it has no state");
  const std::string state = cookie.substr(0, dot);
  std::string verifier = cookie.substr(dot + 1);
  if (oauth_use_state() && (state.empty() || !web::equal_in_constant_time(
                                                 state, handler.get_query_argument("state", "")))) {
    throw AuthError("the state is not the one that this browser was sent to log in with");
  }
  if (!oauth_use_pkce()) return {};
  if (verifier.empty()) throw AuthError("this browser has no code verifier");
  return verifier;
}

Future<User> OAuth2Mixin::oauth2_token(std::string redirect_uri, std::string client_id,
                                       std::string client_secret, std::string code) {
  if (code.empty()) throw AuthError("the request has no code", 400);
  const std::string verifier = take_code_verifier();
  Parameters form = {{"grant_type", "authorization_code"}, {"code", code}};
  add(form, "redirect_uri", redirect_uri);
  add(form, "client_id", client_id);
  add(form, "client_secret", client_secret);
  add(form, "code_verifier", verifier);
  auto exchanging =
      exchange_code(get_auth_http_client(), form_request(oauth_access_token_url(), form));
  const HTTPResponse response = co_await exchanging;
  json token = json_of(response);
  const std::string* const access = text_at(token, "access_token");
  if (access == nullptr || access->empty()) throw service_error(response, "sent no access token");
  co_return std::move(token);
}

Future<User> OAuth2Mixin::oauth2_answer(std::string url, std::string access_token,
                                        std::optional<Parameters> post_args, Parameters args) {
  if (!access_token.empty() && oauth_token_in_query()) {
    args.insert(args.begin(), {"access_token", access_token});
  }
  url = httputil::url_concat(url, args);
  httpclient::HTTPRequest request(url);
  if (post_args) request = form_request(url, *post_args);
  if (!access_token.empty() && !oauth_token_in_query()) {
    request.headers.set("Authorization", "Bearer " + access_token);
  }
  auto asking = ask_service(get_auth_http_client(), std::move(request));
  const HTTPResponse response = co_await asking;
  co_return json_of(response);
}

// ---- Google -------------------------------------------------------------------------------------

std::string GoogleOAuth2Mixin::oauth_authorize_url() const {
  return "https://accounts.google.com/o/oauth2/v2/auth";
}

std::string GoogleOAuth2Mixin::oauth_access_token_url() const {
  return "https://www.googleapis.com/oauth2/v4/token";
}

std::string GoogleOAuth2Mixin::oauth_userinfo_url() const {
  return "https://www.googleapis.com/oauth2/v1/userinfo";
}

Future<User> GoogleOAuth2Mixin::google_token(std::string redirect_uri, std::string code) {
  const web::RequestHandler& handler = auth_handler();
  const std::string key = oauth_settings_key() + "_key";
  const std::string secret = oauth_settings_key() + "_secret";
  handler.require_setting(key, "Google OAuth");
  handler.require_setting(secret, "Google OAuth");
  const auto& settings = handler.settings().extra;
  return oauth2_token(std::move(redirect_uri), settings.at(key), settings.at(secret),
                      std::move(code));
}

// ---- Facebook -----------------------------------------------------------------------------------

std::string FacebookGraphMixin::oauth_authorize_url() const {
  return "https://www.facebook.com/dialog/oauth";
}

std::string FacebookGraphMixin::oauth_access_token_url() const {
  return "https://graph.facebook.com/oauth/access_token";
}

std::string FacebookGraphMixin::facebook_base_url() const {
  return "https://graph.facebook.com";
}

Future<User> FacebookGraphMixin::facebook_user(std::string redirect_uri, std::string client_id,
                                               std::string client_secret, std::string code,
                                               std::vector<std::string> extra_fields) {
  auto fetching =
      oauth2_token(std::move(redirect_uri), std::move(client_id), client_secret, std::move(code));
  const User fetched = co_await fetching;
  const json& session = fetched.as<json>();
  const std::string token = session.at("access_token").get<std::string>();

  std::vector<std::string> fields = {"id",     "name",    "first_name", "last_name",
                                     "locale", "picture", "link"};
  for (const std::string& field : extra_fields) {
    if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
  }
  std::string names;
  for (const std::string& field : fields) names += (names.empty() ? "" : ",") + field;
  // Proves that the token was not issued to another program.
  const std::string proof = hex_encode(web::hmac_sha256(client_secret, token));
  auto asking = oauth2_answer(facebook_base_url() + "/me", token, std::nullopt,
                              {{"appsecret_proof", proof}, {"fields", names}});
  const User answered = co_await asking;
  const json& said = answered.as<json>();
  if (!said.is_object()) throw AuthError("Facebook sent no data about the person", 502);

  json user = json::object();
  for (const std::string& field : fields) user[field] = said.value(field, json());
  user["access_token"] = token;
  json expires = session.value("expires_in", json());
  if (expires.is_number_integer()) expires = std::to_string(expires.get<std::int64_t>());
  user["session_expires"] = std::move(expires);
  co_return std::move(user);
}

}  // namespace tornado::auth
