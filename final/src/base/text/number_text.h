// Internal header: numbers as Python writes them.
#pragma once

#include <cstdint>
#include <string>

namespace tornado {

// Returns what Python's repr() does for a finite float: the fewest digits that read back as the
// same value, with an exponent below 1e-4 and from 1e16.
void append_float(std::string& out, double value);

void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);

}  // namespace tornado
