#include "http/message/framing.h"

#include <string_view>

#include "base/text/number_text.h"
#include "http/message/chars.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

const char* read_content_length(std::string_view value, Framing& framing) {
  const std::optional<std::uint64_t> length = parse_content_length(value);
  if (!length) return "invalid Content-Length";
  if (framing.content_length && framing.content_length != length) {
    return "Content-Length fields differ";
  }
  framing.content_length = length;
  return nullptr;
}

const char* read_transfer_encoding(std::string_view value, Framing& framing) {
  if (framing.chunked || !equals_ignoring_case(value, "chunked")) {
    return "unsupported Transfer-Encoding";
  }
  framing.chunked = true;
  return nullptr;
}

// Names are stored in one case, so that plain comparisons serve.
const char* read_field(std::string_view name, std::string_view value, Framing& framing) {
  if (name == "Content-Length") return read_content_length(value, framing);
  if (name == "Transfer-Encoding") return read_transfer_encoding(value, framing);
  if (name == "Host") {
    ++framing.hosts;
    framing.host = value;
  } else if (name == "Connection") {
    framing.close = framing.close || list_contains(value, "close");
    framing.keep_alive = framing.keep_alive || list_contains(value, "keep-alive");
  } else if (name == "Expect") {
    framing.expect_continue = framing.expect_continue || list_contains(value, "100-continue");
  }
  return nullptr;
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  if (const auto length = parse_number<std::uint64_t>(value)) return length;  // nearly always
  std::size_t comma = value.find(',');
  const std::string_view first = trim_blanks(value.substr(0, comma));
  for (; comma != std::string_view::npos; comma = value.find(',')) {
    value.remove_prefix(comma + 1);
    if (trim_blanks(value.substr(0, value.find(','))) != first) return std::nullopt;
  }
  return parse_number<std::uint64_t>(first);
}

bool list_contains(std::string_view value, std::string_view token) {
  while (true) {
    const std::size_t comma = value.find(',');
    if (equals_ignoring_case(trim_blanks(value.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
}

// [read_framing]
const char* read_framing(const httputil::HTTPHeaders& headers, Framing& framing) {
  framing = Framing();
  for (const auto [name, value] : headers) {
    if (const char* reason = read_field(name, value, framing)) return reason;
  }
  if (framing.chunked && framing.content_length) {
    return "both Content-Length and Transfer-Encoding";
  }
  return nullptr;
}
// [/read_framing]

}  // namespace tornado::http
