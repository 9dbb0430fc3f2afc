// PEP 3333 across the two languages: a Python application called as a C++ one.
#include <tornado/iostream.h>
#include <tornado/wsgi.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "web/python/interpreter.h"
#include "web/python/text.h"

namespace tornado::wsgi {
namespace {

namespace py = pybind11;
using python::from_latin1;
using python::to_latin1;

// ---- the environ --------------------------------------------------------------------------------

// A file object that holds the whole body.
py::object input_file(const Input& input) {
  if (input.fileno() < 0) {
    return py::module_::import("io").attr("BytesIO")(py::bytes(input.read()));
  }
  const int fd = ::dup(input.fileno());
  if (fd < 0 || ::lseek(fd, 0, SEEK_SET) != 0) {
    throw std::system_error(errno, std::generic_category(), "wsgi.input");
  }
  return py::module_::import("os").attr("fdopen")(fd, "rb");
}

py::dict environ_dict(const Environ& env, const py::object& input) {
  py::dict dict;
  for (const auto& [name, value] : env.variables) dict[from_latin1(name)] = from_latin1(value);
  dict["wsgi.version"] = py::make_tuple(1, 0);
  dict["wsgi.url_scheme"] = env.url_scheme;
  dict["wsgi.input"] = input;
  dict["wsgi.input_terminated"] = true;  // reads end where the body does
  dict["wsgi.errors"] = py::module_::import("sys").attr("stderr");
  dict["wsgi.multithread"] = env.multithread;
  dict["wsgi.multiprocess"] = env.multiprocess;
  dict["wsgi.run_once"] = env.run_once;
  return dict;
}

// ---- the response -------------------------------------------------------------------------------

// The bytes of one block; valid as long as this object.
std::string_view bytes_of(const py::handle& block) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(block.ptr(), &data, &size) != 0) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

Headers headers_of(const py::handle& headers) {
  Headers list;
  for (const py::handle item : headers) {
    const auto pair = py::reinterpret_borrow<py::object>(item);
    if (py::len(pair) != 2) throw py::value_error("a header is a name and a value");
    list.emplace_back(to_latin1(pair[py::int_(0)]), to_latin1(pair[py::int_(1)]));
  }
  return list;
}

[[noreturn]] void raise_again(const py::handle& exc_info) {
  const py::object error = exc_info[py::int_(1)];
  if (!PyExceptionInstance_Check(error.ptr())) {
    throw py::type_error("exc_info has no exception");
  }
  PyErr_SetObject(PyExceptionInstance_Class(error.ptr()), error.ptr());
  throw py::error_already_set();
}

// One response in progress. Python may keep objects that refer to it indefinitely.
class Answer {
 public:
  explicit Answer(StartResponse start_response) : start_response_(std::move(start_response)) {}

  // start_response(status, headers, exc_info=None)
  void start(const py::handle& status, const py::handle& headers, const py::handle& exc_info) {
    const bool again = PyObject_IsTrue(exc_info.ptr()) == 1;
    if (again && start_response_.headers_sent()) raise_again(exc_info);
    const auto replaced =
        again ? std::make_exception_ptr(std::runtime_error("exc_info")) : std::exception_ptr();
    write_ = start_response_(to_latin1(status), headers_of(headers), replaced);
  }

  // Releases the interpreter's lock meanwhile: the client may be slow.
  void write(const py::handle& block) {
    const std::string_view data = bytes_of(block);
    if (!write_) throw std::runtime_error("the application did not call start_response");
    try {
      const py::gil_scoped_release released;
      (*write_)(data);
      return;
    } catch (const iostream::StreamClosedError&) {
      client_gone_ = true;
    }
    PyErr_SetString(PyExc_BrokenPipeError, "the client has gone");
    throw py::error_already_set();
  }

  bool client_gone() const noexcept { return client_gone_; }

 private:
  StartResponse start_response_;
  std::optional<Write> write_;
  bool client_gone_ = false;
};

py::object start_response_of(const std::shared_ptr<Answer>& answer) {
  const auto start = [answer](const py::object& status, const py::object& headers,
                              const py::object& exc_info) {
    answer->start(status, headers, exc_info);
    return py::cpp_function([answer](const py::object& block) { answer->write(block); },
                            py::name("write"), py::arg("data"));
  };
  return py::cpp_function(start, py::name("start_response"), py::arg("status"), py::arg("headers"),
                          py::arg("exc_info") = py::none());
}

void call_close(const py::object& object) {
  if (py::hasattr(object, "close")) object.attr("close")();
}

Chunks iterate(const py::object& body, Answer& answer) {
  Chunks whole;
  if (py::isinstance<py::list>(body) || py::isinstance<py::tuple>(body)) {
    for (const py::handle block : body) whole.emplace_back(bytes_of(block));
    return whole;
  }
  for (const py::handle block : body) {
    if (!bytes_of(block).empty()) answer.write(block);
  }
  return whole;
}

// Calls the application and consumes its body, which is closed in any case.
Chunks run(const py::handle& application, const Environ& env, const py::object& input,
           const std::shared_ptr<Answer>& answer) {
  const py::object body = application(environ_dict(env, input), start_response_of(answer));
  Chunks rest;
  try {
    rest = iterate(body, *answer);
  } catch (...) {
    try {
      call_close(body);
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("close() of a WSGI application's body");
    }
    throw;
  }
  call_close(body);
  return rest;
}

}  // namespace

// ---- the application ----------------------------------------------------------------------------

struct PythonApplication::Object {
  explicit Object(py::object object) : callable(object.release().ptr()) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object() { python::let_go(callable); }

  PyObject* const callable;  // a reference of its own
};

namespace {

void search_first(const std::vector<std::string>& folders) {
  const py::object path = py::module_::import("sys").attr("path");
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    path.attr("insert")(0, *folder);
  }
}

// Imports "module:name.name" or "module:factory()".
py::object import_object(const std::string& name) {
  const auto colon = name.find(':');
  std::string attribute = colon == std::string::npos ? "application" : name.substr(colon + 1);
  const bool is_factory = attribute.ends_with("()");
  if (is_factory) attribute.resize(attribute.size() - 2);
  py::object found = py::module_::import(name.substr(0, colon).c_str());
  for (const py::handle part : py::str(attribute).attr("split")(".")) found = found.attr(part);
  if (is_factory) found = found();
  if (!PyCallable_Check(found.ptr())) {
    throw py::type_error("it is not callable: " + py::repr(found).cast<std::string>());
  }
  return found;
}

}  // namespace

PythonApplication::PythonApplication(const std::string& name, const PythonOptions& options) {
  python::start_interpreter(options.executable);
  const python::Scope scope;
  try {
    search_first(options.path);
    object_ = std::make_shared<const Object>(import_object(name));
  } catch (const py::error_already_set& error) {
    throw std::runtime_error("cannot import " + name + "\n" + python::traceback_of(error));
  } catch (const py::type_error& error) {
    throw std::runtime_error("cannot import " + name + ": " + error.what());
  }
}

Chunks PythonApplication::operator()(const Environ& env, StartResponse& start_response) const {
  const python::Scope scope;
  const auto answer = std::make_shared<Answer>(start_response);
  try {
    const py::object input = input_file(env.input);
    Chunks rest = run(object_->callable, env, input, answer);
    input.attr("close")();
    return rest;
  } catch (const py::error_already_set& error) {
    if (answer->client_gone() && error.matches(PyExc_BrokenPipeError)) {
      throw iostream::StreamClosedError();
    }
    throw std::runtime_error(python::traceback_of(error));
  } catch (const py::builtin_exception& error) {  // thrown by us, outside Python
    throw std::runtime_error(error.what());
  }
}

}  // namespace tornado::wsgi
