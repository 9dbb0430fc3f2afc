// Internal header. Ports as programs have them: an int, from an option or an argument.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tornado::netutil {

// Throws std::invalid_argument if `port` is none; as a parameter of 16 bits it would be another one
// without a word.
inline std::uint16_t checked_port(int port) {
  if (port >= 0 && port <= 65535) return static_cast<std::uint16_t>(port);
  throw std::invalid_argument("a port is a number from 0 to 65535, not " + std::to_string(port));
}

}  // namespace tornado::netutil
