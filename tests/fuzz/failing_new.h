// Internal header: makes one chosen call of operator new fail. For programs that link
// failing_new.cc, which replaces operator new. For one thread.
#pragma once

#include <cstdint>

namespace failing_new {

// Makes one of the following calls throw std::bad_alloc: the one with this number, counted from 0.
void fail_at(std::uint64_t number);
// Ends that. Returns true if a call has failed since fail_at().
bool stop();

// Returns how many blocks exist.
std::int64_t blocks();

}  // namespace failing_new
