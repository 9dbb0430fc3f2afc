// Internal header, part of <tornado/web.h>: arguments that C++ would take for something else. The
// overloads for them are deleted, so that the compiler names the line.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <type_traits>

namespace tornado::web::detail {

// A default that is not text: a null pointer would be dereferenced, and a number would be taken
// for `strip`.
template <class T>
concept NoText = std::is_null_pointer_v<T> || (std::is_arithmetic_v<T> && !std::same_as<T, bool>);

template <class T>
inline constexpr bool is_literal_text = false;
template <std::size_t N>
inline constexpr bool is_literal_text<const char[N]> = true;

// What stands between bare braces: {"id", 7} and {"name", "x"} would be taken for the beginning and
// the size, or the end, of a text. A pointer and a size are one.
struct UseJson {
  template <class T>
    requires is_literal_text<std::remove_reference_t<T>> ||
             std::is_arithmetic_v<std::remove_cvref_t<T>>
  UseJson(T&&) {}
  UseJson(std::initializer_list<UseJson>) {}
};

}  // namespace tornado::web::detail
