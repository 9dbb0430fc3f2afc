// OpenID Authentication 2.0 and Attribute Exchange 1.0, without associations: each assertion is
// verified by asking the service that issued it.
#include <tornado/escape.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/text/ascii.h"
#include "http/client/url.h"
#include "web/auth/service.h"

namespace tornado::auth {
namespace {

constexpr const char* kVersion = "http://specs.openid.net/auth/2.0";
constexpr const char* kAnybody = "http://specs.openid.net/auth/2.0/identifier_select";
constexpr const char* kAttributes = "http://openid.net/srv/ax/1.0";

constexpr const char* kFirstName = "http://axschema.org/namePerson/first";
constexpr const char* kFullName = "http://axschema.org/namePerson";
constexpr const char* kLastName = "http://axschema.org/namePerson/last";
constexpr const char* kEmail = "http://axschema.org/contact/email";
constexpr const char* kLanguage = "http://axschema.org/pref/language";
constexpr const char* kUsername = "http://axschema.org/namePerson/friendly";

// ---- the request --------------------------------------------------------------------------------

Parameters attribute_request(const std::vector<std::string>& names) {
  Parameters args;
  std::string required;
  const auto ask = [&](const std::string& name, const char* type) {
    args.emplace_back("openid.ax.type." + name, type);
    required += (required.empty() ? "" : ",") + name;
  };
  for (const std::string& name : names) {
    if (name == "name") {
      ask("firstname", kFirstName);
      ask("fullname", kFullName);
      ask("lastname", kLastName);
    } else if (name == "email") {
      ask(name, kEmail);
    } else if (name == "language") {
      ask(name, kLanguage);
    } else if (name == "username") {
      ask(name, kUsername);
    } else {
      throw std::invalid_argument("unknown attribute \"" + name + "\"");
    }
  }
  if (args.empty()) return args;
  args.insert(args.begin(), {{"openid.ns.ax", kAttributes}, {"openid.ax.mode", "fetch_request"}});
  args.emplace_back("openid.ax.required", required);
  return args;
}

// ---- the response -------------------------------------------------------------------------------

// The fields of an assertion, without their "openid." prefix.
class Assertion {
 public:
  explicit Assertion(const httputil::Arguments& arguments) {
    for (const auto& [name, values] : arguments) {
      if (name.starts_with(kPrefix)) fields_[name.substr(kPrefix.size())] = values.back();
    }
  }

  // Returns an empty text if there is none.
  std::string get(const std::string& name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? std::string() : found->second;
  }

  // The same, but only if the service has signed the field.
  std::string get_signed(const std::string& name) const {
    const std::string all = "," + get("signed") + ",";
    return all.find("," + name + ",") == all.npos ? std::string() : get(name);
  }

  // Returns the value of an attribute, given the URI of its type.
  std::string attribute(std::string_view type) const {
    for (const auto& [name, value] : fields_) {
      if (!name.starts_with("ns.") || value != kAttributes || get_signed(name).empty()) continue;
      const std::string prefix = name.substr(3) + ".type.";
      for (const auto& [typed, uri] : fields_) {
        if (uri != type || !typed.starts_with(prefix)) continue;
        if (get_signed(typed).empty()) return {};
        return get_signed(name.substr(3) + ".value." + typed.substr(prefix.size()));
      }
    }
    return {};
  }

  // The request that asks the service whether the assertion is genuine.
  Parameters question() const {
    Parameters args;
    for (const auto& [name, value] : fields_) {
      const std::string whole = std::string(kPrefix) + name;
      args.emplace_back(whole, name == "mode" ? "check_authentication" : value);
    }
    return args;
  }

 private:
  static constexpr std::string_view kPrefix = "openid.";
  std::map<std::string, std::string> fields_;
};

// Whether an assertion for `return_to` belongs to this request (11.1): the same page, with every
// parameter of its query.
bool is_for(const httputil::HTTPServerRequest& request, const std::string& return_to) {
  const auto question = std::min(return_to.find('?'), return_to.size());
  if (return_to.substr(0, question) != request.protocol + "://" + request.host + request.path) {
    return false;
  }
  const auto query =
      escape::parse_qs_bytes(question == return_to.size() ? "" : return_to.substr(question + 1));
  return std::ranges::all_of(query, [&](const auto& field) {
    const auto found = request.arguments().find(field.first);
    return found != request.arguments().end() &&
           std::ranges::find(found->second, field.second) != found->second.end();
  });
}

void check(const Assertion& assertion, const httputil::HTTPServerRequest& request,
           const std::string& endpoint) {
  const std::string mode = assertion.get("mode");
  if (mode == "cancel") {
    AuthError cancelled("the service sent the browser back: cancel");
    cancelled.error = mode;
    throw cancelled;
  }
  if (mode != "id_res") throw AuthError("this is not an OpenID response", 400);
  if (!is_for(request, assertion.get_signed("return_to"))) {
    throw AuthError("the OpenID response is not for this page");
  }
  if (assertion.get_signed("op_endpoint") != endpoint) {
    throw AuthError("the OpenID response does not come from " + endpoint);
  }
  if (assertion.get_signed("response_nonce").empty()) {
    throw AuthError("the OpenID response has no signed nonce");
  }
}

// "key:value" lines (4.1.1).
bool has_line(std::string_view body, std::string_view line) {
  const std::string all = "\n" + std::string(body) + "\n";
  return all.find("\n" + std::string(line) + "\n") != all.npos;
}

void put(json& user, const char* name, const std::string& value) {
  if (!value.empty()) user[name] = value;
}

json user_of(const Assertion& assertion) {
  const std::string first = assertion.attribute(kFirstName);
  const std::string last = assertion.attribute(kLastName);
  const std::string email = assertion.attribute(kEmail);
  std::string name = assertion.attribute(kFullName);
  if (name.empty()) name = first + (first.empty() || last.empty() ? "" : " ") + last;
  if (name.empty()) name = email.substr(0, email.find('@'));

  json user = json::object();
  put(user, "first_name", first);
  put(user, "last_name", last);
  put(user, "name", name);
  put(user, "email", email);
  put(user, "locale", lower_case(assertion.attribute(kLanguage)));
  put(user, "username", assertion.attribute(kUsername));
  put(user, "claimed_id", assertion.get_signed("claimed_id"));
  return user;
}

}  // namespace

void OpenIdMixin::authenticate_redirect(const std::string& callback_uri,
                                        const std::vector<std::string>& ax_attrs) {
  web::RequestHandler& handler = auth_handler();
  const std::string here = handler.request.full_url();
  const std::string url = callback_uri.empty() ? here : http::join_url(here, callback_uri);
  Parameters args = {{"openid.ns", kVersion},
                     {"openid.claimed_id", kAnybody},
                     {"openid.identity", kAnybody},
                     {"openid.return_to", url},
                     {"openid.realm", http::join_url(url, "/")},
                     {"openid.mode", "checkid_setup"}};
  const Parameters attributes = attribute_request(ax_attrs);
  args.insert(args.end(), attributes.begin(), attributes.end());
  handler.redirect(httputil::url_concat(openid_endpoint(), args));
}

Future<User> OpenIdMixin::openid_user() {
  const httputil::HTTPServerRequest& request = auth_handler().request;
  const Assertion assertion(request.arguments());
  const std::string endpoint = openid_endpoint();
  check(assertion, request, endpoint);
  auto asking = ask_service(get_auth_http_client(), form_request(endpoint, assertion.question()));
  const HTTPResponse response = co_await asking;
  if (!has_line(response.body, "is_valid:true")) {
    throw AuthError("the service did not confirm the OpenID response");
  }
  co_return user_of(assertion);
}

}  // namespace tornado::auth
