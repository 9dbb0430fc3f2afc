// Internal header. CPython in this process: started once, entered and left by any thread, ended
// with the program.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace tornado::wsgi::python {

// Starts the interpreter unless it is running. `executable` as in PythonOptions. Throws
// std::logic_error if it is running with a different one, std::runtime_error if it cannot start.
void start_interpreter(const std::string& executable);

// Holds the interpreter's lock for this thread. Scopes nest. Python's threading.local data is kept
// between this thread's scopes, until the thread ends.
class Scope {
 public:
  // Throws std::runtime_error once the interpreter has ended.
  Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();
};

// Gives up a reference, from any thread; does nothing after the interpreter's end.
void let_go(PyObject* object) noexcept;

// Returns Python's text for an uncaught exception, without the last line break. Call it in a Scope.
std::string traceback_of(const pybind11::error_already_set& error);

}  // namespace tornado::wsgi::python
