// Internal header: the option --trace. The loop's room reads it.
#pragma once

#include <tornado/options.h>

#include <string>

namespace tornado::options {

void define_trace_option(OptionParser& parser);

// Returns the file in which to write a trace of this process's loops; empty: none. That is the file
// given with --trace, and in a process forked after the command line was parsed, the same with a
// dot and the process's number.
std::string trace_path();

}  // namespace tornado::options
