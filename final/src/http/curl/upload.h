// Internal header. The body of a request that a program writes and libcurl reads.
#pragma once

#include <tornado/httpclient.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "http/client/request.h"

namespace tornado::http {

class CurlTransfer;

// Shared by the transfer and the program, which may keep it longer.
class CurlUpload final : public httpclient::detail::BodySink, public core::Pooled {
 public:
  // Up to this many bytes wait for libcurl; beyond that, the future of a write waits too.
  static constexpr std::size_t kHighWater = 65536;

  CurlUpload(CurlTransfer& transfer, const BodyFraming& framing) : transfer_(&transfer) {
    if (framing.coding == BodyCoding::kLength) left_ = framing.length;
  }

  Future<void> write(std::string chunk) override;

  // Ends the body. Throws HTTPOutputError if less was written than Content-Length announced.
  void finish();
  bool finished() const noexcept { return finished_; }
  // Ends the transfer's use of it: pending and later writes fail.
  void detach();
  bool attached() const noexcept { return transfer_ != nullptr; }

  // For libcurl: moves at most `size` bytes out. Returns 0 if nothing waits.
  std::size_t read(char* to, std::size_t size);

 private:
  CurlTransfer* transfer_;
  std::optional<std::uint64_t> left_;  // of Content-Length
  std::string waiting_;
  std::size_t taken_ = 0;                // bytes of waiting_ that libcurl has
  std::optional<Future<void>> drained_;  // of the pending writes
  bool finished_ = false;
};

}  // namespace tornado::http
