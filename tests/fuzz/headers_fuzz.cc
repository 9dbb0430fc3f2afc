// HTTPHeaders against a plain list of pairs: a program of lines "+name:value", "=name:value",
// "-name".
#include <tornado/httputil.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "http/message/chars.h"

using namespace tornado;

namespace {

using Model = std::vector<std::pair<std::string, std::string>>;

bool same_name(std::string_view a, std::string_view b) {
  return equals_ignoring_case(a, b);
}

void set(Model& model, std::string_view name, std::string_view value) {
  const auto is_named = [name](const auto& field) { return same_name(field.first, name); };
  const auto first = std::find_if(model.begin(), model.end(), is_named);
  if (first == model.end()) {
    model.emplace_back(name, value);
    return;
  }
  first->second = value;
  model.erase(std::remove_if(first + 1, model.end(), is_named), model.end());
}

void check_same(const httputil::HTTPHeaders& headers, const Model& model) {
  FUZZ_CHECK(headers.size() == model.size());
  std::size_t i = 0;
  std::size_t wire_size = 0;
  for (const auto [name, value] : headers) {
    FUZZ_CHECK(same_name(name, model[i].first) && value == model[i].second);
    wire_size += name.size() + value.size() + 4;
    ++i;
  }
  FUZZ_CHECK(headers.wire().size() == wire_size);
}

void apply(char operation, std::string_view name, std::string_view value,
           httputil::HTTPHeaders& headers, Model& model) {
  if (operation == '-') {
    std::erase_if(model, [name](const auto& field) { return same_name(field.first, name); });
    headers.remove(name);
    return;
  }
  try {
    operation == '=' ? headers.set(name, value) : headers.add(name, value);
  } catch (const std::invalid_argument&) {
    FUZZ_CHECK(!http::is_token(name) || http::has_control(http::trim_blanks(value)));
    return;
  }
  value = http::trim_blanks(value);
  operation == '=' ? set(model, name, value) : void(model.emplace_back(name, value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = as_text(data, size);
  httputil::HTTPHeaders headers;
  Model model;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = colon < line.size() ? line.substr(colon + 1) : "";
    apply(line[0], line.substr(1, colon == 0 ? 0 : colon - 1), value, headers, model);
    check_same(headers, model);
  }
  return 0;
}
