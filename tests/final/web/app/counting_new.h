// Internal header: the memory that a test program has taken. Linked with counting_new.cc, which
// replaces operator new. For one thread.
#pragma once

namespace tornado::test {

// Bytes of all blocks that live, with what malloc adds to each.
long bytes_taken();

}  // namespace tornado::test
