// Public header: logging people in by way of another service: OpenID 2.0, OAuth 1.0a (RFC 5849) and
// OAuth 2.0 (RFC 6749, 9700). Mirrors tornado.auth.
//
// The classes are mixins: a handler derives from RequestHandler and from one of them. The same
// handler sends the browser to the service, and gets it back from there:
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
// Functions that give a tornado::json need <tornado/json.h>. Where the services are, and how they
// differ from the standards, say virtual functions, which are Tornado's class attributes by their
// names in small letters: a handler that overrides them talks to another service, or in a test to
// one of its own.
//
// What goes wrong is an AuthError. One that leaves the handler is an error page: 403 if the person
// has not been authenticated, 502 or 504 if the service has failed. A handler and its mixin live
// until their coroutines have ended, also if the client leaves.
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

// Names and values, as httputil::url_concat takes them: what goes into a query or a form.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// A tornado::json, which converts to it: what a service says of somebody.
using User = core::JsonBox;

// The person was not authenticated, or the service did not answer as it should. Tornado: AuthError;
// there, errors of the HTTP client and of JSON come as they are.
class AuthError : public web::HTTPError {
 public:
  explicit AuthError(std::string message, int error_status_code = 403);

  // What the service calls it: "access_denied" (RFC 6749 4.1.2.1, 5.2). Empty if it says nothing.
  std::string error;
  // The status that the service answered with; 0 if there was no answer, or none was asked for.
  int service_status = 0;
  // Why there is no answer: the httpclient::HTTPClientError. Null otherwise.
  std::exception_ptr cause;
};

// A key and its secret: a program's, or those of a token (RFC 5849 1.1).
struct OAuthToken {
  OAuthToken() {}
  OAuthToken(std::string token_key, std::string token_secret, Parameters others = {})
      : key(std::move(token_key)), secret(std::move(token_secret)), more(std::move(others)) {}
  // user["access_token"] of what OAuthMixin::get_authenticated_user() gave. Throws the library's
  // exceptions for a json that is no such object.
  template <class J>
    requires requires(const J& token) { core::JsonText<J>::object_text(token); }
  OAuthToken(const J& token)
      : OAuthToken(token.at("key").template get<std::string>(),
                   token.at("secret").template get<std::string>()) {}

  std::string key;
  std::string secret;
  Parameters more;  // what else the service sends with it, such as Twitter's user_id
};

// What all mixins have.
class AuthMixin {
 public:
  AuthMixin(const AuthMixin&) = delete;
  AuthMixin& operator=(const AuthMixin&) = delete;

 protected:
  AuthMixin() = default;
  virtual ~AuthMixin();

  // The client for requests to the service. The default is the loop's own. Include
  // <tornado/httpclient.h> to override it. Tornado: get_auth_http_client, and the argument
  // http_client.
  virtual httpclient::AsyncHTTPClient get_auth_http_client();

  // The handler that this is a part of. Throws std::logic_error if it is no RequestHandler.
  web::RequestHandler& auth_handler();
};

// ---- OpenID 2.0 ---------------------------------------------------------------------------------

// OpenID 2.0 with Attribute Exchange. Few services are left that speak it. Tornado: OpenIdMixin.
class OpenIdMixin : public AuthMixin {
 public:
  // Sends the browser to the service, and finishes. It comes back to `callback_uri`, which may be
  // relative and is this page unless given, with the argument openid.mode. `ax_attrs` are the
  // attributes to ask for: "name", "email", "language", "username"; any other throws
  // std::invalid_argument.
  void authenticate_redirect(const std::string& callback_uri = {},
                             const std::vector<std::string>& ax_attrs = {"name", "email",
                                                                         "language", "username"});

  // In the handler that the browser comes back to: asks the service whether the request is its own
  // word, and gives what it says of the person: claimed_id, name, first_name, last_name, email,
  // locale, username, as far as they are there.
  //
  // Only fields that the service has signed count, and only if they are for this page (OpenID
  // Authentication 2.0 section 11); Tornado looks at neither. Fails with AuthError: 403 if the
  // person has cancelled, or the service does not know of it.
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

// OAuth 1.0a, and 1.0 for services that know no better. TwitterMixin is an example. Requests for
// tokens are POSTs with an Authorization field (RFC 5849 2.1, 3.5.1); Tornado's are GETs with a
// query. Tornado: OAuthMixin.
class OAuthMixin : public AuthMixin {
 public:
  // Gets a request token from the service, puts it into the cookie _oauth_request_token, sends the
  // browser to the service, and finishes. It comes back to `callback_uri`, which may be relative,
  // or to what the service knows if that is empty. "oob", out of band: nobody comes back, and the
  // response's body is the URL where people have to go. `extra_params` are sent, and signed, with
  // the request for the token.
  //
  // Await it. Fails with std::logic_error for a callback_uri if oauth_no_callbacks(), and with
  // AuthError (403) if the service has just sent the browser back with `denied`, as Twitter does.
  Future<void> authorize_redirect(std::string callback_uri = {}, Parameters extra_params = {});

  // In the handler that the browser comes back to, with the argument oauth_token: takes the cookie,
  // which is then cleared, and gets an access token. Gives what oauth_get_user_future() says, with
  // "access_token" added: {"key": ..., "secret": ...} and what else came with it.
  template <class Use = void>
  Future<core::Json<Use>> get_authenticated_user() {
    const User user = co_await oauth_user();
    co_return user.as<core::Json<Use>>();
  }

  // The parameters that make a request one of the person who owns `access_token`, signature
  // included: send them with it. `parameters` are those of its query and of its form, except those
  // that `url` has itself. Tornado: _oauth_request_parameters.
  Parameters oauth_request_parameters(const std::string& url, const OAuthToken& access_token,
                                      const Parameters& parameters = {},
                                      const std::string& method = "GET");

 protected:
  // Tornado: _OAUTH_REQUEST_TOKEN_URL, _OAUTH_AUTHORIZE_URL, _OAUTH_ACCESS_TOKEN_URL.
  virtual std::string oauth_request_token_url() const = 0;
  virtual std::string oauth_authorize_url() const = 0;
  virtual std::string oauth_access_token_url() const = 0;
  // "1.0a" or "1.0", which cannot tell whether the person who comes back is the one who left.
  // Tornado: _OAUTH_VERSION.
  virtual std::string oauth_version() const { return "1.0a"; }
  // The service wants to know the callback beforehand. Tornado: _OAUTH_NO_CALLBACKS.
  virtual bool oauth_no_callbacks() const { return false; }
  // The program's own key. Tornado: _oauth_consumer_token.
  virtual OAuthToken oauth_consumer_token() = 0;
  // Asks the service who owns the token: a coroutine that returns a JSON object. Tornado:
  // _oauth_get_user_future.
  virtual Future<User> oauth_get_user_future(OAuthToken access_token) = 0;

  // Asks for a request token, and sends the browser to `authorize_url`.
  Future<void> oauth_redirect(std::string authorize_url, std::string callback_uri,
                              Parameters extra_params);

 private:
  Future<User> oauth_user();
};

// Twitter, by its API 1.1. The settings `twitter_consumer_key` and `twitter_consumer_secret` are in
// Settings::extra. Tornado: TwitterMixin.
class TwitterMixin : public OAuthMixin {
 public:
  // As authorize_redirect(), for logging in: who has agreed before is sent back without a question.
  Future<void> authenticate_redirect(std::string callback_uri = {});

  // What the service answers for `path`, such as "/statuses/user_timeline", or for a URL: a POST if
  // there are `post_args`, an empty list too. `args` are the query's. Signed, unless the token's
  // key is empty. With g++ 12, name the lists before the co_await.
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
  // /account/verify_credentials, with "username" added, which is "screen_name".
  Future<User> oauth_get_user_future(OAuthToken access_token) override;

 private:
  Future<User> request_twitter(std::string path, OAuthToken access_token,
                               std::optional<Parameters> post_args, Parameters args);
};

// ---- OAuth 2.0 ----------------------------------------------------------------------------------

// Where the browser is sent to, and with what. Empty: it is not sent.
struct AuthorizeOptions {
  std::string redirect_uri = {};  // absolute, as the service knows it
  std::string client_id = {};
  Parameters extra_params = {};
  std::vector<std::string> scope = {};
  std::string response_type = "code";
};

// OAuth 2.0 with an authorization code. GoogleOAuth2Mixin is an example. Tornado: OAuth2Mixin.
class OAuth2Mixin : public AuthMixin {
 public:
  // Sends the browser to the service, and finishes. Throws AuthError (403) instead if the service
  // has just sent it back to this page with an error, so that nobody is sent to and fro who has
  // said no.
  void authorize_redirect(const AuthorizeOptions& options = {});

  // The URL that gives a token for `code`, for services that want a GET, as Facebook once did. What
  // is empty is left out. Others want oauth_fetch_token(): a secret in a URL ends in logs. Tornado:
  // _oauth_request_token_url.
  std::string oauth_request_token_url(const std::string& redirect_uri, const std::string& client_id,
                                      const std::string& client_secret, const std::string& code,
                                      const Parameters& extra_params = {}) const;

  // For mixins of services: what the service gives for `code`, which is an object with
  // "access_token", a string. A POST (RFC 6749 4.1.3). Checks first what oauth_use_state() and
  // oauth_use_pkce() ask for. Fails with AuthError: 403 if the service does not take the code.
  // Not in Tornado.
  template <class Use = void>
  Future<core::Json<Use>> oauth_fetch_token(std::string redirect_uri, std::string client_id,
                                            std::string client_secret, std::string code) {
    const User token = co_await oauth2_token(std::move(redirect_uri), std::move(client_id),
                                             std::move(client_secret), std::move(code));
    co_return token.as<core::Json<Use>>();
  }

  // What the service answers for `url`: a POST if there are `post_args`, an empty list too; `args`
  // are added to the query. `access_token` is sent as an Authorization field, unless it is empty
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
  // Whether the browser that comes back has to be the one that left: authorize_redirect() puts a
  // random `state` into the URL and into the cookie _oauth2_state, and who comes back without the
  // two of them is refused (RFC 9700 2.1). Otherwise anybody can make a link that logs people into
  // an account of his own. On; Tornado has none. Turn it off to send and check a `state` of your
  // own: with both, authorize_redirect() throws std::invalid_argument.
  virtual bool oauth_use_state() const { return true; }
  // Whether the code is of use only to the browser that asked for it: PKCE (RFC 7636), with S256.
  // Its secret is in the same cookie. On; Tornado has none. A service that does not know it ignores
  // it (RFC 6749 3.1). Turn it off for a service that refuses it, and if you exchange the code
  // without oauth_fetch_token() or get_authenticated_user(), which send the secret.
  virtual bool oauth_use_pkce() const { return true; }
  // Sends access tokens as Tornado does, in the query, to services that look nowhere else.
  virtual bool oauth_token_in_query() const { return false; }

  // What oauth_fetch_token() and oauth2_request() are made of.
  Future<User> oauth2_token(std::string redirect_uri, std::string client_id,
                            std::string client_secret, std::string code);
  Future<User> oauth2_answer(std::string url, std::string access_token,
                             std::optional<Parameters> post_args, Parameters args);

 private:
  Parameters new_state();
  std::string take_code_verifier();
};

// Google. The settings `google_oauth_key` and `google_oauth_secret` are in Settings::extra.
// Tornado: GoogleOAuth2Mixin, with the setting google_oauth.
class GoogleOAuth2Mixin : public OAuth2Mixin {
 public:
  // In the handler that the browser comes back to, with the argument code: gives an object with
  // "access_token", and what else Google sends. For the person, ask oauth_userinfo_url().
  // `redirect_uri` is the one that authorize_redirect() had.
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
  // The settings are this and "_key", and this and "_secret". Tornado: _OAUTH_SETTINGS_KEY.
  virtual std::string oauth_settings_key() const { return "google_oauth"; }

 private:
  Future<User> google_token(std::string redirect_uri, std::string code);
};

// Facebook's Graph API. Tornado: FacebookGraphMixin.
class FacebookGraphMixin : public OAuth2Mixin {
 public:
  // In the handler that the browser comes back to, with the argument code: gives the person's id,
  // name, first_name, last_name, locale, picture, link and `extra_fields`, null where Facebook does
  // not say; "access_token"; and "session_expires", seconds, as text.
  template <class Use = void>
  Future<core::Json<Use>> get_authenticated_user(
      std::string redirect_uri, std::string client_id, std::string client_secret, std::string code,
      std::vector<std::string> extra_fields = std::vector<std::string>()) {
    const User user =
        co_await facebook_user(std::move(redirect_uri), std::move(client_id),
                               std::move(client_secret), std::move(code), std::move(extra_fields));
    co_return user.as<core::Json<Use>>();
  }

  // oauth2_request() for a path, such as "/me/feed".
  template <class Use = void>
  Future<core::Json<Use>> facebook_request(std::string path,
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
