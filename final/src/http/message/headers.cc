#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <new>

#include "http/message/chars.h"
#include "http/message/head_parser.h"
#include "tornado/core/runtime.h"
#include "tornado/httputil.h"

namespace tornado::httputil {
namespace {

using http::byte;
using http::is_blank;
using http::trim_blanks;

// A response's head and its index usually fit this size, so filling it field by field does not
// enlarge the block step by step.
constexpr std::size_t kUsualBlock = 448;

// Requests seldom have more.
constexpr std::size_t kUsualFields = 20;

// The most a line can grow by on its way into the wire form: ":" becomes ": ", and LF or nothing
// becomes CRLF.
constexpr std::size_t kLineGrowth = 3;

// Copies the token at the start of `text` to `out`, in Http-Header-Case, and returns its size.
std::size_t write_name(std::string_view text, char* out) {
  bool word_start = true;
  std::size_t size = 0;
  for (; size < text.size(); ++size) {
    const char converted = http::kTokenCase[word_start ? 1 : 0][byte(text[size])];
    if (converted == '\0') break;
    out[size] = converted;
    word_start = text[size] == '-';  // not `converted`: the next look-up need not wait for this one
  }
  return size;
}

// Removes a line's text from `text`, with its line end, and returns it. Returns nothing if it
// contains a control character other than tab.
std::optional<std::string_view> take_text(std::string_view& text) {
  const char* const end = text.data() + text.size();
  const char* const stop = http::find_control(text.data(), end);
  const std::string_view line(text.data(), static_cast<std::size_t>(stop - text.data()));
  text.remove_prefix(line.size());
  const std::size_t line_end = text.starts_with("\r\n") ? 2 : text.starts_with('\n') ? 1 : 0;
  if (line_end == 0 && !text.empty()) return std::nullopt;
  text.remove_prefix(line_end);
  return trim_blanks(line);
}

void check_value(std::string_view value) {
  if (http::has_control(value)) {
    throw std::invalid_argument("header value contains a control character");
  }
}

}  // namespace

HTTPHeaders::HTTPHeaders(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

HTTPHeaders& HTTPHeaders::operator=(const HTTPHeaders& other) {
  if (this == &other) return *this;
  clear();
  if (other.empty()) return *this;
  reserve(std::max(other.wire_size_ + other.count_ * sizeof(Entry), kUsualBlock));
  std::memcpy(block_, other.block_, other.wire_size_);
  const std::size_t index_size = other.count_ * sizeof(Entry);
  std::memcpy(block_ + capacity_ - index_size, other.block_ + other.capacity_ - index_size,
              index_size);
  wire_size_ = other.wire_size_;
  count_ = other.count_;
  return *this;
}

void HTTPHeaders::free_block() noexcept {
  core::deallocate(block_, capacity_);
}

HTTPHeaders HTTPHeaders::parse(std::string_view text) {
  HTTPHeaders headers;
  if (const char* reason = headers.parse_lines(text)) throw HTTPInputError(reason);
  return headers;
}

void HTTPHeaders::parse_line(std::string_view line) {
  const std::size_t line_end = std::min(line.find('\n'), line.size());
  if (line_end + 1 < line.size()) throw HTTPInputError("more than one header line");
  if (const char* reason = parse_lines(line, std::numeric_limits<std::size_t>::max())) {
    throw HTTPInputError(reason);
  }
}

const char* HTTPHeaders::parse_lines(std::string_view text, std::size_t max_fields) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() / 4) return "headers too large";
  // A line is seldom shorter than two entries of the index, so one block is about the right size.
  if (block_ == nullptr && !text.empty()) {
    move_to_block(text.size() + std::min(text.size() / 2, kUsualFields * sizeof(Entry)) +
                  kLineGrowth);
  }
  while (!text.empty()) {
    if (text == "\r\n" || text == "\n") return nullptr;  // the empty line that ends a head
    const bool folded = is_blank(text.front());
    if (!folded && count_ >= max_fields) return http::kTooManyFields;
    const char* reason = folded ? read_continuation(text) : read_field(text);
    if (reason != nullptr) return reason;
  }
  return nullptr;
}

const char* HTTPHeaders::read_field(std::string_view& text) {
  make_room(text.size() + kLineGrowth);
  const std::size_t name_size = write_name(text, block_ + wire_size_);
  if (name_size == 0 || name_size == text.size() || text[name_size] != ':') {
    return "invalid header name";
  }
  text.remove_prefix(name_size + 1);
  const std::optional<std::string_view> value = take_text(text);
  if (!value) return "invalid header value";
  append(name_size, *value);
  return nullptr;
}

// A line that begins with a blank belongs to the field before it.
const char* HTTPHeaders::read_continuation(std::string_view& text) {
  if (empty()) return "first header line cannot start with whitespace";
  // A recipient that does not unfold would see a body where this one sees chunks (RFC 9112 5.2).
  if (field(count_ - 1).name == "Transfer-Encoding") return "folded Transfer-Encoding";
  const std::optional<std::string_view> more = take_text(text);
  if (!more) return "invalid header value";
  if (more->empty()) return nullptr;
  make_room(more->size() + kLineGrowth);
  Entry& last = entry(count_ - 1);
  const std::string_view joint = last.value_size == 0 ? "" : " ";
  char* out = block_ + last.end() - 2;  // over its CRLF
  std::memcpy(out, joint.data(), joint.size());
  std::memcpy(out + joint.size(), more->data(), more->size());
  std::memcpy(out + joint.size() + more->size(), "\r\n", 2);
  last.value_size += static_cast<std::uint32_t>(joint.size() + more->size());
  wire_size_ = last.end();
  return nullptr;
}

// Makes room for `bytes` after the lines and for one entry, so that append() cannot fail.
void HTTPHeaders::make_room(std::size_t bytes) {
  const std::size_t needed = wire_size_ + bytes + (count_ + 1) * sizeof(Entry);
  if (needed > capacity_) reserve(std::max({needed, kUsualBlock, std::size_t{capacity_} * 2}));
}

void HTTPHeaders::reserve(std::size_t bytes) {
  if (bytes > capacity_) move_to_block(bytes);
}

void HTTPHeaders::shrink_to_fit() {
  if (block_ != nullptr) move_to_block(wire_size_ + count_ * sizeof(Entry));
}

// `bytes` must be enough for the present contents.
void HTTPHeaders::move_to_block(std::size_t bytes) {
  bytes = core::BlockPool::block_size(bytes);  // also keeps the index aligned
  if (bytes == capacity_) return;
  if (bytes > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error("headers too large");
  }
  char* const bigger = static_cast<char*>(core::allocate(bytes));
  if (block_ != nullptr) {
    const std::size_t index_size = count_ * sizeof(Entry);
    std::memcpy(bigger, block_, wire_size_);
    std::memcpy(bigger + bytes - index_size, block_ + capacity_ - index_size, index_size);
    free_block();
  }
  block_ = bigger;
  capacity_ = static_cast<std::uint32_t>(bytes);
}

// Completes the line whose name is already written after the last one.
void HTTPHeaders::append(std::size_t name_size, std::string_view value) noexcept {
  char* const out = block_ + wire_size_ + name_size;
  std::memcpy(out, ": ", 2);
  std::memcpy(out + 2, value.data(), value.size());
  std::memcpy(out + 2 + value.size(), "\r\n", 2);
  ++count_;
  const Entry* const added = ::new (static_cast<void*>(&entry(count_ - 1))) Entry{
      wire_size_, static_cast<std::uint32_t>(name_size), static_cast<std::uint32_t>(value.size())};
  wire_size_ = added->end();
}

void HTTPHeaders::add(std::string_view name, std::string_view value) {
  if (points_into(name) || points_into(value)) {
    return add(std::string(name), std::string(value));  // the block may move below
  }
  value = trim_blanks(value);
  check_value(value);
  make_room(name.size() + value.size() + 4);
  if (name.empty() || write_name(name, block_ + wire_size_) != name.size()) {
    throw std::invalid_argument("header name is not a token");
  }
  append(name.size(), value);
}

void HTTPHeaders::add_known(std::string_view name, std::string_view value) {
  check_value(value);
  make_room(name.size() + value.size() + 4);
  std::memcpy(block_ + wire_size_, name.data(), name.size());
  append(name.size(), value);
}

void HTTPHeaders::set(std::string_view name, std::string_view value) {
  const std::size_t index = index_of(name);
  if (index == count_) return add(name, value);
  if (points_into(name) || points_into(value)) return set(std::string(name), std::string(value));
  value = trim_blanks(value);
  check_value(value);
  make_room(value.size());
  Entry& changed = entry(index);
  const std::size_t old_end = changed.value_begin() + changed.value_size;
  const std::size_t new_end = changed.value_begin() + value.size();
  std::memmove(block_ + new_end, block_ + old_end, wire_size_ - old_end);
  std::memcpy(block_ + changed.value_begin(), value.data(), value.size());
  changed.value_size = static_cast<std::uint32_t>(value.size());
  // Unsigned arithmetic wraps, so one addition serves both growing and shrinking.
  const auto shift = static_cast<std::uint32_t>(new_end - old_end);
  for (std::size_t i = index + 1; i < count_; ++i) entry(i).begin += shift;
  wire_size_ += shift;
  erase_from(index + 1, name);
}

std::size_t HTTPHeaders::remove(std::string_view name) {
  if (points_into(name)) return remove(std::string(name));
  const std::size_t before = count_;
  erase_from(0, name);
  return before - count_;
}

void HTTPHeaders::clear() noexcept {
  wire_size_ = 0;
  count_ = 0;
}

bool HTTPHeaders::points_into(std::string_view text) const noexcept {
  const std::less<const char*> before;
  return !text.empty() && !before(text.data(), block_) && before(text.data(), block_ + capacity_);
}

// Removes the fields called `name` from `index` on. Moves the remaining fields in one pass, however
// many repeats there are.
void HTTPHeaders::erase_from(std::size_t index, std::string_view name) {
  std::size_t kept = index_of(name, index);
  if (kept == count_) return;
  std::uint32_t used = entry(kept).begin;
  for (std::size_t i = kept; i < count_; ++i) {
    if (equals_ignoring_case(field(i).name, name)) continue;
    Entry moved = entry(i);
    const std::uint32_t size = moved.end() - moved.begin;
    std::memmove(block_ + used, block_ + moved.begin, size);
    moved.begin = used;
    used += size;
    entry(kept++) = moved;
  }
  count_ = static_cast<std::uint32_t>(kept);
  wire_size_ = used;
}

std::size_t HTTPHeaders::index_of(std::string_view name, std::size_t from) const noexcept {
  for (std::size_t i = from; i < count_; ++i) {
    const Entry& at = entry(i);
    if (at.name_size == name.size() &&
        equals_ignoring_case({block_ + at.begin, at.name_size}, name)) {
      return i;
    }
  }
  return count_;
}

bool HTTPHeaders::contains(std::string_view name) const noexcept {
  return index_of(name) != count_;
}

std::optional<std::string_view> HTTPHeaders::find(std::string_view name) const noexcept {
  const std::size_t index = index_of(name);
  if (index == count_) return std::nullopt;
  return field(index).value;
}

std::string HTTPHeaders::join(std::size_t first, std::string_view name) const {
  std::string joined(field(first).value);
  for (std::size_t i = index_of(name, first + 1); i < count_; i = index_of(name, i + 1)) {
    joined += ',';
    joined += field(i).value;
  }
  return joined;
}

const std::string HTTPHeaders::operator[](std::string_view name) const {
  const std::size_t index = index_of(name);
  if (index == count_) throw KeyError("no header " + std::string(name));
  return join(index, name);
}

std::string HTTPHeaders::get(std::string_view name, std::string_view fallback) const {
  const std::size_t index = index_of(name);
  return index == count_ ? std::string(fallback) : join(index, name);
}

std::vector<std::string> HTTPHeaders::get_list(std::string_view name) const {
  std::vector<std::string> values;
  for (std::size_t i = index_of(name); i < count_; i = index_of(name, i + 1)) {
    values.emplace_back(field(i).value);
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> HTTPHeaders::get_all() const {
  std::vector<std::pair<std::string, std::string>> all;
  all.reserve(count_);
  for (const auto [name, value] : *this) all.emplace_back(name, value);
  return all;
}

std::string HTTPHeaders::str() const {
  std::string text(wire());
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

}  // namespace tornado::httputil
