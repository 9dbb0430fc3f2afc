// Public header: JSON values, json_encode and json_decode, and JSON for the program's own structs.
// The only public header that includes a JSON library; it is opt-in because it costs about a second
// of compile time.
// Mirrors the JSON part of tornado.escape.
#pragma once

#include <tornado/core/fields.h>
#include <tornado/core/json_box.h>
#include <tornado/core/json_text.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tornado::core {

// Reports a name that a constant JSON object does not have. (KeyError)
[[noreturn]] void throw_no_such_name();

}  // namespace tornado::core

// The JSON library's own checks abort the program, or do nothing if NDEBUG is defined. The only one
// that can fail is that of `constant_object["name"]`, where clients decide which names exist; so it
// throws.
#ifndef JSON_ASSERT
#define JSON_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::tornado::core::throw_no_such_name())
#endif
#include <nlohmann/json.hpp>

namespace tornado {

namespace core {

// A vector with checked access: `constant_array[7]` throws std::out_of_range if there are fewer
// items. (IndexError)
template <class T, class Allocator>
class JsonArray : public std::vector<T, Allocator> {
  using Base = std::vector<T, Allocator>;

 public:
  using Base::Base;
  // The library also uses this one for its constant values.
  T& operator[](std::size_t index) { return Base::at(index); }
  const T& operator[](std::size_t index) const { return Base::at(index); }
};

// A class for which the library itself has a form: a string, a container, a JSON value.
template <class T>
concept HasLibraryForm =
    requires(nlohmann::json& to, const T& value) { ::nlohmann::detail::to_json(to, value); };

// Becomes a const T& and nothing else: only a to_json() that was written for T takes it.
template <class T>
struct ExactlyA {
  template <std::same_as<T> U>
  operator const U&() const;
};

// A class with a to_json() of its own. That counts more than the library's form, which a class may
// have too, for example because it converts to a std::string.
template <class T>
concept HasOwnToJson =
    !HasLibraryForm<ExactlyA<T>> &&
    requires(nlohmann::json& to, const ExactlyA<T>& value) { to_json(to, value); };

// A class for which the program has `to_json(nlohmann::json&, const T&)`, as nlohmann's macros
// define it. The library finds it only for its own value type; JsonSerializer finds it for ours
// too. Since version 3.11.3, a call of to_json() finds the library's own functions as well.
template <class T>
concept HasNlohmannForm =
    std::is_class_v<T> && !HasFields<T> &&
    ((HasLibraryForm<T> && HasOwnToJson<T>) ||
     (!HasLibraryForm<T> && requires(nlohmann::json& to, const T& value) { to_json(to, value); }));

// A class of the program that is an object in JSON.
template <class T>
concept JsonStruct = HasFields<T> || HasNlohmannForm<T>;

// A std::optional, which the library does not know: null stands for nothing.
template <class T>
concept IsOptional = requires(T& value) {
  value.has_value();
  value.emplace();
  value.reset();
};

template <class J, class T>
concept LibraryWrites =
    requires(J& to, T&& value) { ::nlohmann::to_json(to, std::forward<T>(value)); };

template <HasNlohmannForm T>
nlohmann::json nlohmann_form(const T& value) {
  nlohmann::json form;
  to_json(form, value);
  return form;
}

template <class J, HasFields T>
J fields_to_json(const T& value) {
  J object = J::object();
  tornado_visit_fields(&value, [&](std::string_view name, auto member) {
    if constexpr (std::is_member_object_pointer_v<decltype(member)>) {
      object.emplace(std::string(name), J(value.*member));
    }
  });
  return object;
}

// Puts the errors, if any, into a JSONFieldError, and throws it.
template <class T, class J>
void fields_from_json(const J& from, T& to);

// How the JSON library converts a T to a value and back.
template <class T, class = void>
struct JsonSerializer {
  template <class J, class V>
    requires(!JsonStruct<T> && !IsOptional<T> && LibraryWrites<J, V>)
  static void to_json(J& to, V&& value) {
    ::nlohmann::to_json(to, std::forward<V>(value));
  }
  template <class J>
    requires JsonStruct<T>
  static void to_json(J& to, const T& value) {
    if constexpr (HasFields<T>) {
      to = fields_to_json<J>(value);
    } else if constexpr (LibraryWrites<J, const T&> && !HasLibraryForm<T>) {
      ::nlohmann::to_json(to, value);
    } else {
      to = J(nlohmann_form(value));
    }
  }

  template <class J>
    requires(IsOptional<T> && std::is_constructible_v<J, const typename T::value_type&>)
  static void to_json(J& to, const T& value) {
    to = value.has_value() ? J(*value) : J();
  }

  template <class J, class V>
    requires(!HasFields<V> && !IsOptional<V>)
  static auto from_json(J&& from, V& to)
      -> decltype(::nlohmann::from_json(std::forward<J>(from), to), void()) {
    ::nlohmann::from_json(std::forward<J>(from), to);
  }
  template <class J>
  static auto from_json(J&& from)
      -> decltype(::nlohmann::from_json(std::forward<J>(from),
                                        ::nlohmann::detail::identity_tag<T>())) {
    return ::nlohmann::from_json(std::forward<J>(from), ::nlohmann::detail::identity_tag<T>());
  }
  template <class J>
    requires(HasFields<T> || IsOptional<T>)
  static void from_json(const J& from, T& to) {
    fields_from_json(from, to);
  }
};

}  // namespace core

// A JSON value. Objects keep their names in insertion order, like Python's dict.
//
// For a missing name or index, value["name"] and value[7] throw std::out_of_range if the value is
// const, and otherwise insert a null. value.at("name") throws in both cases, and names the name.
//
// A struct becomes an object, and is read from one, by one line beside it, which serves templates
// too:
//
//   struct Item { std::string name; double price = 0; std::optional<std::string> note; };
//   TORNADO_FIELDS(Item, name, price, note)
//
// Then write(item), json_encode(item), json_decode<Item>(text) and get_json_body<Item>() work, also
// where items are in a vector, a map or another struct. nlohmann's own types and macros work in the
// same places: nlohmann::json, NLOHMANN_DEFINE_TYPE_INTRUSIVE. Such an object's names are in
// alphabetical order, as in an nlohmann::json, and only the first of its wrong fields is reported.
using json =
    nlohmann::basic_json<nlohmann::ordered_map, core::JsonArray, std::string, bool, std::int64_t,
                         std::uint64_t, double, std::allocator, core::JsonSerializer>;

namespace escape {

// The text is not JSON. what() says what is wrong and at which byte. Python: json.JSONDecodeError.
class JSONDecodeError : public std::invalid_argument {
 public:
  JSONDecodeError(const std::string& message, std::size_t position)
      : std::invalid_argument(message), position_(position) {}
  // Returns the number of bytes before the error; 0 if the nesting is too deep.
  std::size_t position() const noexcept { return position_; }

 private:
  std::size_t position_;
};

// A value that JSON cannot represent: a string that is not UTF-8, or binary data. Python:
// TypeError.
class JSONEncodeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Returns "/items/3/price: expected a number; /name: expected a string".
std::string describe_fields(const std::vector<core::JsonFieldError>& errors);

// A JSON value is not what json_decode<T>() wants. what() is describe_fields(errors()).
class JSONFieldError : public std::invalid_argument {
 public:
  explicit JSONFieldError(std::vector<core::JsonFieldError> errors)
      : std::invalid_argument(describe_fields(errors)), errors_(std::move(errors)) {}
  // In the order of the fields of T; at most kMaxJsonErrors.
  const std::vector<core::JsonFieldError>& errors() const noexcept { return errors_; }

 private:
  std::vector<core::JsonFieldError> errors_;
};
// The most fields that one JSONFieldError or JSONBodyError names.
inline constexpr std::size_t kMaxJsonErrors = 20;

// The deepest nesting of arrays and objects that json_decode accepts.
inline constexpr std::size_t kMaxJsonDepth = 512;

// Returns a value as text in the format of Python's json.dumps: ", " and ": " between parts, only
// ASCII (\uXXXX), floats in the shortest form that reads back. "</" becomes "<\/", so no text
// ends a <script> ("<!--<script>" in it can still hide the end of one). Infinities and NaN become
// null, as in a browser, because JSON has no such numbers (RFC 8259 section 6). Throws
// JSONEncodeError. Tornado: json_encode.
std::string json_encode(const json& value);

// Parses one JSON text (RFC 8259). If an object repeats a name, the last value counts. Integers
// beyond 64 bits become floats. Unlike Python, rejects NaN and Infinity. Throws JSONDecodeError,
// also for nesting deeper than `max_depth`. Takes at worst n log n time, whatever the input.
// Tornado: json_decode.
json json_decode(std::string_view text, std::size_t max_depth = kMaxJsonDepth);

}  // namespace escape

namespace core {

// Reads a T out of a JSON value. Goes on after what does not fit, and collects it.
class JsonReader {
 public:
  template <class T>
  void read(const json& from, T& to) {
    if constexpr (HasFields<T>) {
      if (!from.is_object()) return expected("an object");
      tornado_visit_fields(&to, [&](std::string_view name, auto member) {
        if constexpr (std::is_member_object_pointer_v<decltype(member)>) {
          read_member(from, name, to.*member);
        }
      });
    } else if constexpr (std::is_same_v<T, json>) {
      to = from;
    } else if constexpr (std::is_same_v<T, bool>) {
      from.is_boolean() ? static_cast<void>(to = from.get<bool>()) : expected("true or false");
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(from, to);
    } else if constexpr (std::is_floating_point_v<T>) {
      read_float(from, to);
    } else if constexpr (std::is_same_v<T, std::string>) {
      from.is_string() ? static_cast<void>(to = from.get<T>()) : expected("a string");
    } else if constexpr (IsOptional<T>) {
      if (from.is_null()) return to.reset();
      read(from, to.emplace());
    } else if constexpr (requires { to[std::string()] = typename T::mapped_type(); }) {
      read_map(from, to);
    } else if constexpr (requires { to.push_back(typename T::value_type()); }) {
      read_list(from, to);
    } else {
      read_other(from, to);
    }
  }

  std::vector<JsonFieldError> take_errors() { return std::move(errors_); }

 private:
  // Record an error at the current place.
  void wrong(std::string message);
  void expected(std::string_view what);
  void expected_integer(const std::string& low, const std::string& high);
  // Returns the member of that name, or null.
  static const json* find(const json& object, std::string_view name);
  // Lengthens the path; returns its length before.
  std::size_t enter(std::string_view name);
  void leave(std::size_t length) { path_.resize(length); }

  template <class M>
  void read_member(const json& object, std::string_view name, M& to) {
    const json* const member = find(object, name);
    if (member == nullptr && IsOptional<M>) return;
    const std::size_t before = enter(name);
    if (member != nullptr) {
      read(*member, to);
    } else {
      wrong("is missing");
    }
    leave(before);
  }

  template <class T>
  void read_integer(const json& from, T& to) {
    using Limits = std::numeric_limits<T>;
    if (from.is_number_unsigned()) {
      if (const auto value = from.get<std::uint64_t>(); std::in_range<T>(value)) {
        return static_cast<void>(to = static_cast<T>(value));
      }
    } else if (from.is_number_integer()) {
      if (const auto value = from.get<std::int64_t>(); std::in_range<T>(value)) {
        return static_cast<void>(to = static_cast<T>(value));
      }
    }
    expected_integer(std::to_string(Limits::min()), std::to_string(Limits::max()));
  }

  template <class T>
  void read_float(const json& from, T& to) {
    if (!from.is_number()) return expected("a number");
    const auto value = from.get<double>();
    if (value > std::numeric_limits<T>::max() || value < std::numeric_limits<T>::lowest()) {
      return expected("a number that a float can hold");
    }
    to = static_cast<T>(value);
  }

  template <class T>
  void read_list(const json& from, T& to) {
    if (!from.is_array()) return expected("a list");
    to.clear();
    std::size_t index = 0;
    for (const json& item : from) {
      const std::size_t before = enter(std::to_string(index++));
      typename T::value_type value{};
      read(item, value);
      to.push_back(std::move(value));
      leave(before);
    }
  }

  template <class T>
  void read_map(const json& from, T& to) {
    if (!from.is_object()) return expected("an object");
    to.clear();
    for (const auto& [name, item] : from.items()) {
      const std::size_t before = enter(name);
      read(item, to[name]);
      leave(before);
    }
  }

  template <class T>
  void read_other(const json& from, T& to) {
    try {
      from.get_to(to);
    } catch (const json::exception& error) {
      wrong_for_library(error.what());
    } catch (const escape::JSONFieldError& error) {  // a struct in a type of the library's
      for (const auto& [path, message] : error.errors()) {
        const std::size_t before = path_.size();
        path_ += path;
        wrong(message);
        leave(before);
      }
    }
  }
  // `message` is the library's: "[json.exception.type_error.302] type must be number, but is null".
  void wrong_for_library(std::string_view message);

  std::string path_;
  std::vector<JsonFieldError> errors_;
};

template <class T, class J>
void fields_from_json(const J& from, T& to) {
  JsonReader reader;
  reader.read(from, to);
  if (auto errors = reader.take_errors(); !errors.empty()) {
    throw escape::JSONFieldError(std::move(errors));
  }
}

// Parses a text; returns false, and says why in `errors`, if it is not JSON.
bool parse_json(std::string_view text, json& value, JsonErrors& errors);

template <>
struct JsonReading<void> {
  template <class T>
  static JsonErrors read(std::string_view text, T& to) {
    JsonErrors errors;
    json value;
    if (!parse_json(text, value, errors)) return errors;
    JsonReader reader;
    reader.read(value, to);
    errors.fields = reader.take_errors();
    return errors;
  }
};

}  // namespace core

namespace escape {

// Parses one JSON text as a T: a struct with a TORNADO_FIELDS line, a number, bool, std::string or
// json, a std::optional, vector or map (of std::string to anything) of these, or a type that
// nlohmann's get<T>() knows. A member of the struct that the object lacks, or that is null, is an
// error unless it is a std::optional. Names that the struct lacks are ignored. An integer must be
// one in the text too, without a fraction or an exponent, and within the limits of its type. Throws
// JSONDecodeError for what is not JSON, JSONFieldError for what is not a T.
template <class T>
T json_decode(std::string_view text, std::size_t max_depth = kMaxJsonDepth) {
  T result{};
  core::fields_from_json(json_decode(text, max_depth), result);
  return result;
}

}  // namespace escape

// Lets RequestHandler::write() take a JSON object.
template <>
struct core::JsonText<json> {
  static constexpr bool kIsJson = true;
  static std::string object_text(const json& value) {
    if (!value.is_object()) {
      throw std::invalid_argument("write() takes text or a JSON object, no other JSON value");
    }
    return escape::json_encode(value);
  }
};

// Lets templates take such a class.
template <core::HasNlohmannForm T>
struct core::JsonForm<T> {
  static nlohmann::json of(const T& value) { return core::nlohmann_form(value); }
};

// And a struct, or an nlohmann::json.
template <class T>
  requires(core::JsonStruct<T> || std::is_same_v<T, nlohmann::json> ||
           std::is_same_v<T, nlohmann::ordered_json>)
struct core::JsonText<T> {
  static constexpr bool kIsJson = false;
  static std::string object_text(const T& value) {
    return JsonText<json>::object_text(json(value));
  }
};

// The result type of functions that are declared without the JSON library.
template <>
struct core::JsonType<void> {
  using type = json;
};

}  // namespace tornado
