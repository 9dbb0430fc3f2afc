// CaresResolver in a library without c-ares.
#include <tornado/caresresolver.h>

namespace tornado::caresresolver {

namespace detail {
class Channel {};
}  // namespace detail

CaresResolver::CaresResolver(const CaresOptions& /*options*/) {
  throw std::runtime_error("CaresResolver: this library was built without c-ares");
}

CaresResolver::~CaresResolver() = default;

Future<std::vector<netutil::Address>> CaresResolver::resolve(std::string /*host*/,
                                                             std::uint16_t /*port*/,
                                                             netutil::Family /*family*/) {
  return {};  // never called: the constructor throws
}

}  // namespace tornado::caresresolver
