#include "net/stream/pending_read.h"

#include <re2/re2.h>
#include <tornado/iostream.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "loop/settled.h"

namespace tornado::iostream::detail {
namespace {

// A read that delivers its result through a future.
class FutureRead : public PendingRead, private core::Canceller {
 public:
  FutureRead() { core::FutureAccess::state(future_).set_canceller(this); }
  ~FutureRead() override { core::FutureAccess::state(future_).set_canceller(nullptr); }
  Future<std::string> future() const { return future_; }

  void begin(Stream& stream, Cancel& cancel) noexcept final {
    stream_ = &stream;
    cancel_ = &cancel;
  }

  void finish() final {
    if (!future_.done()) future_.set_result(std::move(result_));
  }
  void fail(const std::exception_ptr& exception) final { core::fail_quietly(future_, exception); }

 protected:
  std::string result_;

 private:
  void cancel(core::FutureStateBase& future) final { cancel_(*stream_, future); }
  void let_go() noexcept final {}

  Future<std::string> future_;
  Stream* stream_ = nullptr;
  Cancel* cancel_ = nullptr;
};

// Takes the first `count` bytes off `unread`.
std::string split(std::string_view& unread, std::size_t count) {
  std::string result(unread.substr(0, count));
  unread.remove_prefix(count);
  return result;
}

[[noreturn]] void throw_too_long(std::string_view what, std::size_t max_bytes) {
  throw UnsatisfiableReadError(std::string(what) + " not found within " +
                               std::to_string(max_bytes) + " bytes");
}

class ReadUntil final : public FutureRead {
 public:
  ReadUntil(std::string delimiter, std::size_t max_bytes)
      : delimiter_(std::move(delimiter)), max_bytes_(max_bytes) {}

  bool take(std::string_view& unread) override {
    const std::size_t place = unread.find(delimiter_, scanned_);
    if (place == std::string_view::npos) {
      if (max_bytes_ > 0 && unread.size() >= max_bytes_) throw_too_long("delimiter", max_bytes_);
      // The delimiter may have begun in the last bytes. Bytes before them are not searched again.
      scanned_ = unread.size() - std::min(unread.size(), delimiter_.size() - 1);
      return false;
    }
    const std::size_t end = place + delimiter_.size();
    if (max_bytes_ > 0 && end > max_bytes_) throw_too_long("delimiter", max_bytes_);
    result_ = split(unread, end);
    return true;
  }

 private:
  const std::string delimiter_;
  const std::size_t max_bytes_;
  std::size_t scanned_ = 0;
};

class ReadUntilRegex final : public FutureRead {
 public:
  ReadUntilRegex(std::string_view regex, std::size_t max_bytes)
      : regex_(re2::StringPiece(regex.data(), regex.size()), options()), max_bytes_(max_bytes) {
    if (!regex_.ok()) throw std::invalid_argument("read_until_regex: " + regex_.error());
  }

  bool take(std::string_view& unread) override {
    re2::StringPiece match;
    if (!regex_.Match(re2::StringPiece(unread.data(), unread.size()), 0, unread.size(),
                      re2::RE2::UNANCHORED, &match, 1)) {
      if (max_bytes_ > 0 && unread.size() >= max_bytes_) throw_too_long("pattern", max_bytes_);
      return false;
    }
    const auto end = static_cast<std::size_t>(match.data() + match.size() - unread.data());
    if (max_bytes_ > 0 && end > max_bytes_) throw_too_long("pattern", max_bytes_);
    result_ = split(unread, end);
    return true;
  }

 private:
  static re2::RE2::Options options() {
    re2::RE2::Options options;
    options.set_encoding(re2::RE2::Options::EncodingLatin1);  // bytes
    options.set_log_errors(false);
    return options;
  }

  const re2::RE2 regex_;
  const std::size_t max_bytes_;
};

class ReadBytes final : public FutureRead {
 public:
  // Reuses the memory of `buffer`.
  ReadBytes(std::string buffer, std::size_t count, bool partial)
      : count_(count), partial_(partial) {
    result_ = std::move(buffer);
    result_.clear();
  }

  bool take(std::string_view& unread) override {
    const std::size_t taken = std::min(unread.size(), count_ - result_.size());
    result_.append(unread.substr(0, taken));
    unread.remove_prefix(taken);
    return result_.size() == count_ || (partial_ && !result_.empty());
  }
  std::size_t held() const noexcept override { return result_.size(); }
  std::string give_back() override { return std::move(result_); }

 private:
  const std::size_t count_;
  const bool partial_;
};

class ReadUntilClose final : public FutureRead {
 public:
  bool take(std::string_view& unread) override {
    result_.append(unread);
    unread = {};
    return false;
  }
  std::size_t held() const noexcept override { return result_.size(); }
  bool take_end() override { return true; }
  std::string give_back() override { return std::move(result_); }
};

template <class Read, class... Args>
ReadAndFuture make(Args&&... args) {
  auto read = std::make_unique<Read>(std::forward<Args>(args)...);
  Future<std::string> future = read->future();
  return {std::move(read), std::move(future)};
}

}  // namespace

ReadAndFuture make_read_until(std::string delimiter, std::size_t max_bytes) {
  if (delimiter.empty()) throw std::invalid_argument("read_until: the delimiter is empty");
  return make<ReadUntil>(std::move(delimiter), max_bytes);
}

ReadAndFuture make_read_until_regex(std::string_view regex, std::size_t max_bytes) {
  return make<ReadUntilRegex>(regex, max_bytes);
}

ReadAndFuture make_read_bytes(std::size_t count, bool partial) {
  return make<ReadBytes>(std::string(), count, partial);
}

ReadAndFuture make_read_into(std::string buffer, bool partial) {
  const std::size_t count = buffer.size();
  return make<ReadBytes>(std::move(buffer), count, partial);
}

ReadAndFuture make_read_until_close() {
  return make<ReadUntilClose>();
}

}  // namespace tornado::iostream::detail
