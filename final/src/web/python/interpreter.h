// Internal header. CPython in this process: started once, entered and left by any thread, ended
// with the program.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace tornado::wsgi::python {

// Starts the interpreter if it does not run yet. `executable` as in PythonOptions. Throws
// std::logic_error if it runs with another one, std::runtime_error if it does not start.
void start_interpreter(const std::string& executable);

// While one lives, this thread holds the interpreter's lock. Scopes nest. What a thread has in
// Python's threading.local stays between its scopes, until the thread ends.
class Scope {
 public:
  // Throws std::runtime_error once the interpreter has ended.
  Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();
};

// Gives up a reference, from any thread; after the interpreter's end there is nothing to give up.
void let_go(PyObject* object) noexcept;

// What Python prints of an exception that nobody caught, without the last line break. In a Scope.
std::string traceback_of(const pybind11::error_already_set& error);

}  // namespace tornado::wsgi::python
