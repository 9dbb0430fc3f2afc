// The Cookie field, and dates, which the same kind of hand-written scanner reads.
#include <tornado/httputil.h>

#include "check.h"
#include "http/message/cookies.h"
#include "http/message/date.h"

using namespace tornado;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  std::size_t bytes = 0;
  for (const auto& [name, value] : httputil::parse_cookie(text)) {
    FUZZ_CHECK(!name.empty() || !value.empty() || text.find('"') != text.npos);
    FUZZ_CHECK(name.find_first_of("=;") == name.npos);
    bytes += name.size() + value.size();
  }
  FUZZ_CHECK(bytes <= size);
  FUZZ_CHECK(http::unquote_cookie(http::quote_cookie(text)) == text);
  if (const auto seconds = http::parse_date(text, 0)) {
    const std::string date = httputil::format_timestamp(*seconds);
    FUZZ_CHECK(http::parse_date(date, 0) == seconds);
  }
  return 0;
}
