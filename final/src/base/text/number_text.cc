#include "base/text/number_text.h"

#include <fmt/format.h>

#include <iterator>

namespace tornado {

// fmt chooses the digits and the exponent as Python does, but writes 1.0 as "1".
void append_float(std::string& out, double value) {
  const std::size_t begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_of(".e", begin) == out.npos) out.append(".0");
}

void append_integer(std::string& out, std::int64_t value) {
  out.append(fmt::format_int(value).c_str());
}
void append_integer(std::string& out, std::uint64_t value) {
  out.append(fmt::format_int(value).c_str());
}

}  // namespace tornado
