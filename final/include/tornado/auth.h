// Public header: login through another service: OpenID 2.0, OAuth 1.0a (RFC 5849) and OAuth 2.0
// (RFC 6749, 9700). Mirrors tornado.auth.
//
// The classes are mixins: a handler derives from RequestHandler and from one of them. The same
// handler sends the browser to the service and receives it when it comes back:
//
//   struct LoginHandler : web::RequestHandler, auth::GoogleOAuth2Mixin {
//     Future<void> get() {
//       const std::string code = get_argument("code", "");
//       if (code.empty()) {
//         authorize_redirect({.redirect_uri = kHere, .client_id = kId, .scope = {"email"}});
//         co_return;
//       }
//       const json access = co_await get_authenticated_user(kHere, code);
//       const std::string token = access.at("access_token");
//       const json user = co_await oauth2_request(oauth_userinfo_url(), token);
//       set_signed_cookie("user", user.at("email").get<std::string>());
//       redirect("/");
//     }
//   };
//
// Functions that return a tornado::json need <tornado/json.h>. The addresses of the services and
// their deviations from the standards are virtual functions, named like Tornado's class attributes
// in lower case. Override them to use another service or, in a test, one of your own.
//
// Errors are AuthErrors. One that leaves the handler becomes an error page: 403 if the person has
// not been authenticated, 502 or 504 if the service has failed. A handler and its mixin live until
// their coroutines have ended, even if the client leaves.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/json_box.h>
#include <tornado/core/web_errors.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tornado::httpclient {
class AsyncHTTPClient;
}
namespace tornado::web {
class RequestHandler;
}

namespace tornado::auth {

// Names and values, as httputil::url_concat takes them, for a query or a form.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// A person's data, as the service sends it. Converts to tornado::json.
using User = core::JsonBox;

// The person was not authenticated, or the service did not respond as it should. Tornado:
// AuthError; there, errors of the HTTP client and of JSON are passed through.
class AuthError : public web::HTTPError {
 public:
  explicit AuthError(std::string message, int error_status_code = 403);

  // The service's code for the error: "access_denied" (RFC 6749 4.1.2.1, 5.2). Empty if it sent
  // none.
  std::string error;
  // The status of the service's response; 0 if there was none, or no request was made.
  int service_status = 0;
  // The httpclient::HTTPClientError, if the service sent no response. Null otherwise.
  std::exception_ptr cause;
};

// A key and its secret: those of a program, or of a token (RFC 5849 1.1).
struct OAuthToken {
  OAuthToken() {}
  OAuthToken(std::string token_key, std::string token_secret, Parameters others = {})
      : key(std::move(token_key)), secret(std::move(token_secret)), more(std::move(others)) {}
  // Converts user["access_token"] of the result of OAuthMixin::get_authenticated_user(). Throws the
  // JSON library's exceptions if the json is not such an object.
  template <class J>
    requires requires(const J& token) { core::JsonText<J>::object_text(token); }
  OAuthToken(const J& token)
      : OAuthToken(token.at("key").template get<std::string>(),
                   token.at("secret").template get<std::string>()) {}

  std::string key;     // sent as oauth_token or oauth_consumer_key
  std::string secret;  // signs requests, and is never sent
  Parameters more;     // other values that the service sends with it, such as Twitter's user_id
};

// The base of all mixins.
class AuthMixin {
 public:
  AuthMixin(const AuthMixin&) = delete;
  AuthMixin& operator=(const AuthMixin&) = delete;

 protected:
  AuthMixin() = default;
  virtual ~AuthMixin();

  // Returns the client for requests to the service, by default the loop's own. Include
  // <tornado/httpclient.h> to override it. Tornado: get_auth_http_client, and the argument
  // http_client.
  virtual httpclient::AsyncHTTPClient get_auth_http_client();

  // Returns the handler that this is a part of. Throws std::logic_error if it is not a
  // RequestHandler.
  web::RequestHandler& auth_handler();
};

// ---- OpenID 2.0 ---------------------------------------------------------------------------------

// OpenID 2.0 with Attribute Exchange. Few services still support it. Tornado: OpenIdMixin.
class OpenIdMixin : public AuthMixin {
 public:
  // Redirects the browser to the service, and finishes. The browser comes back, with the argument
  // openid.mode, to `callback_uri`, which may be relative; the default is this page. `ax_attrs` are
  // the attributes to request: "name", "email", "language", "username"; any other throws
  // std::invalid_argument.
  void authenticate_redirect(const std::string& callback_uri = {},
                             const std::vector<std::string>& ax_attrs = {"name", "email",
                                                                         "language", "username"});

  // Call it in the handler that the browser comes back to. Asks the service to confirm the request,
  // and returns what that says about the person: claimed_id, name, first_name, last_name, email,
  // locale, username, as far as they are present.
  //
  // Uses only fields that the service has signed, and only if they are meant for this page (OpenID
  // Authentication 2.0 section 11); Tornado checks neither. Fails with AuthError: 403 if the person
  // has cancelled, or the service does not confirm the request.
  template <class Use = void>
  Future<core::Json<Use>> get_authenticated_user() {
    const User user = co_await openid_user();
    co_return user.as<core::Json<Use>>();
  }

 protected:
  // Tornado: _OPENID_ENDPOINT.
  virtual std::string openid_endpoint() const = 0;

 private:
  Future<User> openid_user();
};

// ---- OAuth 1.0a ---------------------------------------------------------------------------------

// OAuth 1.0a, and 1.0 for services that support only that. TwitterMixin is an example. Requests for
// tokens are POSTs with an Authorization field (RFC 5849 2.1, 3.5.1); Tornado's are GETs with a
// query. Tornado: OAuthMixin.
class OAuthMixin : public AuthMixin {
 public:
  // Requests a token from the service, stores it in the cookie _oauth_request_token, redirects the
  // browser to the service, and finishes. The browser comes back to `callback_uri`, which may be
  // relative; if it is empty, to the URI registered with the service. With "oob" (out of band)
  // nobody comes back, and the response's body is the URL that the person must open. `extra_params`
  // are sent, and signed, with the request for the token.
  //
  // Await it. Fails with std::logic_error if there is a callback_uri and oauth_no_callbacks() is
  // true, and with AuthError (403) if the service has just sent the browser back with `denied`, as
  // Twitter does.
  Future<void> authorize_redirect(std::string callback_uri = {}, Parameters extra_params = {});

  // Call it in the handler that the browser comes back to with the argument oauth_token. Reads and
  // clears the cookie, and requests an access token. Returns the result of oauth_get_user_future()
  // with "access_token" added: {"key": ..., "secret": ...} and other values that came with it.
  template <class Use = void>
  Future<core::Json<Use>> get_authenticated_user() {
    const User user = co_await oauth_user();
    co_return user.as<core::Json<Use>>();
  }

  // Returns the parameters, including the signature, that must be sent with a request on behalf of
  // the person who owns `access_token`. `parameters` are those of the request's query and form,
  // except the ones that are already in `url`. Tornado: _oauth_request_parameters.
  Parameters oauth_request_parameters(const std::string& url, const OAuthToken& access_token,
                                      const Parameters& parameters = {},
                                      const std::string& method = "GET");

 protected:
  // Tornado: _OAUTH_REQUEST_TOKEN_URL, _OAUTH_AUTHORIZE_URL, _OAUTH_ACCESS_TOKEN_URL.
  virtual std::string oauth_request_token_url() const = 0;
  virtual std::string oauth_authorize_url() const = 0;
  virtual std::string oauth_access_token_url() const = 0;
  // Returns "1.0a" or "1.0". With "1.0", a handler cannot tell whether the same person comes back.
  // Tornado: _OAUTH_VERSION.
  virtual std::string oauth_version() const { return "1.0a"; }
  // Returns true if the callback must be registered with the service. Tornado: _OAUTH_NO_CALLBACKS.
  virtual bool oauth_no_callbacks() const { return false; }
  // Returns the program's own key. Tornado: _oauth_consumer_token.
  virtual OAuthToken oauth_consumer_token() = 0;
  // Asks the service who owns the token: a coroutine that returns a JSON object. Tornado:
  // _oauth_get_user_future.
  virtual Future<User> oauth_get_user_future(OAuthToken access_token) = 0;

  // Requests a token, and redirects the browser to `authorize_url`.
  Future<void> oauth_redirect(std::string authorize_url, std::string callback_uri,
                              Parameters extra_params);

 private:
  Future<User> oauth_user();
};

// Twitter, with its API 1.1. Needs `twitter_consumer_key` and `twitter_consumer_secret` in
// Settings::extra. Tornado: TwitterMixin.
class TwitterMixin : public OAuthMixin {
 public:
  // Like authorize_redirect(), but for login: a person who has agreed before is not asked again.
  Future<void> authenticate_redirect(std::string callback_uri = {});

  // Requests `path`, such as "/statuses/user_timeline", or a URL, and returns the response: a POST
  // if there are `post_args`, even if empty. `args` are added to the query. Signed, unless the
  // token's key is empty. With g++ 12, name the lists before the co_await.
  template <class Use = void>
  Future<core::Json<Use>> twitter_request(std::string path, OAuthToken access_token,
                                          std::optional<Parameters> post_args = std::nullopt,
                                          Parameters args = Parameters()) {
    const User answer = co_await request_twitter(std::move(path), std::move(access_token),
                                                 std::move(post_args), std::move(args));
    co_return answer.as<core::Json<Use>>();
  }

 protected:
  std::string oauth_request_token_url() const override;
  std::string oauth_authorize_url() const override;
  std::string oauth_access_token_url() const override;
  // Tornado: _OAUTH_AUTHENTICATE_URL, _TWITTER_BASE_URL.
  virtual std::string oauth_authenticate_url() const;
  virtual std::string twitter_base_url() const;
  OAuthToken oauth_consumer_token() override;
  // Requests /account/verify_credentials, and adds "username", a copy of "screen_name".
  Future<User> oauth_get_user_future(OAuthToken access_token) override;

 private:
  Future<User> request_twitter(std::string path, OAuthToken access_token,
                               std::optional<Parameters> post_args, Parameters args);
};

// ---- OAuth 2.0 ----------------------------------------------------------------------------------

// Where the browser is redirected, and with which parameters. Empty ones are not sent.
struct AuthorizeOptions {
  std::string redirect_uri = {};        // absolute, as registered with the service
  std::string client_id = {};           // the program's, as the service gave it out
  Parameters extra_params = {};         // added to the query, for example {"prompt", "consent"}
  std::vector<std::string> scope = {};  // the rights to ask for; joined with blanks (RFC 6749 3.3)
  std::string response_type = "code";   // "code": the browser returns with an authorization code
};

// OAuth 2.0 with an authorization code. GoogleOAuth2Mixin is an example. Tornado: OAuth2Mixin.
class OAuth2Mixin : public AuthMixin {
 public:
  // Redirects the browser to the service, and finishes. If the service has just sent it back to
  // this page with an error, throws AuthError (403) instead, so that a person who has refused is
  // not redirected back and forth.
  void authorize_redirect(const AuthorizeOptions& options = {});

  // Returns the URL that exchanges `code` for a token, for services that want a GET, as Facebook
  // once did. Empty parameters are omitted. For other services use oauth_fetch_token(), because a
  // secret in a URL ends up in logs. Tornado: _oauth_request_token_url.
  std::string oauth_request_token_url(const std::string& redirect_uri, const std::string& client_id,
                                      const std::string& client_secret, const std::string& code,
                                      const Parameters& extra_params = {}) const;

  // For mixins of services: exchanges `code` for the service's token object, in which
  // "access_token" is a string. A POST (RFC 6749 4.1.3). First makes the checks of
  // oauth_use_state() and oauth_use_pkce(). Fails with AuthError: 403 if the service rejects the
  // code. Not in Tornado.
  template <class Use = void>
  Future<core::Json<Use>> oauth_fetch_token(std::string redirect_uri, std::string client_id,
                                            std::string client_secret, std::string code) {
    const User token = co_await oauth2_token(std::move(redirect_uri), std::move(client_id),
                                             std::move(client_secret), std::move(code));
    co_return token.as<core::Json<Use>>();
  }

  // Requests `url` and returns the response: a POST if there are `post_args`, even if empty; `args`
  // are added to the query. Sends `access_token`, unless it is empty, in an Authorization field
  // (RFC 9700 4.3.2). Tornado puts it into the query, and without it drops `args`. With g++ 12,
  // name the lists before the co_await.
  template <class Use = void>
  Future<core::Json<Use>> oauth2_request(std::string url, std::string access_token = std::string(),
                                         std::optional<Parameters> post_args = std::nullopt,
                                         Parameters args = Parameters()) {
    const User answer = co_await oauth2_answer(std::move(url), std::move(access_token),
                                               std::move(post_args), std::move(args));
    co_return answer.as<core::Json<Use>>();
  }

 protected:
  // Tornado: _OAUTH_AUTHORIZE_URL, _OAUTH_ACCESS_TOKEN_URL.
  virtual std::string oauth_authorize_url() const = 0;
  virtual std::string oauth_access_token_url() const = 0;
  // Returns true, the default, to require that the browser that comes back is the one that left.
  // authorize_redirect() puts a random `state` into the URL and into the cookie _oauth2_state; a
  // browser that comes back without both is rejected (RFC 9700 2.1). Without this, anybody can make
  // a link that logs other people into the attacker's account. Not in Tornado. Turn it off to send
  // and check a `state` of your own: with both, authorize_redirect() throws std::invalid_argument.
  virtual bool oauth_use_state() const { return true; }
  // Returns true, the default, to make the code useful only to the browser that asked for it: PKCE
  // (RFC 7636), with S256. Its secret is in the same cookie. Not in Tornado. A service that does
  // not support it ignores it (RFC 6749 3.1). Turn it off for a service that rejects it, or if you
  // exchange the code without oauth_fetch_token() or get_authenticated_user(), which send the
  // secret.
  virtual bool oauth_use_pkce() const { return true; }
  // Returns true to send access tokens in the query, as Tornado does, for services that look only
  // there.
  virtual bool oauth_token_in_query() const { return false; }

  // The implementations of oauth_fetch_token() and oauth2_request().
  Future<User> oauth2_token(std::string redirect_uri, std::string client_id,
                            std::string client_secret, std::string code);
  Future<User> oauth2_answer(std::string url, std::string access_token,
                             std::optional<Parameters> post_args, Parameters args);

 private:
  Parameters new_state();
  std::string take_code_verifier();
};

// Google. Needs `google_oauth_key` and `google_oauth_secret` in Settings::extra. Tornado:
// GoogleOAuth2Mixin, with the setting google_oauth.
class GoogleOAuth2Mixin : public OAuth2Mixin {
 public:
  // Call it in the handler that the browser comes back to with the argument code. Returns an object
  // with "access_token" and the other values that Google sends. To learn who the person is, request
  // oauth_userinfo_url(). `redirect_uri` must be the one passed to authorize_redirect().
  template <class Use = void>
  Future<core::Json<Use>> get_authenticated_user(std::string redirect_uri, std::string code) {
    const User token = co_await google_token(std::move(redirect_uri), std::move(code));
    co_return token.as<core::Json<Use>>();
  }

 protected:
  std::string oauth_authorize_url() const override;
  std::string oauth_access_token_url() const override;
  // Tornado: _OAUTH_USERINFO_URL.
  virtual std::string oauth_userinfo_url() const;
  // Returns the prefix of the two settings, which end in "_key" and "_secret". Tornado:
  // _OAUTH_SETTINGS_KEY.
  virtual std::string oauth_settings_key() const { return "google_oauth"; }

 private:
  Future<User> google_token(std::string redirect_uri, std::string code);
};

// Facebook's Graph API. Tornado: FacebookGraphMixin.
class FacebookGraphMixin : public OAuth2Mixin {
 public:
  // Call it in the handler that the browser comes back to with the argument code. Returns the
  // person's id, name, first_name, last_name, locale, picture, link and `extra_fields`, null if
  // Facebook does not send them; "access_token"; and "session_expires", in seconds, as text.
  template <class Use = void>
  Future<core::Json<Use>> get_authenticated_user(
      std::string redirect_uri, std::string client_id, std::string client_secret, std::string code,
      std::vector<std::string> extra_fields = std::vector<std::string>()) {
    const User user =
        co_await facebook_user(std::move(redirect_uri), std::move(client_id),
                               std::move(client_secret), std::move(code), std::move(extra_fields));
    co_return user.as<core::Json<Use>>();
  }

  // Calls oauth2_request() for a path, such as "/me/feed".
  template <class Use = void>
  Future<core::Json<Use>> facebook_request(const std::string& path,
                                           std::string access_token = std::string(),
                                           std::optional<Parameters> post_args = std::nullopt,
                                           Parameters args = Parameters()) {
    return oauth2_request<Use>(facebook_base_url() + path, std::move(access_token),
                               std::move(post_args), std::move(args));
  }

 protected:
  std::string oauth_authorize_url() const override;
  std::string oauth_access_token_url() const override;
  // Tornado: _FACEBOOK_BASE_URL.
  virtual std::string facebook_base_url() const;

 private:
  Future<User> facebook_user(std::string redirect_uri, std::string client_id,
                             std::string client_secret, std::string code,
                             std::vector<std::string> extra_fields);
};

}  // namespace tornado::auth
