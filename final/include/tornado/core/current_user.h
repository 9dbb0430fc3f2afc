// Internal header, part of <tornado/web.h>: the user who sent the request, of whatever type the
// program uses.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace tornado::template_ {
class Value;
namespace detail {
struct FieldTable;
}
}  // namespace tornado::template_

namespace tornado::web {

class CurrentUser;

namespace detail {

// The user as templates see it.
template_::Value user_value(const CurrentUser& user);

[[noreturn]] void throw_other_user_type(const std::type_info& wanted, const std::type_info* stored);

template <class T>
inline constexpr bool is_shared_ptr = false;
template <class T>
inline constexpr bool is_shared_ptr<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_optional_user = false;
template <class T>
inline constexpr bool is_optional_user<std::optional<T>> = true;

}  // namespace detail

// A user of any type, or nobody. Values that are false or empty in Python mean nobody: nullptr,
// nullopt, an empty optional or text, 0, an empty container. So `return get_signed_cookie("user");`
// works as expected. Copies share the user, which is immutable.
//
// Templates see text, a bool, a number of any type, json, a template_::Value, and a struct with a
// TORNADO_FIELDS line (tornado/template_value.h), which is not copied. For a user of another type,
// an integer above 2^63 - 1, or JSON that contains one, they see only that there is a user;
// get_template_namespace() can add more.
class CurrentUser {
 public:
  CurrentUser() = default;  // nobody
  CurrentUser(std::nullptr_t) {}
  CurrentUser(std::nullopt_t) {}
  // Copies `user`. Text is stored as std::string; for an optional or a shared_ptr, its contents are
  // stored.
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, CurrentUser>)
  CurrentUser(T&& user) {
    set(std::forward<T>(user));
  }

  // Returns true if there is a user.
  explicit operator bool() const noexcept { return user_ != nullptr; }

  // Returns the user, or null if there is none or it has another type.
  template <class T>
  const T* get_if() const noexcept {
    return type_ != nullptr && *type_ == typeid(T) ? static_cast<const T*>(user_.get()) : nullptr;
  }
  // Returns the user. Throws std::logic_error if there is none or it has another type.
  template <class T>
  const T& as() const {
    const T* const user = get_if<T>();
    if (user == nullptr) detail::throw_other_user_type(typeid(T), type_);
    return *user;
  }

 private:
  template <class T>
  void set(T&& user) {
    using U = std::remove_cvref_t<T>;
    if constexpr (std::is_pointer_v<U>) {
      if (user == nullptr) return;
    }
    if constexpr (detail::is_shared_ptr<U>) {
      keep<std::remove_const_t<typename U::element_type>>(std::forward<T>(user));
    } else if constexpr (detail::is_optional_user<U>) {
      if (user) set(*std::forward<T>(user));
    } else if constexpr (std::is_convertible_v<T, std::string_view>) {
      const std::string_view text = user;
      if (!text.empty()) keep<std::string>(std::make_shared<const std::string>(text));
    } else if constexpr (requires { bool(user.empty()); }) {
      if (!user.empty()) keep<U>(std::make_shared<const U>(std::forward<T>(user)));
    } else if constexpr (std::is_scalar_v<U>) {
      if (user != U()) keep<U>(std::make_shared<const U>(user));
    } else {
      keep<U>(std::make_shared<const U>(std::forward<T>(user)));
    }
  }
  template <class U>
  void keep(std::shared_ptr<const U> user) {
    if (user != nullptr) {
      type_ = &typeid(U);
      // Set by TORNADO_FIELDS, if there is such a line for the struct.
      if constexpr (requires { tornado_template_fields(user.get()); }) {
        fields_ = tornado_template_fields(user.get());
      }
    }
    user_ = std::move(user);
  }

  friend template_::Value detail::user_value(const CurrentUser& user);

  std::shared_ptr<const void> user_;
  const std::type_info* type_ = nullptr;
  const template_::detail::FieldTable* fields_ = nullptr;
};

}  // namespace tornado::web
