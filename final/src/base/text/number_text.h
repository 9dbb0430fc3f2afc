// Internal header: numbers as Python writes them.
#pragma once

#include <cstdint>
#include <string>

namespace tornado {

// Python's repr of a finite float: the shortest digits that read back, with an exponent below 1e-4
// and from 1e16 on.
void append_float(std::string& out, double value);

void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);

}  // namespace tornado
