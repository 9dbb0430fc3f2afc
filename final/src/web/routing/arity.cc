#include "web/routing/arity.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace tornado::web::detail {
namespace {

constexpr std::array<const char*, kVerbCount> kVerbNames = {
    "get", "head", "post", "delete_", "patch", "put", "options", "any_method"};

}  // namespace

std::string count_of(int count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

std::string class_name(const HandlerClass& handler_class) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(handler_class.type->name(), nullptr, nullptr, &status), &std::free);
  return name != nullptr ? name.get() : handler_class.type->name();
}

// A verb that cannot take the pattern's captures is a mistake of the program, so it is reported
// when the route is made, not when the first request arrives.
void check_arity(const std::string& pattern, int groups, const HandlerClass& handler_class) {
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const VerbEntry& verb = handler_class.verbs[i];
    if (verb.call == nullptr || verb.arity == kAnyArity || verb.arity == groups) continue;
    throw std::invalid_argument("route '" + pattern + "' has " + count_of(groups, "group") +
                                ", but " + class_name(handler_class) + "::" + kVerbNames[i] +
                                "() takes " + count_of(verb.arity, "argument"));
  }
}

}  // namespace tornado::web::detail
