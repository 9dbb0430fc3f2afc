// Internal header. The body of a request that a program writes piece by piece.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/iostream.h>

#include <cstdint>
#include <string>

#include "http/client/request.h"

namespace tornado::http {

// What a BodyWriter holds: shared by the connection and the program, which may keep it for longer.
class RequestBody final : public httpclient::detail::BodySink, public core::Pooled {
 public:
  // Pieces wait in memory up to this size; then the future of a write waits for the kernel.
  static constexpr std::size_t kHighWater = 65536;

  RequestBody(iostream::IOStream stream, const BodyFraming& framing)
      : stream_(std::move(stream)), framing_(framing), left_(framing.length) {}

  Future<void> write(std::string chunk) override;

  // All is written. Throws HTTPOutputError if that is less than Content-Length said.
  void finish();
  // The fetch is over: what is written from now on goes nowhere, and fails.
  void detach() noexcept { stream_ = iostream::IOStream(); }
  bool attached() const noexcept { return static_cast<bool>(stream_); }

 private:
  Future<void> write_now(std::string chunk);

  iostream::IOStream stream_;
  BodyFraming framing_;
  std::uint64_t left_;  // of Content-Length
};

}  // namespace tornado::http
