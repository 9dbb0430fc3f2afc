#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "http/chars.h"
#include "tornado/httputil.h"

namespace tornado::httputil {
namespace {

using http::byte;
using http::trim_blanks;

// A response's head fits these in most cases, so that filling it does not grow the string step by
// step.
constexpr std::size_t kUsualHeadSize = 256;
constexpr std::size_t kUsualFields = 8;

// What a line can grow by on its way into the wire form: ":" becomes ": ", LF becomes CRLF.
constexpr std::size_t kLineGrowth = 3;

// Writes `name` to `out` in Http-Header-Case. False if it is not a token.
bool write_name(std::string_view name, char* out) {
  bool word_start = true;
  for (const char c : name) {
    const char converted = http::kTokenCase[word_start ? 1 : 0][byte(c)];
    if (converted == '\0') return false;
    *out++ = converted;
    word_start = c == '-';
  }
  return !name.empty();
}

char* write(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Takes the next line off `text`, without its LF or CRLF. The last line may lack one.
std::string_view take_line(std::string_view& text) {
  const void* found = std::memchr(text.data(), '\n', text.size());
  const std::size_t length =
      found == nullptr ? text.size()
                       : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  std::string_view line = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  if (found != nullptr && !line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool points_into(const std::string& block, std::string_view text) {
  const std::less<const char*> before;
  return !text.empty() && !before(text.data(), block.data()) &&
         before(text.data(), block.data() + block.size());
}

void check_value(std::string_view value) {
  if (http::has_control(value)) {
    throw std::invalid_argument("Header value contains a control character");
  }
}

}  // namespace

// Writes the block while lines are read: it is kept larger than needed and cut when the writer
// goes.
class HTTPHeaders::Writer {
 public:
  Writer(HTTPHeaders& headers, std::size_t text_size)
      : headers_(headers), used_(headers.block_.size()) {
    if (headers_.entries_.empty()) headers_.entries_.reserve(text_size / 32 + kUsualFields / 2);
    headers_.block_.resize(used_ + text_size + kLineGrowth);
  }
  ~Writer() { headers_.block_.resize(used_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  const char* write_field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return "no colon in header line";
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (http::has_control(value)) return "invalid header value";
    if (!make_room(line.size() + kLineGrowth)) return "headers too large";
    char* out = headers_.block_.data() + used_;
    if (!write_name(line.substr(0, colon), out)) return "invalid header name";
    out = httputil::write(out + colon, ": ");
    out = httputil::write(out, value);
    httputil::write(out, "\r\n");
    headers_.entries_.push_back({static_cast<std::uint32_t>(used_),
                                 static_cast<std::uint32_t>(colon),
                                 static_cast<std::uint32_t>(value.size())});
    used_ = headers_.entries_.back().end();
    return nullptr;
  }

  // A line that begins with a blank belongs to the field before it.
  const char* continue_field(std::string_view line) {
    if (headers_.entries_.empty()) return "first header line cannot start with whitespace";
    const std::string_view more = trim_blanks(line);
    if (http::has_control(more)) return "invalid header value";
    if (more.empty()) return nullptr;
    if (!make_room(more.size() + kLineGrowth)) return "headers too large";
    Entry& last = headers_.entries_.back();
    char* out = headers_.block_.data() + last.end() - 2;  // over its CRLF
    const std::string_view joint = last.value_size == 0 ? "" : " ";
    out = httputil::write(out, joint);
    out = httputil::write(out, more);
    httputil::write(out, "\r\n");
    last.value_size += static_cast<std::uint32_t>(joint.size() + more.size());
    used_ = last.end();
    return nullptr;
  }

 private:
  bool make_room(std::size_t bytes) {
    const std::size_t needed = used_ + bytes;
    if (needed > std::numeric_limits<std::uint32_t>::max()) return false;
    std::string& block = headers_.block_;
    if (needed > block.size()) block.resize(std::max(needed, block.size() + block.size() / 2));
    return true;
  }

  HTTPHeaders& headers_;
  std::size_t used_;
};

HTTPHeaders::HTTPHeaders(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

HTTPHeaders HTTPHeaders::parse(std::string_view text) {
  HTTPHeaders headers;
  if (const char* reason = headers.parse_lines(text)) throw HTTPInputError(reason);
  return headers;
}

void HTTPHeaders::parse_line(std::string_view line) {
  std::string_view rest = line;
  const std::string_view first = take_line(rest);
  if (!rest.empty()) throw HTTPInputError("more than one header line");
  if (first.empty()) return;
  if (const char* reason = parse_lines(line, std::numeric_limits<std::size_t>::max())) {
    throw HTTPInputError(reason);
  }
}

const char* HTTPHeaders::parse_lines(std::string_view text, std::size_t max_fields) {
  if (text.empty()) return nullptr;
  Writer writer(*this, text.size());
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) {
      if (text.empty()) return nullptr;
      return "empty line among the headers";
    }
    const bool folded = http::is_blank(line.front());
    if (!folded && entries_.size() >= max_fields) return "too many header fields";
    const char* reason = folded ? writer.continue_field(line) : writer.write_field(line);
    if (reason != nullptr) return reason;
  }
  return nullptr;
}

void HTTPHeaders::add(std::string_view name, std::string_view value) {
  if (points_into(block_, name) || points_into(block_, value)) {
    return add(std::string(name), std::string(value));  // the block may move below
  }
  value = trim_blanks(value);
  check_value(value);
  const std::size_t begin = block_.size();
  const std::size_t end = begin + name.size() + value.size() + 4;
  if (end > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("headers too large");
  if (entries_.empty()) block_.reserve(kUsualHeadSize);
  if (entries_.size() ==
      entries_.capacity()) {  // before the block, so that a failure changes nothing
    entries_.reserve(std::max(kUsualFields, 2 * entries_.size()));
  }
  block_.resize(end);
  char* out = block_.data() + begin;
  if (!write_name(name, out)) {
    block_.resize(begin);
    throw std::invalid_argument("Header name is not a token");
  }
  out = write(out + name.size(), ": ");
  out = write(out, value);
  write(out, "\r\n");
  entries_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
}

void HTTPHeaders::set(std::string_view name, std::string_view value) {
  const std::size_t index = index_of(name);
  if (index == entries_.size()) return add(name, value);
  if (points_into(block_, name) || points_into(block_, value)) {
    return set(std::string(name), std::string(value));
  }
  value = trim_blanks(value);
  check_value(value);
  Entry& entry = entries_[index];
  if (block_.size() + value.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error("headers too large");
  }
  block_.replace(entry.value_begin(), entry.value_size, value);
  // Unsigned arithmetic wraps, so that one addition serves for growing and shrinking.
  const auto shift = static_cast<std::uint32_t>(value.size()) - entry.value_size;
  entry.value_size = static_cast<std::uint32_t>(value.size());
  for (std::size_t i = index + 1; i < entries_.size(); ++i) entries_[i].begin += shift;
  erase_from(index + 1, name);
}

std::size_t HTTPHeaders::remove(std::string_view name) {
  if (points_into(block_, name)) return remove(std::string(name));
  const std::size_t before = entries_.size();
  erase_from(0, name);
  return before - entries_.size();
}

void HTTPHeaders::clear() noexcept {
  block_.clear();
  entries_.clear();
}

// Removes the fields called `name` from `index` on. One pass moves what stays, whatever the number
// of repeats.
void HTTPHeaders::erase_from(std::size_t index, std::string_view name) {
  index = index_of(name, index);
  if (index == entries_.size()) return;
  std::size_t kept = index;
  std::uint32_t used = entries_[index].begin;
  for (std::size_t i = index; i < entries_.size(); ++i) {
    Entry entry = entries_[i];
    if (is_named(entry, name)) continue;
    const std::uint32_t size = entry.end() - entry.begin;
    std::memmove(block_.data() + used, block_.data() + entry.begin, size);
    entry.begin = used;
    used += size;
    entries_[kept++] = entry;
  }
  entries_.resize(kept);
  block_.resize(used);
}

bool HTTPHeaders::is_named(const Entry& entry, std::string_view name) const noexcept {
  if (entry.name_size != name.size()) return false;
  const std::string_view own = field(entry).name;
  return own == name || http::equals_ignoring_case(own, name);
}

std::size_t HTTPHeaders::index_of(std::string_view name, std::size_t from) const noexcept {
  std::size_t index = from;
  while (index < entries_.size() && !is_named(entries_[index], name)) ++index;
  return index;
}

bool HTTPHeaders::contains(std::string_view name) const noexcept {
  return index_of(name) != entries_.size();
}

std::optional<std::string_view> HTTPHeaders::find(std::string_view name) const noexcept {
  const std::size_t index = index_of(name);
  if (index == entries_.size()) return std::nullopt;
  return field(entries_[index]).value;
}

std::string HTTPHeaders::join(std::size_t first, std::string_view name) const {
  std::string joined(field(entries_[first]).value);
  for (std::size_t i = index_of(name, first + 1); i < entries_.size(); i = index_of(name, i + 1)) {
    joined += ',';
    joined += field(entries_[i]).value;
  }
  return joined;
}

const std::string HTTPHeaders::operator[](std::string_view name) const {
  const std::size_t index = index_of(name);
  if (index == entries_.size()) throw KeyError("no header " + std::string(name));
  return join(index, name);
}

std::string HTTPHeaders::get(std::string_view name, std::string_view fallback) const {
  const std::size_t index = index_of(name);
  return index == entries_.size() ? std::string(fallback) : join(index, name);
}

std::vector<std::string> HTTPHeaders::get_list(std::string_view name) const {
  std::vector<std::string> values;
  for (std::size_t i = index_of(name); i < entries_.size(); i = index_of(name, i + 1)) {
    values.emplace_back(field(entries_[i]).value);
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> HTTPHeaders::get_all() const {
  std::vector<std::pair<std::string, std::string>> all;
  all.reserve(entries_.size());
  for (const auto [name, value] : *this) all.emplace_back(name, value);
  return all;
}

std::string HTTPHeaders::str() const {
  std::string text;
  text.reserve(block_.size());
  std::copy_if(block_.begin(), block_.end(), std::back_inserter(text),
               [](char c) { return c != '\r'; });
  return text;
}

}  // namespace tornado::httputil
