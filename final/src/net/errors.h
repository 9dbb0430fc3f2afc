// Internal header: what to make of an errno.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace tornado {

// The peer went away: an everyday matter, not worth a line in the log.
inline bool is_connection_lost(int error) {
  return error == ECONNRESET || error == ECONNABORTED || error == EPIPE || error == ETIMEDOUT;
}

inline std::string error_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace tornado
