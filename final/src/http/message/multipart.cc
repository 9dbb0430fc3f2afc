#include "http/message/multipart.h"

#include <algorithm>
#include <utility>

#include "http/message/chars.h"

namespace tornado::http {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

bool MultipartParser::is_boundary(std::string_view boundary) {
  return !boundary.empty() && boundary.size() <= kMaxBoundary &&
         boundary.find_first_of("\r\n") == std::string_view::npos;
}

MultipartParser::MultipartParser(std::string_view boundary, const MultipartLimits& limits)
    : limits_(limits),
      boundary_("\r\n--" + std::string(boundary)),
      boundary_size_(boundary_.size()) {}

MultipartResult MultipartParser::next(std::string_view data) {
  MultipartResult result;
  if (state_ == State::kFailed) fail(MultipartStatus::kBad, reason_, result);
  if (state_ == State::kFinal) {
    state_ = State::kDone;
    result.status = MultipartStatus::kDone;
  }
  while (result.status == MultipartStatus::kNeedMore && result.consumed < data.size()) {
    step(data.substr(result.consumed), result);
  }
  return result;
}

void MultipartParser::step(std::string_view rest, MultipartResult& result) {
  switch (state_) {
    case State::kPreamble:
    case State::kData:
      if (matched_ < boundary_size_) {
        read_data(rest, result);
      } else {
        read_behind_boundary(rest, result);
      }
      return;
    case State::kDash:
    case State::kPadding:
    case State::kReturn:
      read_behind_boundary(rest, result);
      return;
    case State::kHead:
      read_head(rest, result);
      return;
    case State::kFinal:
    case State::kDone:
      result.status = MultipartStatus::kDone;
      result.consumed += rest.size();
      return;
    case State::kFailed:
      return;
  }
}

// Searches for the next byte that may begin a boundary, or continues one that has begun. CR occurs
// only at the start of a boundary: where a match breaks off, the next can begin only at the byte
// that broke it.
void MultipartParser::read_data(std::string_view rest, MultipartResult& result) {
  boundary_.resize(boundary_size_);
  const std::string_view boundary = boundary_;
  if (matched_ > 0) {
    const std::size_t size = std::min(boundary.size() - matched_, rest.size());
    const auto differs =
        std::mismatch(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size),
                      boundary.begin() + static_cast<std::ptrdiff_t>(matched_));
    const auto same = static_cast<std::size_t>(differs.first - rest.begin());
    result.consumed += same;
    matched_ += same;
    if (same < size) give_back(matched_, result);
    return;
  }
  std::size_t size = 0;
  for (; size < rest.size(); ++size) {
    size = std::min(rest.find('\r', size), rest.size());
    const std::string_view found = rest.substr(size, boundary.size());
    if (boundary.starts_with(found)) break;
  }
  if (size == 0) {
    matched_ = 1;
    result.consumed += 1;
    return;
  }
  result.consumed += size;
  if (!in_part_) return;
  result.status = MultipartStatus::kData;
  result.content = rest.substr(0, size);
}

// CRLF completes a boundary, with or without blanks before it; "--" makes it the final one.
void MultipartParser::read_behind_boundary(std::string_view rest, MultipartResult& result) {
  const char c = rest.front();
  const State home = in_part_ ? State::kData : State::kPreamble;
  if (state_ == State::kReturn) {
    state_ = home;
    if (c != '\n') {
      // The CR that was consumed may begin the next one.
      give_back(boundary_.size(), result);
      matched_ = 1;
      return;
    }
    result.consumed += 1;
    end_part(result);
    state_ = State::kHead;
    return;
  }
  if (state_ == State::kDash) {
    state_ = home;
    if (c != '-') {
      give_back(boundary_.size(), result);
      return;
    }
    result.consumed += 1;
    const bool told = in_part_;
    end_part(result);
    state_ = told ? State::kFinal : State::kDone;
    if (!told) result.status = MultipartStatus::kDone;
    return;
  }
  if (c == '\r') {
    state_ = State::kReturn;
    result.consumed += 1;
  } else if (is_blank(c)) {
    hold_back(c, State::kPadding, result);
  } else if (c == '-' && state_ != State::kPadding) {
    hold_back(c, State::kDash, result);
  } else {
    state_ = home;
    give_back(boundary_.size(), result);
  }
}

// Takes a byte after a boundary. Boundary and byte may both still turn out to be data.
void MultipartParser::hold_back(char c, State state, MultipartResult& result) {
  if (boundary_.size() == boundary_size_ + kMaxPadding) {
    fail(MultipartStatus::kTooLarge, "multipart/form-data boundary with too many blanks", result);
    return;
  }
  boundary_ += c;
  state_ = state;
  result.consumed += 1;
}

// Returns the bytes that looked like a boundary, and were consumed, as data.
void MultipartParser::give_back(std::size_t size, MultipartResult& result) {
  matched_ = 0;
  const std::size_t lent = std::exchange(lent_, 0);
  if (!in_part_ || size == lent) return;
  result.status = MultipartStatus::kData;
  result.content = std::string_view(boundary_).substr(lent, size - lent);
}

void MultipartParser::end_part(MultipartResult& result) {
  matched_ = 0;
  lent_ = 0;
  if (std::exchange(in_part_, false)) result.status = MultipartStatus::kPartEnd;
}

void MultipartParser::read_head(std::string_view rest, MultipartResult& result) {
  // One byte more than is allowed shows that it is too long.
  const std::size_t room = limits_.max_part_header_size + kHeadEnd.size() - head_.size();
  const std::string_view taken = rest.substr(0, room);
  const std::size_t from = head_.size() - std::min(head_.size(), kHeadEnd.size() - 1);
  const std::size_t before = head_.size();
  head_.append(taken);
  const std::size_t end = head_.starts_with("\r\n") ? 0 : head_.find(kHeadEnd, from);
  if (end == std::string::npos) {
    result.consumed += taken.size();
    if (taken.size() < room) return;
    fail(MultipartStatus::kTooLarge, "multipart/form-data part header too large", result);
    return;
  }
  const std::size_t size = end == 0 ? 2 : end + kHeadEnd.size();
  result.consumed += size - before;
  head_.resize(end);
  end_head(result);
}

void MultipartParser::end_head(MultipartResult& result) {
  headers_.clear();
  const char* const reason = headers_.parse_lines(head_);
  head_.clear();
  if (reason != nullptr) {
    fail(MultipartStatus::kBad, reason, result);
  } else if (++parts_ > limits_.max_parts) {
    fail(MultipartStatus::kTooLarge, "multipart/form-data has too many parts", result);
  } else {
    in_part_ = true;
    state_ = State::kData;
    // In a part without data, the boundary begins with the CRLF of the empty line.
    matched_ = lent_ = 2;
    result.status = MultipartStatus::kPart;
  }
}

void MultipartParser::fail(MultipartStatus status, const char* reason, MultipartResult& result) {
  state_ = State::kFailed;
  reason_ = reason;
  result.status = status;
  result.reason = reason;
}

const char* MultipartParser::end() const {
  switch (state_) {
    case State::kFinal:
    case State::kDone:
      return nullptr;
    case State::kHead:
      return "multipart/form-data missing headers";
    case State::kFailed:
      return reason_;
    default:
      return "invalid multipart/form-data: no final boundary found";
  }
}

}  // namespace tornado::http
