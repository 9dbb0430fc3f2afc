// Internal header: what to make of an errno.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace tornado {

// The peer went away, or does not speak the protocol (EPROTO comes from TLS, which says more): an
// everyday matter, not worth a warning.
inline bool is_everyday(int error) {
  return error == ECONNRESET || error == ECONNABORTED || error == EPIPE || error == ETIMEDOUT ||
         error == EPROTO;
}

// Not of the peer: a file does not have the bytes that were promised of it.
inline constexpr int kFileEnded = ENODATA;

inline std::string error_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace tornado
