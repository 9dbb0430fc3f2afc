#include <tornado/web.h>

#include <charconv>

namespace tornado::web::detail {
namespace {

// The whole text must be a number within the range of its type; otherwise the response is 404.
template <class T>
T parse_whole(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) throw_capture_mismatch();
  return value;
}

}  // namespace

void throw_capture_mismatch() {
  throw HTTPError(404);
}

long long capture_signed(const std::string& text, long long low, long long high) {
  const auto value = parse_whole<long long>(text);
  if (value < low || value > high) throw_capture_mismatch();
  return value;
}

unsigned long long capture_unsigned(const std::string& text, unsigned long long high) {
  const auto value = parse_whole<unsigned long long>(text);
  if (value > high) throw_capture_mismatch();
  return value;
}

double capture_double(const std::string& text) {
  return parse_whole<double>(text);
}

}  // namespace tornado::web::detail
