// A URL that a client is to fetch, and a reference joined to it: what is accepted can be sent, and
// stays what it was.
#include <algorithm>
#include <string>

#include "check.h"
#include "http/client/url.h"

using namespace tornado::http;

namespace {

bool can_stand_in_a_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const std::size_t line_end = std::min(text.find('\n'), text.size());
  const std::string_view base = text.substr(0, line_end);
  ClientUrl url;
  if (parse_client_url(base, url) != nullptr) return 0;
  FUZZ_CHECK(!url.host.empty() && url.port != 0);
  FUZZ_CHECK(can_stand_in_a_line(url.authority));
  std::string target;
  append_target(target, url.path_and_query);
  FUZZ_CHECK(target.starts_with('/') && can_stand_in_a_line(target));
  const std::string joined = join_url(base, text.substr(std::min(line_end + 1, text.size())));
  ClientUrl next;
  if (parse_client_url(joined, next) != nullptr) return 0;
  FUZZ_CHECK(next.port != 0);
  ClientUrl again;
  const std::string same = join_url(joined, "");
  FUZZ_CHECK(parse_client_url(same, again) == nullptr && same_origin(next, again));
  return 0;
}
