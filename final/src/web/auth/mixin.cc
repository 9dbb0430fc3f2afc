// The code that all mixins share.
#include <tornado/auth.h>
#include <tornado/httpclient.h>
#include <tornado/web.h>

#include <stdexcept>

namespace tornado::auth {

AuthError::AuthError(std::string message, int error_status_code)
    : web::HTTPError(error_status_code, std::move(message)) {}

AuthMixin::~AuthMixin() = default;

httpclient::AsyncHTTPClient AuthMixin::get_auth_http_client() {
  return {};
}

web::RequestHandler& AuthMixin::auth_handler() {
  auto* const handler = dynamic_cast<web::RequestHandler*>(this);
  if (handler == nullptr) {
    throw std::logic_error("a class with a mixin of tornado::auth must be a RequestHandler too");
  }
  return *handler;
}

}  // namespace tornado::auth
