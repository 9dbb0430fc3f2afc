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

// An argument in bare braces, which was meant as JSON: {"id", 7} would make a string from a pointer
// and a size, and {"name", "x"} one from two pointers. A pointer variable and a size may be meant.
struct UseJson {
  template <class T>
    requires is_literal_text<std::remove_reference_t<T>> ||
             std::is_arithmetic_v<std::remove_cvref_t<T>>
  UseJson(T&&) {}
  UseJson(std::initializer_list<UseJson>) {}
};

}  // namespace tornado::web::detail
