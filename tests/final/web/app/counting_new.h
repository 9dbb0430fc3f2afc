// Internal header: counts the memory that a test program allocates. Linked with counting_new.cc,
// which replaces operator new. For one thread.
#pragma once

namespace tornado::test {

// Returns the bytes of all live blocks, including malloc's overhead for each.
long bytes_taken();
// Returns how often operator new was called.
long allocations();

}  // namespace tornado::test
