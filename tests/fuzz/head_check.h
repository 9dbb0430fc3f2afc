// Internal header. What every parsed head must keep, request or response.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "check.h"
#include "http/message/head_parser.h"

namespace tornado::fuzz {

template <class Head>
using Parse = http::HeadResult (*)(std::string_view, http::HeadScan&, const http::HeadLimits&,
                                   Head&);

inline constexpr http::HeadLimits kLimits{.max_size = 4096, .max_fields = 50};

// Parsed at once or in growing pieces, a head comes out the same; what was parsed can be sent and
// parsed again.
template <class Head>
http::HeadResult check_head(std::string_view data, Parse<Head> parse, Head& head) {
  http::HeadScan scan;
  const http::HeadResult whole = parse(data, scan, kLimits, head);

  Head again;
  http::HeadScan growing;
  http::HeadResult pieces;
  const std::size_t step = data.size() / 7 + 1;
  for (std::size_t size = 0; pieces.status == http::HeadStatus::kNeedMore && size < data.size();) {
    size = std::min(size + step, data.size());
    pieces = parse(data.substr(0, size), growing, kLimits, again);
    FUZZ_CHECK(growing.position <= size);
  }
  FUZZ_CHECK(pieces.status == whole.status);
  FUZZ_CHECK(pieces.consumed == whole.consumed);
  FUZZ_CHECK(whole.consumed <= std::min(data.size(), kLimits.max_size));
  if (whole.status != http::HeadStatus::kDone) return whole;

  FUZZ_CHECK(again.headers.wire() == head.headers.wire());
  FUZZ_CHECK(data.substr(0, whole.consumed).ends_with('\n'));
  FUZZ_CHECK(!(head.chunked && head.content_length));
  FUZZ_CHECK(head.headers.size() <= kLimits.max_fields);
  httputil::HTTPHeaders copy;
  FUZZ_CHECK(copy.parse_lines(head.headers.wire()) == nullptr);
  FUZZ_CHECK(copy.wire() == head.headers.wire());
  FUZZ_CHECK(copy.size() == head.headers.size());
  for (const auto [name, value] : head.headers) {
    FUZZ_CHECK(!name.empty() && value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
  }
  return whole;
}

}  // namespace tornado::fuzz
