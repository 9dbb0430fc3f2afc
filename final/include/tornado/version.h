// Public header: the version of this library.
#pragma once

#include <string_view>

namespace tornado {

// "major.minor.patch"; the same as the CMake project's. The Server header is "TornadoServer/" and
// this. Mirrors tornado.version.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace tornado
