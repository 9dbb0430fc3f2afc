// What every template of a handler finds.
#include <tornado/template.h>
#include <tornado/web.h>

#include <optional>

#include "web/application_state.h"
#include "web/handler_response.h"
#include "web/template_locale.h"

namespace tornado::web {
namespace {

using template_::Arguments;
using template_::RenderError;
using template_::Value;

// A user of the program's own type is shown only if a handler's get_template_namespace() says how.
class OpaqueUser final : public template_::Object {
 public:
  bool attribute(std::string_view, Value&) const override { return false; }
  std::string_view type_name() const override { return "user"; }
};

Value user_value(const CurrentUser& user) {
  if (!user) return nullptr;
  if (const auto* name = user.get_if<std::string>()) return *name;
  if (const auto* number = user.get_if<int>()) return *number;
  if (const auto* number = user.get_if<long>()) return *number;
  if (const auto* number = user.get_if<long long>()) return *number;
  if (const auto* value = user.get_if<Value>()) return *value;
  return Value::object(new OpaqueUser);
}

Value headers_value(const httputil::HTTPHeaders& headers) {
  std::vector<Value::Pair> items;
  for (const auto& [name, value] : headers.get_all()) items.emplace_back(name, value);
  return Value::dict(std::move(items));
}

class RequestObject final : public template_::Object {
 public:
  explicit RequestObject(const httputil::HTTPServerRequest& request) : request_(request) {}
  std::string_view type_name() const override { return "HTTPServerRequest"; }
  bool attribute(std::string_view name, Value& result) const override {
    using Request = httputil::HTTPServerRequest;
    struct Field {
      std::string_view name;
      std::string Request::* member;
    };
    constexpr Field kFields[] = {
        {"method", &Request::method},      {"uri", &Request::uri},
        {"path", &Request::path},          {"query", &Request::query},
        {"version", &Request::version},    {"host", &Request::host},
        {"body", &Request::body},          {"protocol", &Request::protocol},
        {"remote_ip", &Request::remote_ip}};
    for (const Field& field : kFields) {
      if (field.name != name) continue;
      result = request_.*field.member;
      return true;
    }
    if (name == "headers") {
      result = headers_value(request_.headers);
    } else if (name == "full_url") {
      result = [&request = request_]() { return request.full_url(); };
    } else {
      return false;
    }
    return true;
  }

 private:
  const httputil::HTTPServerRequest& request_;
};

Value reverse_url_function(const RequestHandler& handler) {
  return [&handler](const Arguments& arguments) -> Value {
    if (arguments.positional.empty()) throw RenderError("TypeError", "reverse_url() wants a name");
    std::vector<std::string> values;
    for (std::size_t i = 1; i < arguments.positional.size(); ++i) {
      values.push_back(arguments.positional[i].str());
    }
    const auto name = arguments.positional[0].get<std::string>();
    const std::optional<std::string> url = handler.application.reverse(name, values);
    if (!url) throw RenderError("KeyError", name + " not found in named urls");
    return *url;
  };
}

// static_url(path, include_host=None, include_version=True)
Value static_url_function(const RequestHandler& handler) {
  return [&handler](const Arguments& arguments) -> Value {
    const auto& given = arguments.positional;
    if (given.empty() || given.size() > 2)
      throw RenderError("TypeError", "static_url() wants a path");
    const Value* host = given.size() > 1 ? &given[1] : arguments.find("include_host");
    const Value* version = arguments.find("include_version");
    return handler.static_url(given[0].get<std::string>(),
                              host == nullptr ? std::nullopt : host->get<std::optional<bool>>(),
                              version == nullptr || version->truth());
  };
}

class HandlerObject final : public template_::Object {
 public:
  explicit HandlerObject(RequestHandler& handler) : handler_(handler) {}
  std::string_view type_name() const override { return "RequestHandler"; }
  bool attribute(std::string_view name, Value& result) const override {
    if (name == "request") {
      result = Value::object(new RequestObject(handler_.request));
    } else if (name == "settings") {
      result = handler_.settings().extra;
    } else if (name == "current_user") {
      result = user_value(handler_.current_user());
    } else if (name == "locale") {
      result = detail::locale_value(handler_);
    } else if (name == "xsrf_token") {
      result = handler_.xsrf_token();
    } else if (name == "xsrf_form_html") {
      result = [&handler = handler_]() { return handler.xsrf_form_html(); };
    } else if (name == "reverse_url") {
      result = reverse_url_function(handler_);
    } else if (name == "static_url") {
      result = static_url_function(handler_);
    } else if (name == "path_args") {
      result = handler_.path_args();
    } else if (name == "get_argument") {
      result = [&handler = handler_](const std::string& argument, std::optional<Value> fallback) {
        const auto values = handler.get_arguments(argument);
        if (values.empty() && !fallback) throw MissingArgumentError(argument);
        return values.empty() ? *fallback : Value(values.back());
      };
    } else if (name == "get_arguments") {
      result = [&handler = handler_](const std::string& argument) {
        return handler.get_arguments(argument);
      };
    } else {
      return false;
    }
    return true;
  }

 private:
  RequestHandler& handler_;
};

}  // namespace

template_::Value detail::handler_value(RequestHandler& handler) {
  return Value::object(new HandlerObject(handler));
}

template_::Namespace RequestHandler::get_template_namespace() {
  auto& modules = response().modules;
  if (modules == nullptr) modules = tornado::detail::make_owned<detail::PageModules>(*this);
  template_::Namespace names = {
      {"handler", detail::handler_value(*this)},
      {"request", Value::object(new RequestObject(request))},
      {"current_user", user_value(current_user())},
      {"locale", detail::locale_value(*this)},
      {"_", detail::translate_function(*this)},
      {"pgettext", detail::pgettext_function(*this)},
      {"xsrf_form_html", [this]() { return xsrf_form_html(); }},
      {"reverse_url", reverse_url_function(*this)},
      {"static_url", static_url_function(*this)},
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
