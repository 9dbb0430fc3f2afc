// Public header: the values that templates work with, and the conversion of a program's values to
// them. Included by <tornado/template.h>.
//
// A Value corresponds to a Python object in tornado.template: None, a bool, an int (64 bits), a
// float, a str (UTF-8), a list, a tuple, a dict (in insertion order), a function, or an object with
// attributes. A program's values are converted implicitly:
//
//   numbers, text                 int, float, str
//   optional, pointers            None, or what they hold (copied: nothing dangles)
//   vector, set, span, array      list
//   map, unordered_map            dict
//   pair, tuple                   tuple
//   lambdas, functions            function; arguments are converted to its parameters
//   system_clock::time_point      datetime.datetime, in UTC
//   tornado::json                 what it holds
//   a struct of yours             an object with attributes, by one line beside the struct:
//
//     struct Story { int id; std::string title; std::vector<Comment> comments; };
//     TORNADO_FIELDS(Story, id, title, comments)
//
// Values are immutable, and copies share their contents: a template cannot change a program's data,
// and no value can contain itself. A Value and its copies belong to one thread.
#pragma once

#include <tornado/core/fields.h>
#include <tornado/core/json_text.h>
#include <tornado/core/pointers.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tornado::template_ {

class Value;
class Object;
struct Arguments;

// An error while a template runs. type() is the name of Python's exception ("KeyError"), which `{%
// except %}` compares. The template adds the place: what() is then "KeyError: 'x' at story.html:3
// (via index.html:7)".
class RenderError : public std::exception {
 public:
  RenderError(std::string type, std::string message);

  // Returns type, message and, once it is set, place. Valid until set_place().
  const char* what() const noexcept override { return what_.c_str(); }
  // Return the parts of what().
  const std::string& type() const noexcept { return type_; }
  const std::string& message() const noexcept { return message_; }
  // Returns the place, once the error has left an expression: "story.html:3 (via index.html:7)".
  const std::string& place() const noexcept { return place_; }
  // Sets the place, unless it is set already.
  void set_place(const std::string& place);

 private:
  std::string type_;
  std::string message_;
  std::string place_;
  std::string what_;
};

enum class Type : std::uint8_t {
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kObject  // also a function
};

namespace detail {

// The contents of a Value that do not fit into it. Shared, immutable.
class Body : public core::Counted {};

template <class T>
concept IsText = std::convertible_to<const T&, std::string_view>;

// nlohmann's kinds of JSON value, without knowing the library.
template <class T>
concept IsJson = requires(const T& value) {
  value.is_number_unsigned();
  value.is_object();
  value.items();
};

template <class T>
concept IsFunction = requires { &T::operator(); };

template <class T>
concept IsTime = requires(const T& time) { time.time_since_epoch().count(); };

template <class T>
concept IsRange = requires(const T& range) {
  range.begin() != range.end();
  *range.begin();
} || std::is_bounded_array_v<T>;

template <class T>
concept IsMap = IsRange<T> && requires { typename T::mapped_type; };

template <class T>
concept IsTuple = requires { std::tuple_size<T>::value; };

template <class T>
concept IsPointer = requires(const T& pointer) {
  static_cast<bool>(pointer);
  *pointer;
} && !std::is_function_v<std::remove_pointer_t<T>>;

// A type other than a number, text or Value that can be converted to a Value.
template <class T>
concept Convertible = !IsText<T> && !std::is_arithmetic_v<T> && !std::is_null_pointer_v<T> &&
                      !std::derived_from<T, Value> &&
                      (HasFields<T> || core::HasJsonForm<T> || IsJson<T> || IsFunction<T> ||
                       IsTime<T> || IsRange<T> || IsTuple<T> || IsPointer<T>);

}  // namespace detail

class Value {
 public:
  // None.
  Value() noexcept {}
  Value(std::nullptr_t) noexcept {}
  template <class T>
    requires std::same_as<T, bool>
  Value(T value) noexcept : type_(Type::kBool) {
    data_.boolean = value;
  }
  // A char is a str of one character. An integer above 2^63 - 1 throws RenderError (OverflowError).
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Value(T value) {
    if constexpr (std::same_as<T, char>) {
      *this = Value(std::string_view(&value, 1));
    } else {
      if constexpr (sizeof(T) == sizeof(std::int64_t) && std::is_unsigned_v<T>) check_range(value);
      type_ = Type::kInt;
      data_.integer = static_cast<std::int64_t>(value);
    }
  }
  template <std::floating_point T>
  Value(T value) noexcept : type_(Type::kFloat) {
    data_.number = static_cast<double>(value);
  }
  // Text. A null `const char*` is None.
  Value(std::string&& text);
  Value(std::string_view text);
  template <detail::IsText T>
    requires(!std::same_as<T, std::string_view>)
  Value(const T& text) {
    if constexpr (std::is_pointer_v<T>) {
      if (text == nullptr) return;
    }
    *this = Value(std::string_view(text));
  }
  // A function.
  template <class R, class... P>
  Value(R (*function)(P...));
  // The rest of the table above.
  template <detail::Convertible T>
  Value(const T& value);

  Value(const Value& other) noexcept : data_(other.data_), type_(other.type_) {
    if (is_shared()) data_.body->retain();
  }
  Value(Value&& other) noexcept : data_(other.data_), type_(other.type_) {
    other.type_ = Type::kNone;
  }
  Value& operator=(const Value& other) noexcept {
    if (other.is_shared()) other.data_.body->retain();
    drop();
    data_ = other.data_;
    type_ = other.type_;
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(type_, other.type_);
    return *this;
  }
  ~Value() { drop(); }

  using Pair = std::pair<Value, Value>;
  // Make a list or a tuple of these items.
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  // Makes a dict; of equal keys the last counts. Throws RenderError (TypeError) for a key that is a
  // list or dict.
  static Value dict(std::vector<Pair> items);
  // Makes a datetime.datetime, in UTC, of a time in seconds since 1970.
  static Value datetime(double seconds);
  // Wraps an object of your own class; the Value owns it.
  static Value object(Object* object);

  // Return the kind of value, and whether it is None.
  Type type() const noexcept { return type_; }
  bool is_none() const noexcept { return type_ == Type::kNone; }
  // Returns Python's name of the type, such as "int".
  std::string_view type_name() const;

  // Return Python's bool(), str() and repr() of the value.
  bool truth() const;
  std::string str() const;
  std::string repr() const;
  // Python's ==.
  bool operator==(const Value& other) const;

  // Converts the value to a T: bool, a number, std::string, std::string_view (valid as long as the
  // Value), Value, a vector or optional of these, or a struct with fields. Throws RenderError
  // (TypeError) if it has another type.
  template <class T>
  T get() const;

  // Returns len(); throws RenderError (TypeError) for a value without a length.
  std::size_t size() const;
  // Returns the item of a list or tuple. Throws RenderError (IndexError).
  Value at(std::size_t index) const;
  // Returns the item of a dict, or the attribute of an object; None if there is none.
  Value find(std::string_view name) const;
  // Calls the value; throws RenderError (TypeError) if it is not callable.
  Value call(const Arguments& arguments) const;

  // For the library: direct access to the contents.
  bool boolean() const noexcept { return data_.boolean; }
  std::int64_t integer() const noexcept { return data_.integer; }
  double number() const noexcept { return data_.number; }
  detail::Body* body() const noexcept { return data_.body; }
  Value(Type type, detail::Body* body) noexcept : type_(type) {
    data_.body = body;
    body->retain();
  }

 private:
  bool is_shared() const noexcept { return type_ >= Type::kString; }
  void drop() noexcept {
    if (is_shared()) data_.body->release();
  }
  static void check_range(std::uint64_t value);
  [[noreturn]] void wrong_type(std::string_view wanted) const;
  bool get_bool() const;
  std::int64_t get_int(std::int64_t low, std::int64_t high) const;
  double get_number() const;
  std::string_view get_text() const;
  std::vector<Value> get_items() const;
  const void* get_struct(const detail::FieldTable* table) const;

  union Data {
    bool boolean;
    std::int64_t integer;
    double number;
    detail::Body* body;
  } data_ = {};
  Type type_ = Type::kNone;
};

// The arguments of a call.
struct Arguments {
  std::vector<Value> positional;                        // those without a name, in order
  std::vector<std::pair<std::string, Value>> keywords;  // those with one: f(size=3)

  // Returns the keyword argument, or null.
  const Value* find(std::string_view keyword) const noexcept;
};

// Shows a class of yours to templates: derive from it, and pass an object to Value::object().
class Object : public detail::Body {
 public:
  // Puts the attribute into `result`, or returns false, which raises AttributeError.
  virtual bool attribute(std::string_view name, Value& result) const = 0;
  // Returns the output of `{{ it }}`. The default is "<TYPE object>".
  virtual std::string str() const;
  // Returns the TYPE in such texts, and in errors.
  virtual std::string_view type_name() const { return "object"; }
  // Implements `{{ it(1, 2) }}`. The default throws RenderError (TypeError).
  virtual Value call(const Arguments& arguments) const;
};

// ---- how the values of a program become Values --------------------------------------------------

namespace detail {

class FunctionObject : public Object {
 public:
  bool attribute(std::string_view, Value&) const final { return false; }
  std::string str() const final { return "<function>"; }
  std::string_view type_name() const final { return "function"; }
};

// Throws TypeError if `count` is not between `low` and `high`, or if there are keywords.
void check_arity(const Arguments& arguments, std::size_t low, std::size_t high);

template <class T>
inline constexpr bool is_optional = requires(const T& value) {
  typename T::value_type;
  value.has_value();
};

template <class Member>
struct Signature;
template <class R, class... P>
struct Signature<R (*)(P...)> {
  static constexpr bool kRaw =
      sizeof...(P) == 1 && (std::is_same_v<std::remove_cvref_t<P>, Arguments> && ...);
  static constexpr std::size_t kCount = sizeof...(P);
  // Optional parameters at the end may be left out.
  static constexpr std::size_t required() {
    std::size_t index = 0;
    std::size_t last = 0;
    ((++index, last = is_optional<std::remove_cvref_t<P>> ? last : index), ...);
    return last;
  }
  template <class F>
  static Value run(F& function, const Arguments& arguments) {
    if constexpr (kRaw) {
      return result(function, arguments);
    } else {
      check_arity(arguments, required(), kCount);
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return result(function, argument<std::remove_cvref_t<P>>(arguments, I)...);
      }(std::make_index_sequence<kCount>());
    }
  }

 private:
  template <class T>
  static T argument(const Arguments& arguments, std::size_t index) {
    if constexpr (is_optional<T>) {
      if (index >= arguments.positional.size()) return T();
    }
    return arguments.positional[index].template get<T>();
  }
  template <class F, class... A>
  static Value result(F& function, A&&... values) {
    if constexpr (std::is_void_v<R>) {
      function(std::forward<A>(values)...);
      return Value();
    } else {
      return Value(function(std::forward<A>(values)...));
    }
  }
};
template <class R, class... P>
struct Signature<R (*)(P...) noexcept> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...)> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) const> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) noexcept> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) const noexcept> : Signature<R (*)(P...)> {};

template <class F, class C>
class TypedFunction final : public FunctionObject {
 public:
  explicit TypedFunction(F function) : function_(std::move(function)) {}
  Value call(const Arguments& arguments) const override { return C::run(function_, arguments); }

 private:
  mutable F function_;
};

template <class F>
Value function_value(F function) {
  if constexpr (std::is_pointer_v<F>) {
    return Value::object(new TypedFunction<F, Signature<F>>(function));
  } else {
    using C = Signature<decltype(&F::operator())>;
    return Value::object(new TypedFunction<F, C>(std::move(function)));
  }
}

// A struct with fields, copied.
class StructBody : public Object {
 public:
  explicit StructBody(const FieldTable* table) : table_(table) {}
  const FieldTable* table() const noexcept { return table_; }
  virtual const void* address() const noexcept = 0;
  bool attribute(std::string_view name, Value& result) const override;
  std::string_view type_name() const override;

 private:
  const FieldTable* table_;
};

template <class T>
class Struct final : public StructBody {
 public:
  explicit Struct(const T& value) : StructBody(tornado_template_fields(&value)), value_(value) {}
  const void* address() const noexcept override { return &value_; }

 private:
  T value_;
};

// A member's value; a member function without parameters becomes a function that keeps the struct.
template <class T, auto Member>
Value get_field(const StructBody& owner) {
  const T& object = *static_cast<const T*>(owner.address());
  if constexpr (std::is_member_function_pointer_v<decltype(Member)>) {
    const Value keep(Type::kObject, const_cast<StructBody*>(&owner));
    return function_value([keep, &object]() { return (object.*Member)(); });
  } else {
    return Value(object.*Member);
  }
}

template <class J>
Value json_value(const J& json) {
  if (json.is_string()) return Value(std::string_view(json.template get_ref<const std::string&>()));
  if (json.is_boolean()) return Value(json.template get<bool>());
  if (json.is_number_unsigned()) return Value(json.template get<std::uint64_t>());
  if (json.is_number_integer()) return Value(json.template get<std::int64_t>());
  if (json.is_number()) return Value(json.template get<double>());
  if (json.is_object()) {
    std::vector<Value::Pair> items;
    for (const auto& [name, member] : json.items()) {
      items.emplace_back(Value(std::string_view(name)), json_value(member));
    }
    return Value::dict(std::move(items));
  }
  if (!json.is_array()) return Value();
  std::vector<Value> items;
  for (const auto& item : json) items.push_back(json_value(item));
  return Value::list(std::move(items));
}

template <class T>
Value range_value(const T& range) {
  if constexpr (IsMap<T>) {
    std::vector<Value::Pair> items;
    for (const auto& [key, item] : range) items.emplace_back(Value(key), Value(item));
    return Value::dict(std::move(items));
  } else {
    std::vector<Value> items;
    if constexpr (requires { range.size(); }) items.reserve(range.size());
    for (const auto& item : range) {
      if constexpr (requires { typename T::const_reference; }) {
        // The proxies of vector<bool> become bools.
        items.emplace_back(static_cast<typename T::const_reference>(item));
      } else {
        items.emplace_back(item);
      }
    }
    return Value::list(std::move(items));
  }
}

template <class T>
Value tuple_value(const T& value) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    using std::get;
    std::vector<Value> items;
    (items.emplace_back(get<I>(value)), ...);
    return Value::tuple(std::move(items));
  }(std::make_index_sequence<std::tuple_size<T>::value>());
}

template <class T>
Value time_value(const T& time) {
  using Period = typename decltype(time.time_since_epoch())::period;
  return Value::datetime(static_cast<double>(time.time_since_epoch().count()) *
                         static_cast<double>(Period::num) / static_cast<double>(Period::den));
}

}  // namespace detail

template <class R, class... P>
Value::Value(R (*function)(P...)) : Value(detail::function_value(function)) {}

template <detail::Convertible T>
Value::Value(const T& value) {
  if constexpr (detail::HasFields<T>) {
    *this = Value(Type::kObject, new detail::Struct<T>(value));
  } else if constexpr (detail::IsJson<T>) {
    *this = detail::json_value(value);
  } else if constexpr (core::HasJsonForm<T>) {
    *this = detail::json_value(core::JsonForm<T>::of(value));
  } else if constexpr (detail::IsFunction<T>) {
    *this = detail::function_value(value);
  } else if constexpr (detail::IsTime<T>) {
    *this = detail::time_value(value);
  } else if constexpr (detail::IsRange<T>) {
    *this = detail::range_value(value);
  } else if constexpr (detail::IsTuple<T>) {
    *this = detail::tuple_value(value);
  } else if (value) {
    *this = Value(*value);
  }
}

template <class T>
T Value::get() const {
  if constexpr (std::is_same_v<T, Value>) {
    return *this;
  } else if constexpr (std::is_same_v<T, bool>) {
    return get_bool();
  } else if constexpr (std::is_integral_v<T>) {
    constexpr bool kWide = sizeof(T) == sizeof(std::int64_t);
    constexpr auto kSignedBits = static_cast<unsigned>(8 * sizeof(T) - 1);
    constexpr auto kHalf = static_cast<std::int64_t>((std::uint64_t{1} << kSignedBits) - 1);
    constexpr std::int64_t kHigh = std::is_signed_v<T> || kWide ? kHalf : 2 * kHalf + 1;
    return static_cast<T>(get_int(std::is_signed_v<T> ? -kHalf - 1 : 0, kHigh));
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(get_number());
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return T(get_text());
  } else if constexpr (detail::is_optional<T>) {
    return is_none() ? T() : T(get<typename T::value_type>());
  } else if constexpr (detail::HasFields<T>) {
    return *static_cast<const T*>(
        get_struct(tornado_template_fields(static_cast<const T*>(nullptr))));
  } else {
    static_assert(
        requires(T items) { items.push_back(std::declval<typename T::value_type>()); },
        "a template's value is taken as a bool, a number, a string, a Value, a vector or "
        "optional of these, or a struct with a TORNADO_FIELDS line");
    T result;
    for (const Value& item : get_items()) {
      result.push_back(item.template get<typename T::value_type>());
    }
    return result;
  }
}

}  // namespace tornado::template_
