#include "net/stream/output.h"

#include <sys/uio.h>

#include <algorithm>

#include "loop/settled.h"

namespace tornado::iostream::detail {
namespace {

constexpr std::size_t kPooled = 64;              // outputs kept per thread: those of one round
constexpr std::size_t kPooledCapacity = 16'384;  // a larger string is freed
constexpr std::size_t kPooledParts = 256;        // a longer list is freed
constexpr std::size_t kFirstCapacity = 1024;     // enough for most responses without a body

// At the end of a thread, streams may be closed by destructors that run after the pool's.
constinit thread_local bool pool_gone = false;

struct Pool {
  Pool() { spare.reserve(kPooled); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { pool_gone = true; }

  std::vector<std::unique_ptr<Output>> spare;
};

Pool& pool() {
  thread_local Pool of_thread;
  return of_thread;
}

}  // namespace

OutputHandle take_output() {
  if (pool_gone || pool().spare.empty()) return OutputHandle(new Output);
  OutputHandle output(pool().spare.back().release());
  pool().spare.pop_back();
  return output;
}

void OutputReturner::operator()(Output* output) const noexcept {
  std::unique_ptr<Output> owned(output);
  if (pool_gone || pool().spare.size() == kPooled || !owned->clear()) return;
  pool().spare.push_back(std::move(owned));
}

void Output::append(std::string_view data) {
  if (data.empty()) return;
  if (data.size() > kSmall && size() > 0) {
    start_chunk(std::string(data));
  } else {
    tail().append(data);
  }
}

void Output::append(std::string&& data) {
  if (data.size() <= kSmall) {
    append(std::string_view(data));
  } else {
    start_chunk(std::move(data));
  }
}

void Output::append(core::FileRange range) {
  const auto begin = sent_ + size();
  in_files_ += range.length;
  files_.push_back({begin, std::move(range)});
}

std::string& Output::tail() {
  if (chunks_.empty()) {
    chunks_.emplace_back().reserve(kFirstCapacity);
  } else if (chunks_.back().size() > kSmall &&
             chunks_.back().size() + kFirstCapacity > chunks_.back().capacity()) {
    // Growing a big string would copy it.
    start_chunk({});
  }
  return chunks_.back();
}

void Output::start_chunk(std::string&& chunk) {
  if (!chunks_.empty()) {
    if (chunks_.back().empty()) {
      chunks_.back() = std::move(chunk);
      return;
    }
    sealed_ += chunks_.back().size();
  }
  chunks_.push_back(std::move(chunk));
}

void Output::add_future(const Future<void>& future) {
  future.on_cancel();
  writes_.push_back({sent_ + size(), future});
}

// [fill]
int Output::fill(iovec* parts) const noexcept {
  int count = 0;
  std::uint64_t room = has_file() ? files_.front().begin - sent_ : UINT64_MAX;
  for (std::size_t at = first_; at < chunks_.size() && count < kMaxParts && room > 0; ++at) {
    const std::size_t skip = at == first_ ? sent_of_first_ : 0;
    const std::string& chunk = chunks_[at];
    if (chunk.size() == skip) continue;
    const std::size_t size = std::min<std::uint64_t>(chunk.size() - skip, room);
    room -= size;
    // writev does not write through this pointer.
    parts[count++] = {const_cast<char*>(chunk.data()) + skip, size};
  }
  return count;
}
// [/fill]

void Output::advance(std::size_t count) {
  if (next_file() == nullptr) {
    advance_strings(count);
    sent_ += count;
  } else {
    QueuedFile& file = files_.front();
    in_files_ -= count;
    sent_ += count;
    file.begin = sent_;
    file.range.offset += count;
    file.range.length -= count;
    if (file.range.length == 0) files_.erase(files_.begin());
  }
  while (first_write_ < writes_.size() && writes_[first_write_].end <= sent_) {
    Future<void>& future = writes_[first_write_++].future;
    if (!future.done()) future.set_result();
  }
  if (first_write_ == writes_.size() || first_write_ > 64) {
    writes_.erase(writes_.begin(), writes_.begin() + static_cast<std::ptrdiff_t>(first_write_));
    first_write_ = 0;
  }
}

void Output::advance_strings(std::size_t count) {
  while (count > 0) {
    std::string& chunk = chunks_[first_];
    const std::size_t left = chunk.size() - sent_of_first_;
    if (count < left) {
      sent_of_first_ += count;
      break;
    }
    count -= left;
    if (first_ + 1 == chunks_.size()) {
      sent_of_first_ = chunk.size();
      break;
    }
    sealed_ -= chunk.size();
    sent_of_first_ = 0;
    std::string().swap(chunk);  // an assignment would keep its memory
    ++first_;
  }
  if (first_ > 64 && first_ * 2 > chunks_.size()) {
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void Output::fail(const std::exception_ptr& exception) {
  for (std::size_t at = first_write_; at < writes_.size(); ++at) {
    core::fail_quietly(writes_[at].future, exception);
  }
  writes_.clear();
  first_write_ = 0;
}

bool Output::clear() noexcept {
  if (chunks_.capacity() > kPooledParts || writes_.capacity() > kPooledParts) return false;
  if (!chunks_.empty()) {
    chunks_.resize(1);
    chunks_.front().clear();
    if (chunks_.front().capacity() > kPooledCapacity) chunks_.clear();
  }
  files_.clear();
  writes_.clear();
  first_ = first_write_ = sent_of_first_ = sealed_ = in_files_ = 0;
  sent_ = 0;
  return true;
}

}  // namespace tornado::iostream::detail
