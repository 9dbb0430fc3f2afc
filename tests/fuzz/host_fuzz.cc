// Hosts, targets and URLs.
#include <tornado/httputil.h>

#include "check.h"
#include "http/message/url.h"

using namespace tornado;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (http::is_valid_host(text)) {
    FUZZ_CHECK(text.find_first_of(std::string_view(" ,/?#@\\<>\"\r\n\0", 14)) == text.npos);
    FUZZ_CHECK(text.starts_with(':') == false);
    FUZZ_CHECK(http::is_valid_host(http::host_name(text)));
  }
  http::AbsoluteTarget parts;
  if (http::split_absolute_target(text, parts)) {
    FUZZ_CHECK(http::is_valid_host(parts.authority));
    FUZZ_CHECK(text.ends_with(parts.path_and_query));
  }
  const auto [host, port] = httputil::split_host_and_port(text);
  FUZZ_CHECK(port.has_value() || host == text);
  const std::string url = httputil::url_concat(text, {{"a&b", "c d"}});
  FUZZ_CHECK(url.find("a%26b=c+d") != url.npos);
  return 0;
}
