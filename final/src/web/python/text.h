// Internal header. PEP 3333's strings: bytes that Python holds as text, one character for each.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace tornado::wsgi::python {

inline pybind11::str from_latin1(std::string_view bytes) {
  return pybind11::reinterpret_steal<pybind11::str>(
      PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}

// Raises TypeError for an object that is not a str, UnicodeEncodeError for a character above
// U+00FF.
inline std::string to_latin1(const pybind11::handle& text) {
  if (!PyUnicode_Check(text.ptr())) {
    throw pybind11::type_error("expected a str, not " + pybind11::repr(text).cast<std::string>());
  }
  const auto bytes =
      pybind11::reinterpret_steal<pybind11::bytes>(PyUnicode_AsLatin1String(text.ptr()));
  if (!bytes) throw pybind11::error_already_set();
  return std::string(bytes);
}

}  // namespace tornado::wsgi::python
