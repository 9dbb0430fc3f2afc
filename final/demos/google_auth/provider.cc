// The service's side of OAuth 2.0's code flow (RFC 6749 4.1) with PKCE (RFC 7636).
#include "provider.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <tornado/escape.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/template.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

using namespace tornado;

namespace provider {

struct Person {
  std::string id;
  std::string name;
  std::string email;
};
TORNADO_FIELDS(Person, id, name, email)

namespace {

constexpr std::size_t kMostGrants = 1000;  // beyond this, the oldest are dropped
constexpr double kCodeSeconds = 60;
constexpr double kTokenSeconds = 3600;
constexpr std::size_t kRandomBytes = 32;

const std::vector<Person> kPeople = {{"1001", "Ada Lovelace", "ada@example.com"},
                                     {"1002", "Grace Hopper", "grace@example.com"}};

// RFC 4648 5, without padding.
std::string base64url(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes,
                                       static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

std::string random_text() {
  std::array<unsigned char, kRandomBytes> bytes;
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("OpenSSL cannot make random bytes");
  }
  return base64url(bytes.data(), bytes.size());
}

namespace {

// The challenge that a code_verifier has to match (RFC 7636 4.6, S256).
std::string challenge_of(std::string_view verifier) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (::EVP_Digest(verifier.data(), verifier.size(), digest.data(), &size, ::EVP_sha256(),
                   nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot make a digest");
  }
  return base64url(digest.data(), size);
}

bool is_secret(std::string_view given, std::string_view secret) {
  return given.size() == secret.size() &&
         ::CRYPTO_memcmp(given.data(), secret.data(), secret.size()) == 0;
}

// ---- grants -------------------------------------------------------------------------------------

// A code or a token: its contents, and the client it was granted to.
struct Grant {
  std::string secret;
  const Person* person = nullptr;
  std::string redirect_uri = {};    // of a code
  std::string code_challenge = {};  // of a code; empty without PKCE
  double expires = 0;
};

// The valid ones. The last is the newest.
class Grants {
 public:
  void add(Grant grant) {
    grants_.push_back(std::move(grant));
    if (grants_.size() > kMostGrants) grants_.pop_front();
  }
  const Grant* find(std::string_view secret) const {
    const auto found = std::ranges::find_if(grants_, [&](const Grant& grant) {
      return is_secret(secret, grant.secret) && ioloop::IOLoop::current().time() < grant.expires;
    });
    return found == grants_.end() ? nullptr : &*found;
  }
  // The same, but removes it: it is valid only once.
  std::optional<Grant> take(std::string_view secret) {
    const Grant* const found = find(secret);
    if (found == nullptr) return std::nullopt;
    Grant grant = *found;
    std::erase_if(grants_, [&](const Grant& other) { return other.secret == grant.secret; });
    return grant;
  }

 private:
  std::deque<Grant> grants_;
};

struct State {
  const Client* client = nullptr;
  Grants codes;
  Grants tokens;
};

struct Handler : web::RequestHandler {
  struct Init {
    std::shared_ptr<State> state;
  };
  void initialize(const Init& init) { state = init.state; }

  std::shared_ptr<State> state;
};

// ---- the page on which people choose ------------------------------------------------------------

struct AuthorizeHandler : Handler {
  void get() {
    check_client();
    if (get_query_argument("response_type", "") != "code") {
      send_back({{"error", "unsupported_response_type"}});
      return;
    }
    const std::string method = get_query_argument("code_challenge_method", "S256");
    if (method != "S256") {
      send_back({{"error", "invalid_request"}, {"error_description", "PKCE is S256 here"}});
      return;
    }
    render("provider.html", {{"people", kPeople}, {"scope", get_query_argument("scope", "")}});
  }

  void post() {
    check_client();
    const std::string choice = get_body_argument("choice");
    const auto person =
        std::ranges::find_if(kPeople, [&](const Person& each) { return each.id == choice; });
    if (person == kPeople.end()) {
      send_back({{"error", "access_denied"}});
      return;
    }
    const Grant code{.secret = random_text(),
                     .person = &*person,
                     .redirect_uri = get_query_argument("redirect_uri"),
                     .code_challenge = get_query_argument("code_challenge", ""),
                     .expires = ioloop::IOLoop::current().time() + kCodeSeconds};
    state->codes.add(code);
    send_back({{"code", code.secret}});
  }

  // A page, not a redirect, because an unknown program may have sent the browser here (RFC 6749
  // 4.1.2.1).
  void check_client() const {
    const Client& client = *state->client;
    if (get_query_argument("client_id") != client.id) throw web::HTTPError(400, "unknown client");
    const std::string there = get_query_argument("redirect_uri");
    const std::string page = ":" + std::to_string(client.port) + client.redirect_path;
    if (there != "http://localhost" + page && there != "http://127.0.0.1" + page) {
      throw web::HTTPError(400, "unknown redirect_uri");
    }
  }

  void send_back(std::vector<std::pair<std::string, std::string>> answer) {
    const std::string given = get_query_argument("state", "", false);
    if (!given.empty()) answer.emplace_back("state", given);
    redirect(httputil::url_concat(get_query_argument("redirect_uri"), answer));
  }
};

// ---- the program's requests ---------------------------------------------------------------------

struct ProgramHandler : Handler {
  void set_default_headers() override { set_header("Cache-Control", "no-store"); }
  void check_xsrf_cookie() override {}  // no browser comes here

  void refuse(int status, const char* error, const char* description) {
    set_status(status);
    finish(json{{"error", error}, {"error_description", description}});
  }
};

// [token]
struct TokenHandler : ProgramHandler {
  void post() {
    const Client& client = *state->client;
    if (get_body_argument("client_id", "") != client.id ||
        !is_secret(get_body_argument("client_secret", ""), client.secret)) {
      return refuse(401, "invalid_client", "Wrong client_id or client_secret.");
    }
    if (get_body_argument("grant_type", "") != "authorization_code") {
      return refuse(400, "unsupported_grant_type", "There are codes only.");
    }
    const auto code = state->codes.take(get_body_argument("code", ""));
    if (!code) return refuse(400, "invalid_grant", "The code is unknown, used or too old.");
    if (code->redirect_uri != get_body_argument("redirect_uri", "")) {
      return refuse(400, "invalid_grant", "The code was given for another redirect_uri.");
    }
    if (!code->code_challenge.empty() &&
        challenge_of(get_body_argument("code_verifier", "")) != code->code_challenge) {
      return refuse(400, "invalid_grant", "The code_verifier does not fit.");
    }
    const Grant token{.secret = random_text(),
                      .person = code->person,
                      .expires = ioloop::IOLoop::current().time() + kTokenSeconds};
    state->tokens.add(token);
    finish(json{{"access_token", token.secret},
                {"token_type", "Bearer"},
                {"expires_in", static_cast<int>(kTokenSeconds)}});
  }
};
// [/token]

struct UserinfoHandler : ProgramHandler {
  void get() {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string field = request.headers.get("Authorization");
    const Grant* const token =
        field.starts_with(kScheme) ? state->tokens.find(field.substr(kScheme.size())) : nullptr;
    if (token == nullptr) {
      set_header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
      return refuse(401, "invalid_token", "The access token is unknown or too old.");
    }
    const Person& person = *token->person;
    finish(json{{"id", person.id},
                {"name", person.name},
                {"email", person.email},
                {"verified_email", true}});
  }
};

}  // namespace

std::vector<web::URLSpec> routes(const Client* client) {
  const auto state = std::make_shared<State>();
  state->client = client;
  const Handler::Init init{.state = state};
  return {
      web::url<AuthorizeHandler>(kAuthorizePath, init),
      web::url<TokenHandler>(kTokenPath, init),
      web::url<UserinfoHandler>(kUserinfoPath, init),
  };
}

}  // namespace provider
