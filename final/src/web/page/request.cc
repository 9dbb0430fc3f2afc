#include "web/page/request.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "web/page/table_object.h"
#include "web/template/value_bodies.h"

namespace tornado::web::detail {
namespace {

using httputil::HTTPServerRequest;
using template_::Value;

// An http.cookies.Morsel, for a cookie of a request.
struct Morsel {
  std::string key;
  std::string value;
};
TORNADO_FIELDS(Morsel, key, value)

// The sender decides how long an upload is: its body is copied only when a template asks for it.
class FileObject final : public template_::Object {
 public:
  explicit FileObject(const httputil::HTTPFile& file) : file_(file) {}
  std::string_view type_name() const override { return "HTTPFile"; }
  bool attribute(std::string_view name, Value& result) const override {
    if (name != "filename" && name != "body" && name != "content_type") return false;
    result = file_[name];
    return true;
  }

 private:
  const httputil::HTTPFile& file_;
};

Value files_value(const httputil::Files& files) {
  std::vector<Value::Pair> items;
  for (const auto& [name, uploads] : files) {
    std::vector<Value> values;
    for (const httputil::HTTPFile& file : uploads) {
      values.push_back(Value::object(new FileObject(file)));
    }
    items.emplace_back(name, Value::list(std::move(values)));
  }
  return Value::dict(std::move(items));
}

Value headers_value(const httputil::HTTPHeaders& headers) {
  using template_::detail::DictBody;
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::map<std::string_view, std::size_t> places;
  for (const auto [name, value] : headers) {
    const auto [place, is_new] = places.emplace(name, fields.size());
    if (is_new) {
      fields.emplace_back(name, value);
    } else {
      fields[place->second].second.append(",").append(value);
    }
  }
  std::vector<Value::Pair> items;
  for (auto& [name, value] : fields) items.emplace_back(name, std::move(value));
  return Value(template_::Type::kDict,
               new DictBody(std::move(items), DictBody::Keys::kHeaderNames));
}

template <std::string HTTPServerRequest::* kMember>
Value text_member(const HTTPServerRequest& request) {
  return request.*kMember;
}

using Request = const HTTPServerRequest&;
constexpr AttributeEntry<const HTTPServerRequest> kRequestAttributes[] = {
    {"arguments", [](Request request) { return Value(request.arguments()); }, true},
    {"body", text_member<&HTTPServerRequest::body>},
    {"body_arguments", [](Request request) { return Value(request.body_arguments()); }, true},
    {"cookies", [](Request request) { return cookies_value(request.cookies()); }, true},
    {"files", [](Request request) { return files_value(request.files()); }, true},
    {"full_url",
     [](Request request) { return Value([&request]() { return request.full_url(); }); }},
    {"headers", [](Request request) { return headers_value(request.headers); }, true},
    {"host", text_member<&HTTPServerRequest::host>},
    {"host_name", [](Request request) { return Value(request.host_name()); }},
    {"method", text_member<&HTTPServerRequest::method>},
    {"path", text_member<&HTTPServerRequest::path>},
    {"protocol", text_member<&HTTPServerRequest::protocol>},
    {"query", text_member<&HTTPServerRequest::query>},
    {"query_arguments", [](Request request) { return Value(request.query_arguments()); }, true},
    {"remote_ip", text_member<&HTTPServerRequest::remote_ip>},
    {"request_time",
     [](Request request) { return Value([&request]() { return request.request_time(); }); }},
    {"uri", text_member<&HTTPServerRequest::uri>},
    {"version", text_member<&HTTPServerRequest::version>}};

}  // namespace

Value request_value(const HTTPServerRequest& request) {
  return Value::object(new TableObject("HTTPServerRequest", kRequestAttributes, request));
}

Value cookies_value(const httputil::Cookies& cookies) {
  std::vector<Value::Pair> items;
  for (const auto& [name, value] : cookies) items.emplace_back(name, Morsel{name, value});
  return Value::dict(std::move(items));
}

}  // namespace tornado::web::detail
