// The current user, as templates see it.
#include <tornado/json.h>
#include <tornado/template_value.h>
#include <tornado/web.h>

#include <memory>

namespace tornado::web {
namespace {

using template_::Value;

// Templates can only test whether there is one.
class OpaqueUser final : public template_::Object {
 public:
  bool attribute(std::string_view, Value&) const override { return false; }
  std::string_view type_name() const override { return "user"; }
};

// A struct with TORNADO_FIELDS, shared with the CurrentUser.
class SharedUser final : public template_::detail::StructBody {
 public:
  SharedUser(const template_::detail::FieldTable* fields, std::shared_ptr<const void> user)
      : StructBody(fields), user_(std::move(user)) {}
  const void* address() const noexcept override { return user_.get(); }

 private:
  std::shared_ptr<const void> user_;
};

// Whether the user is of one of these types; if so, sets `result` to it.
template <class... T>
bool convert_user(const CurrentUser& user, Value& result) {
  const auto convert = [&](const auto* stored) {
    if (stored != nullptr) result = Value(*stored);
    return stored != nullptr;
  };
  return (convert(user.get_if<T>()) || ...);
}

}  // namespace

Value detail::user_value(const CurrentUser& user) {
  if (!user) return nullptr;
  if (user.fields_ != nullptr) return Value::object(new SharedUser(user.fields_, user.user_));
  try {
    Value result;
    if (convert_user<std::string, Value, json, bool, char, signed char, unsigned char, short,
                     unsigned short, int, unsigned, long, unsigned long, long long,
                     unsigned long long, float, double>(user, result)) {
      return result;
    }
  } catch (const template_::RenderError&) {
    // A number beyond 64 bits. Every page receives the user, but few show it.
  }
  return Value::object(new OpaqueUser);
}

}  // namespace tornado::web
