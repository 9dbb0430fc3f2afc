// Internal header. The clients' defaults where neither the request nor its defaults say anything,
// and the deadlines that follow from them.
#pragma once

#include <tornado/httpclient.h>

#include <algorithm>
#include <optional>

#include "http/client/response_reader.h"

namespace tornado::http {

inline constexpr double kUsualTimeout = 20;  // seconds
inline constexpr int kUsualRedirects = 5;
inline constexpr int kNoResponse = 599;  // the code of a fetch that ended without a response

// Returns the time `seconds` after `start`. 0 seconds means never, which is negative.
inline double deadline_after(double start, std::optional<double> seconds) {
  const double limit = seconds.value_or(kUsualTimeout);
  return limit > 0 ? start + limit : -1;
}

inline double earlier(double a, double b) {
  return a < 0 ? b : b < 0 ? a : std::min(a, b);
}

// The most that a client reads of a response.
inline ResponseLimits response_limits(const httpclient::ClientOptions& options) {
  ResponseLimits limits;
  limits.head.max_size = options.max_header_size;
  limits.max_body_size = options.max_body_size.value_or(options.max_buffer_size);
  return limits;
}

}  // namespace tornado::http
