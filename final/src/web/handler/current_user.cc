// The user who sent the request, and access for users only.
#include <tornado/escape.h>
#include <tornado/web.h>

#include <algorithm>
#include <stdexcept>

#include "base/text/ascii.h"
#include "loop/error_text.h"
#include "web/application_state.h"
#include "web/handler/session_state.h"

namespace tornado::web {
namespace {

// "https://..." (RFC 3986 3.1).
bool has_scheme(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  return scheme.size() < url.size() && !scheme.empty() && is_alpha(scheme.front()) &&
         std::all_of(
             scheme.begin(), scheme.end(),
             [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
}

}  // namespace

void detail::throw_other_user_type(const std::type_info& wanted, const std::type_info* stored) {
  throw std::logic_error(std::string("the current user is ") +
                         (stored == nullptr ? "nobody" : "a " + type_name(*stored)) + ", not a " +
                         type_name(wanted));
}

bool authenticated::admits(RequestHandler& handler) {
  handler.require_login();
  return true;
}

CurrentUser RequestHandler::get_current_user() {
  return {};
}

const CurrentUser& RequestHandler::current_user() {
  if (!session_state().user) {
    CurrentUser user = get_current_user();
    session_state().user = std::move(user);
  }
  return *session_state().user;
}

void RequestHandler::set_current_user(CurrentUser user) {
  session_state().user = std::move(user);
}

std::string RequestHandler::get_login_url() const {
  require_setting("login_url", "web::authenticated");
  return settings().login_url;
}

void RequestHandler::require_login() {
  if (current_user()) return;
  if (verb_ != detail::Verb::kGet && verb_ != detail::Verb::kHead) throw HTTPError(403);
  std::string url = get_login_url();
  if (url.find('?') == url.npos) {
    const std::string next = has_scheme(url) ? request.full_url() : request.uri;
    url += "?next=" + escape::url_escape(next);
  }
  redirect(url);
  throw Finish();
}

}  // namespace tornado::web
