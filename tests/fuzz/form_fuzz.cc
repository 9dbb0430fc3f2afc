// Form bodies: the first line is the content type, the rest the body.
#include <tornado/httputil.h>

#include <algorithm>

#include "check.h"
#include "http/message/form.h"

using namespace tornado;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view type = text.substr(0, end);
  const std::string_view body = text.substr(std::min(end + 1, text.size()));
  const httputil::ParseBodyConfig config{
      .multipart = {.max_parts = 10, .max_part_header_size = 200}};
  httputil::Arguments arguments;
  httputil::Files files;
  const char* reason = http::parse_form(type, body, config, arguments, files);
  FUZZ_CHECK(http::is_form(type) || (reason == nullptr && arguments.empty() && files.empty()));
  std::size_t bytes = 0;
  for (const auto& [name, values] : arguments) {
    FUZZ_CHECK(!values.empty());
    for (const std::string& value : values) bytes += value.size();
  }
  for (const auto& [name, entries] : files) {
    for (const httputil::HTTPFile& file : entries) {
      FUZZ_CHECK(!file.filename.empty());
      bytes += file.body.size();
    }
  }
  FUZZ_CHECK(bytes <= body.size());
  http::parse_header_value(type);
  return 0;
}
