// The names that every template of a handler can use.
#include <tornado/template.h>
#include <tornado/web.h>

#include <optional>
#include <string>
#include <vector>

#include "web/handler/response.h"
#include "web/page/locale.h"
#include "web/page/modules.h"
#include "web/page/request.h"
#include "web/page/table_object.h"
#include "web/template/arguments.h"

namespace tornado::web {
namespace {

using template_::Arguments;
using template_::RenderError;
using template_::Value;
using template_::detail::Parameters;

// A method as templates call it.
using HandlerMethod = Value (*)(RequestHandler& handler, const Arguments& arguments);

Value bound(RequestHandler& handler, HandlerMethod method) {
  return [&handler, method](const Arguments& arguments) { return method(handler, arguments); };
}

template <auto kMember>
Value call_plain(RequestHandler& handler, const Arguments& arguments) {
  template_::detail::check_arity(arguments, 0, 0);
  return (handler.*kMember)();
}

// reverse_url(name, *args)
Value call_reverse_url(RequestHandler& handler, const Arguments& arguments) {
  if (arguments.positional.empty()) throw RenderError("TypeError", "reverse_url() needs a name");
  std::vector<std::string> values;
  for (std::size_t i = 1; i < arguments.positional.size(); ++i) {
    values.push_back(arguments.positional[i].str());
  }
  const auto name = arguments.positional[0].get<std::string>();
  const std::optional<std::string> url = handler.reverse(name, values);
  if (!url) throw RenderError("KeyError", name + " not found in named urls");
  return *url;
}

// static_url(path, include_host=None, include_version=True)
Value call_static_url(RequestHandler& handler, const Arguments& arguments) {
  const auto& given = arguments.positional;
  if (given.empty() || given.size() > 2)
    throw RenderError("TypeError", "static_url() needs a path");
  const Value* host = given.size() > 1 ? &given[1] : arguments.find("include_host");
  const Value* version = arguments.find("include_version");
  return handler.static_url(given[0].get<std::string>(),
                            host == nullptr ? std::nullopt : host->get<std::optional<bool>>(),
                            version == nullptr || version->truth());
}

// None may be a default too.
Value default_or_none(const Parameters& given, std::size_t index) {
  const Value* fallback = given.find(index, "default");
  return fallback == nullptr ? Value() : *fallback;
}

using Values = std::vector<std::string> (RequestHandler::*)(std::string_view, bool) const;

// get_argument(name, default=..., strip=True), and its variants for the query and the form.
template <Values kValues>
Value call_get_argument(RequestHandler& handler, const Arguments& arguments) {
  const Parameters given(arguments, "get_argument", 3);
  const std::string_view name = given.text(0, "name");
  const std::vector<std::string> values = (handler.*kValues)(name, given.flag_or(2, true, "strip"));
  if (!values.empty()) return values.back();
  if (given.find(1, "default") == nullptr) throw MissingArgumentError(name);
  return default_or_none(given, 1);
}

// get_arguments(name, strip=True)
template <Values kValues>
Value call_get_arguments(RequestHandler& handler, const Arguments& arguments) {
  const Parameters given(arguments, "get_arguments", 2);
  return (handler.*kValues)(given.text(0, "name"), given.flag_or(1, true, "strip"));
}

// get_cookie(name, default=None)
Value call_get_cookie(RequestHandler& handler, const Arguments& arguments) {
  const Parameters given(arguments, "get_cookie", 2);
  const std::optional<std::string> value = handler.get_cookie(given.text(0, "name"));
  return value ? Value(*value) : default_or_none(given, 1);
}

// get_signed_cookie(name, value=None, max_age_days=31, min_version=None)
Value call_get_signed_cookie(RequestHandler& handler, const Arguments& arguments) {
  const Parameters given(arguments, "get_signed_cookie", 4);
  const std::string_view name = given.text(0, "name");
  const Value* value = given.find(1, "value");
  const Value* days = given.find(2, "max_age_days");
  const Value* version = given.find(3, "min_version");
  const double max_age_days = days == nullptr ? 31 : days->get<double>();
  const int min_version = version == nullptr || version->is_none() ? kDefaultSignedValueMinVersion
                                                                   : version->get<int>();
  if (value == nullptr || value->is_none()) {
    return handler.get_signed_cookie(name, max_age_days, min_version);
  }
  handler.require_setting("cookie_secret", "signed cookies");
  return decode_signed_value(handler.settings().cookie_secret, name, value->get<std::string_view>(),
                             max_age_days, min_version);
}

template <HandlerMethod kMethod>
Value method(RequestHandler& handler) {
  return bound(handler, kMethod);
}

using Handler = RequestHandler&;
constexpr detail::AttributeEntry<RequestHandler> kHandlerAttributes[] = {
    {"cookies", [](Handler handler) { return detail::cookies_value(handler.cookies()); }},
    {"current_user", [](Handler handler) { return detail::user_value(handler.current_user()); }},
    {"get_argument", method<call_get_argument<&RequestHandler::get_arguments>>},
    {"get_arguments", method<call_get_arguments<&RequestHandler::get_arguments>>},
    {"get_body_argument", method<call_get_argument<&RequestHandler::get_body_arguments>>},
    {"get_body_arguments", method<call_get_arguments<&RequestHandler::get_body_arguments>>},
    {"get_cookie", method<call_get_cookie>},
    {"get_login_url", method<call_plain<&RequestHandler::get_login_url>>},
    {"get_query_argument", method<call_get_argument<&RequestHandler::get_query_arguments>>},
    {"get_query_arguments", method<call_get_arguments<&RequestHandler::get_query_arguments>>},
    {"get_secure_cookie", method<call_get_signed_cookie>},
    {"get_signed_cookie", method<call_get_signed_cookie>},
    {"get_status", method<call_plain<&RequestHandler::get_status>>},
    {"locale", [](Handler handler) { return detail::locale_value(handler); }},
    {"path_args", [](Handler handler) { return Value(handler.path_args()); }},
    {"path_kwargs", [](Handler handler) { return Value(handler.path_kwargs()); }},
    {"request", [](Handler handler) { return detail::request_value(handler.request); }},
    {"reverse_url", method<call_reverse_url>},
    {"settings", [](Handler handler) { return Value(handler.settings().extra); }},
    {"static_url", method<call_static_url>},
    {"xsrf_form_html", method<call_plain<&RequestHandler::xsrf_form_html>>},
    {"xsrf_token", [](Handler handler) { return Value(handler.xsrf_token()); }}};

}  // namespace

template_::Value detail::handler_value(RequestHandler& handler) {
  return Value::object(new detail::TableObject("RequestHandler", kHandlerAttributes, handler));
}

template_::Namespace RequestHandler::get_template_namespace() {
  auto& modules = response().modules;
  if (modules == nullptr) modules = std::make_unique<detail::PageModules>(*this);
  template_::Namespace names = {
      {"handler", detail::handler_value(*this)},
      {"request", detail::request_value(request)},
      {"current_user", detail::user_value(current_user())},
      {"locale", detail::locale_value(*this)},
      {"_", detail::translate_function(*this)},
      {"pgettext", detail::pgettext_function(*this)},
      {"xsrf_form_html", bound(*this, call_plain<&RequestHandler::xsrf_form_html>)},
      {"reverse_url", bound(*this, call_reverse_url)},
      {"static_url", bound(*this, call_static_url)},
      {"modules", detail::modules_value(*modules)},
      {"_tt_modules", detail::modules_value(*modules)},
  };
  for (const auto& [name, method] : settings().ui_methods) {
    names.set(name, [this, method](const Arguments& arguments) {
      return method->call(*this, arguments);
    });
  }
  return names;
}

}  // namespace tornado::web
