// Internal header. The body of a request that a program writes and libcurl reads.
#pragma once

#include <tornado/httpclient.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tornado::http {

class CurlTransfer;

// Shared by the transfer and the program, which may keep it for longer.
class CurlUpload final : public httpclient::detail::BodySink, public core::Pooled {
 public:
  // Bytes that wait for libcurl before the future of a write waits as well.
  static constexpr std::size_t kHighWater = 65536;

  // `length`: of the whole body, if the request says it.
  CurlUpload(CurlTransfer& transfer, std::optional<std::uint64_t> length)
      : transfer_(&transfer), left_(length) {}

  Future<void> write(std::string chunk) override;

  // All is written. Throws HTTPOutputError if that is less than `length`.
  void finish();
  bool finished() const noexcept { return finished_; }
  // The transfer is over: writes that wait, and those to come, fail.
  void detach();
  bool attached() const noexcept { return transfer_ != nullptr; }

  // For libcurl: moves at most `size` bytes out; 0 if nothing waits.
  std::size_t read(char* to, std::size_t size);

 private:
  CurlTransfer* transfer_;
  std::optional<std::uint64_t> left_;  // of `length`
  std::string waiting_;
  std::size_t taken_ = 0;                // bytes of waiting_ that libcurl has
  std::optional<Future<void>> drained_;  // of the writes that wait
  bool finished_ = false;
};

}  // namespace tornado::http
