// Makes a web::Application a Python module, for a WSGI server to import.
#include <pybind11/pybind11.h>
#include <tornado/web.h>
#include <tornado/wsgi.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "web/python/text.h"

namespace tornado::wsgi {
namespace {

namespace py = pybind11;
using python::from_latin1;
using python::to_latin1;

// Stores the adapter's response head: Python's start_response is called when the lock is held
// again.
class Recorder final : public Responder {
 public:
  void start(std::string_view new_status, Headers new_headers,
             std::exception_ptr /*exc_info*/) override {
    status = new_status;
    headers = std::move(new_headers);
  }
  bool headers_sent() const override { return false; }
  void write(std::string_view /*chunk*/) override {
    throw std::logic_error("the adapter returns its body");
  }

  std::string status;
  Headers headers;
};

// Reads the body, up to the first byte beyond the limit. Without a length, a read might never end,
// unless the server promises that it does.
// end, unless the server does.
Input read_input(const py::dict& dict, const std::string& length) {
  const std::uint64_t most = WSGIAdapterOptions().max_body_size + 1;
  std::uint64_t size = 0;
  if (!length.empty()) {
    const py::int_ stated = py::int_(py::str(length));
    size = std::min<std::uint64_t>(most, stated.cast<std::uint64_t>());
  } else if (dict.contains("wsgi.input_terminated") && py::bool_(dict["wsgi.input_terminated"])) {
    size = most;
  }
  if (size == 0) return Input();
  return Input(dict["wsgi.input"].attr("read")(size).cast<std::string>());
}

Environ environ_of(const py::dict& dict) {
  Environ env;
  for (const auto& [key, value] : dict) {
    const std::string name = to_latin1(key);
    if (py::isinstance<py::str>(value) && !name.starts_with("wsgi.")) {
      env.variables[name] = to_latin1(value);
    }
  }
  env.url_scheme = dict["wsgi.url_scheme"].cast<std::string>();
  env.multithread = py::bool_(dict["wsgi.multithread"]);
  env.multiprocess = py::bool_(dict["wsgi.multiprocess"]);
  env.run_once = py::bool_(dict["wsgi.run_once"]);
  env.input = read_input(dict, std::string(env["CONTENT_LENGTH"]));
  return env;
}

// The object that Python sees as `application`.
class Callable {
 public:
  explicit Callable(std::unique_ptr<web::Application> application)
      : application_(std::move(application)), adapter_(*application_) {}

  py::list operator()(const py::dict& dict, const py::object& start_response) const {
    const Environ env = environ_of(dict);
    const auto recorder = std::make_shared<Recorder>();
    Chunks chunks;
    {
      const py::gil_scoped_release released;
      StartResponse start(recorder);
      chunks = adapter_(env, start);
    }
    py::list headers;
    for (const auto& [name, value] : recorder->headers) {
      headers.append(py::make_tuple(from_latin1(name), from_latin1(value)));
    }
    start_response(from_latin1(recorder->status), headers);
    py::list body;
    for (const std::string& chunk : chunks) body.append(py::bytes(chunk));
    return body;
  }

 private:
  std::unique_ptr<web::Application> application_;
  WSGIAdapter adapter_;
};

}  // namespace

PyObject* detail::make_module(const char* name, std::unique_ptr<web::Application> (*make)()) {
  static PyModuleDef definition;
  try {
    auto module = py::module_::create_extension_module(name, nullptr, &definition);
    const auto callable = std::make_shared<Callable>(make());
    const auto call = [callable](const py::dict& environ_dict, const py::object& start_response) {
      return (*callable)(environ_dict, start_response);
    };
    module.attr("application") = py::cpp_function(call, py::name("application"), py::arg("environ"),
                                                  py::arg("start_response"));
    return module.release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_ImportError, error.what());
  }
  return nullptr;
}

}  // namespace tornado::wsgi
