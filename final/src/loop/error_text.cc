#include "loop/error_text.h"

#include <cxxabi.h>

#include "base/text/demangle.h"

namespace tornado {

std::string type_name(const std::type_info& type) {
  return demangled(type.name());
}

std::string describe(const std::exception_ptr& exception) {
  if (exception == nullptr) return "no exception";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return type_name(typeid(error)) + ": " + error.what();
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? type_name(*type) : "unknown exception";
  }
}

}  // namespace tornado
