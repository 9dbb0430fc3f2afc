// The head of a request, and the request object made of it.
#include "head_check.h"
#include "http/message/url.h"

using namespace tornado;

// Checks the status, method and path that are logged for a head that is too large.
static void check_large_head(std::string_view head) {
  httputil::RequestStartLine line;
  const int status = http::status_of_large_head(head, fuzz::kLimits, line);
  FUZZ_CHECK(status == 400 || status == 414 || status == 431);
  FUZZ_CHECK(line.method.empty() == (status == 400) && line.path.empty() == (status == 400));
  FUZZ_CHECK(status != 414 || line.path.size() <= http::kShownTarget);
  for (const char c : line.path) FUZZ_CHECK(c > ' ' && c < 0x7F);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::RequestHead head;
  const auto result = fuzz::check_head(as_text(data, size), http::parse_request_head, head);
  if (result.status == http::HeadStatus::kTooLarge) check_large_head(as_text(data, size));
  if (result.status != http::HeadStatus::kDone) return 0;
  const httputil::RequestStartLine& line = head.start_line;
  FUZZ_CHECK(line.version == "HTTP/1.0" || line.version == "HTTP/1.1");
  FUZZ_CHECK(!line.method.empty() && !line.path.empty());
  FUZZ_CHECK(line.path.starts_with('/') || line.path == "*" || line.method == "CONNECT");
  FUZZ_CHECK(head.headers.get_list("Host").size() <= 1);
  FUZZ_CHECK(http::is_valid_host(head.headers.get("Host")));
  FUZZ_CHECK(line.version == "HTTP/1.0" || head.headers.contains("Host"));
  FUZZ_CHECK(!(head.chunked && line.version == "HTTP/1.0" && head.keep_alive));
  const httputil::HTTPServerRequest request(std::move(head.start_line), std::move(head.headers));
  FUZZ_CHECK(request.uri == request.path + (request.uri.find('?') == std::string::npos ? "" : "?") +
                                request.query);
  request.arguments();
  request.cookies();
  return 0;
}
