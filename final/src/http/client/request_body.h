// Internal header. The body of a request that a program writes piece by piece.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/iostream.h>

#include <cstdint>
#include <string>

#include "http/client/request.h"

namespace tornado::http {

// The state of a BodyWriter. Shared by the connection and the program, which may keep it longer. A
// program that does not await a write that failed learns of the error from the fetch.
class RequestBody final : public httpclient::detail::BodySink, public core::Pooled {
 public:
  // Up to this many bytes wait in memory; beyond that, the future of a write waits for the kernel.
  static constexpr std::size_t kHighWater = 65536;

  RequestBody(iostream::IOStream stream, const BodyFraming& framing)
      : stream_(std::move(stream)), framing_(framing), left_(framing.length) {}

  Future<void> write(std::string chunk) override;

  // Ends the body. Throws HTTPOutputError if less was written than Content-Length announced.
  void finish();
  // Ends the fetch's use of it: from now on writes go nowhere and fail.
  void detach() noexcept { stream_ = iostream::IOStream(); }
  bool attached() const noexcept { return static_cast<bool>(stream_); }

 private:
  Future<void> write_now(std::string chunk);

  iostream::IOStream stream_;
  BodyFraming framing_;
  std::uint64_t left_;  // of Content-Length
};

}  // namespace tornado::http
