// Internal header: the file of --trace.
#pragma once

#include <tornado/loop_probe.h>

namespace tornado::ioloop::detail {

// Returns a probe for a loop of the calling thread that is about to run, or null if no trace was
// asked for. A thread writes to the file what the probe receives. Throws std::system_error if the
// file cannot be made.
LoopProbe* begin_trace();

// Writes the rest of what `probe` received, and frees it. Does nothing for null.
void end_trace(LoopProbe* probe);

}  // namespace tornado::ioloop::detail
