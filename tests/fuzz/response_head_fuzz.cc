// The head of a response, as a client reads it.
#include "head_check.h"

using namespace tornado;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::ResponseHead head;
  const auto result = fuzz::check_head(as_text(data, size), http::parse_response_head, head);
  if (result.status != http::HeadStatus::kDone) return 0;
  FUZZ_CHECK(head.start_line.code >= 100 && head.start_line.code <= 999);
  return 0;
}
