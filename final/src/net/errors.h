// Internal header: classifies errno values.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace tornado {

// The peer went away or does not speak the protocol (EPROTO comes from TLS, which reports more).
// Routine, so not worth a warning.
inline bool is_everyday(int error) {
  return error == ECONNRESET || error == ECONNABORTED || error == EPIPE || error == ETIMEDOUT ||
         error == EPROTO;
}

// Not the peer's fault: a file has fewer bytes than were promised of it.
inline constexpr int kFileEnded = ENODATA;

inline std::string error_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace tornado
