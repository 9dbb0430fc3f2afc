// Internal header: the part of libbacktrace that we call, declared as in its own header, which is
// in a folder of g++ where clang does not look.
#pragma once

#include <cstdint>

struct backtrace_state;

extern "C" {
using backtrace_error_callback = void (*)(void* data, const char* message, int error);
using backtrace_full_callback = int (*)(void* data, std::uintptr_t pc, const char* file, int line,
                                        const char* function);
using backtrace_syminfo_callback = void (*)(void* data, std::uintptr_t pc, const char* name,
                                            std::uintptr_t value, std::uintptr_t size);

backtrace_state* backtrace_create_state(const char* file, int threaded,
                                        backtrace_error_callback on_error, void* data);
int backtrace_pcinfo(backtrace_state* state, std::uintptr_t pc, backtrace_full_callback callback,
                     backtrace_error_callback on_error, void* data);
int backtrace_syminfo(backtrace_state* state, std::uintptr_t pc,
                      backtrace_syminfo_callback callback, backtrace_error_callback on_error,
                      void* data);
}
