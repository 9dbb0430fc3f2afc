// Templates: any text compiles or is refused with a ParseError, and a compiled template runs or
// ends with a RenderError. A template with `while`, `range` or `*` is compiled but not run, because
// it could run for hours. Where allocations fail, the same holds for a template that writes JSON:
// nlohmann's destructor allocates, and terminates the program if it cannot.
#include <tornado/template.h>

#include <string>

#include "check.h"

using namespace tornado;

namespace {

const template_::Namespace& names() {
  static const template_::Namespace values = {
      {"name", "<you>"},
      {"n", 3},
      {"items", std::vector<int>{3, 1, 2}},
      {"rows", std::vector<std::vector<std::string>>{{"a"}}}};
  return values;
}

bool is_only_compiled(std::string_view text) {
  if (allocations_fail && text.find("json") != text.npos) return true;
  for (const char* word : {"while", "range", "*"}) {
    if (text.find(word) != text.npos) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  template_::DictLoader loader({{"fuzz.html", text}, {"base.html", "{% block a %}{% end %}"}});
  try {
    const auto compiled = loader.load("fuzz.html");
    if (!is_only_compiled(text)) compiled->generate(names());
  } catch (const template_::ParseError& error) {
    FUZZ_CHECK(error.lineno >= 1);
  } catch (const template_::RenderError& error) {
    FUZZ_CHECK(!error.place().empty());
  }
  return 0;
}
