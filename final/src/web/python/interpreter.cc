// Access to the interpreter: a thread that wants to run Python counts itself in (Runtime::inside)
// before it asks for the interpreter's lock. At the end of the program no thread gets in any more;
// if one is still inside, in an application that never returns, the interpreter is left running.
#include "web/python/interpreter.h"

#include <pybind11/embed.h>

#include <cstdlib>
#include <mutex>
#include <stdexcept>

namespace tornado::wsgi::python {
namespace {

namespace py = pybind11;

struct Runtime {
  std::mutex mutex;  // guards the members below
  bool started = false;
  bool ended = false;
  int inside = 0;
  std::string executable;
  PyThreadState* first_thread = nullptr;  // the thread that started the interpreter
  void* life_support = nullptr;           // pybind11's
};

// Never destroyed: threads may use it as long as the process lives.
Runtime& runtime() {
  static Runtime* const instance = new Runtime;
  return *instance;
}

bool count_in() {
  Runtime& shared = runtime();
  const std::lock_guard lock(shared.mutex);
  if (!shared.started || shared.ended) return false;
  ++shared.inside;
  return true;
}

void count_out() {
  Runtime& shared = runtime();
  const std::lock_guard lock(shared.mutex);
  --shared.inside;
}

// Python's state for this thread. Kept from scope to scope, and released when the thread ends.
class ThisThread {
 public:
  ThisThread() = default;
  ThisThread(const ThisThread&) = delete;
  ThisThread& operator=(const ThisThread&) = delete;
  ~ThisThread() {
    if (!owned_ || !count_in()) return;
    PyEval_RestoreThread(state_);
    PyGILState_Release(PyGILState_UNLOCKED);
    count_out();
  }

  // Takes the lock; the thread is counted in.
  void enter() {
    if (depth_++ != 0) return;
    if (state_ != nullptr) {
      PyEval_RestoreThread(state_);
      return;
    }
    PyGILState_Ensure();
    state_ = PyGILState_GetThisThreadState();
    owned_ = true;
  }
  void leave() {
    if (--depth_ == 0) PyEval_SaveThread();
  }
  void adopt(PyThreadState* state) { state_ = state; }

 private:
  PyThreadState* state_ = nullptr;
  int depth_ = 0;
  bool owned_ = false;  // created by enter()
};

thread_local ThisThread this_thread;

void end_interpreter() {
  Runtime& shared = runtime();
  {
    const std::lock_guard lock(shared.mutex);
    shared.ended = true;
    if (shared.inside != 0) return;
  }
  PyEval_RestoreThread(shared.first_thread);
  py::finalize_interpreter();
}

void check(const PyStatus& status) {
  if (PyStatus_Exception(status) == 0) return;
  throw std::runtime_error(std::string("CPython cannot start: ") +
                           (status.err_msg != nullptr ? status.err_msg : "it wants to exit"));
}

class Config {
 public:
  Config() { PyConfig_InitIsolatedConfig(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  ~Config() { PyConfig_Clear(&config_); }
  PyConfig* operator->() { return &config_; }
  PyConfig* get() { return &config_; }

 private:
  PyConfig config_{};
};

// Starts it as /usr/bin/python3 would, except for the program's own affairs: signals, the locale
// and the command line are left alone, and text is UTF-8 whatever the locale says.
void initialize(const std::string& executable) {
  PyPreConfig before{};
  PyPreConfig_InitIsolatedConfig(&before);
  before.use_environment = 1;
  before.utf8_mode = 1;
  check(Py_PreInitialize(&before));
  Config config;
  config->isolated = 0;
  config->use_environment = 1;
  // The program's name, not the PATH, decides which modules are found.
  check(PyConfig_SetBytesString(config.get(), &config->program_name, executable.c_str()));
  check(Py_InitializeFromConfig(config.get()));
}

}  // namespace

void start_interpreter(const std::string& executable) {
  Runtime& shared = runtime();
  const std::lock_guard lock(shared.mutex);
  if (shared.started) {
    if (!executable.empty() && executable != shared.executable) {
      throw std::logic_error("Python runs as " + shared.executable + " already, not as " +
                             executable);
    }
    return;
  }
  const std::string name = executable.empty() ? TORNADO_PYTHON : executable;
  initialize(name);
  // pybind11 2.10 frees the table that refers to this, but not this; kept where leak checkers find
  // it.
  py::detail::get_local_internals();
  shared.life_support = py::get_shared_data("_life_support");
  shared.first_thread = PyEval_SaveThread();
  this_thread.adopt(shared.first_thread);
  shared.executable = name;
  shared.started = true;
  std::atexit(end_interpreter);
}

Scope::Scope() {
  if (!count_in()) throw std::runtime_error("the Python interpreter has ended");
  this_thread.enter();
}

Scope::~Scope() {
  this_thread.leave();
  count_out();
}

void let_go(PyObject* object) noexcept {
  if (!count_in()) return;
  this_thread.enter();
  Py_XDECREF(object);
  this_thread.leave();
  count_out();
}

std::string traceback_of(const py::error_already_set& error) {
  try {
    const py::object format = py::module_::import("traceback").attr("format_exception");
    const py::object where = error.trace() ? error.trace() : py::none();  // none: raised in C++
    const py::object lines = format(error.type(), error.value(), where);
    std::string text = py::str("").attr("join")(lines).cast<std::string>();
    if (text.ends_with('\n')) text.pop_back();
    return text;
  } catch (const py::error_already_set& again) {  // an exception that cannot be printed
    return py::str(error.type()).cast<std::string>();
  }
}

}  // namespace tornado::wsgi::python
