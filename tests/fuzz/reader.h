// Internal header: reads what a server sends on one connection, and checks it.
#pragma once

#include <tornado/httputil.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "http/client/response_reader.h"
#include "http/websocket/message.h"

namespace tornado::fuzz {

class Reader {
 public:
  // `seen` has the numbers of all responses on all connections.
  explicit Reader(std::set<std::uint64_t>& seen) : seen_(seen) {}

  // Takes what it has read from `data`.
  void read(std::string& data);
  std::size_t messages() const noexcept { return messages_; }

 private:
  enum class State : std::uint8_t { kHead, kBody, kFrames, kLast };

  bool read_head(std::string& data);
  void upgrade(std::string_view head);
  bool read_body(std::string& data);
  void check_head();
  bool read_frame(std::string& data);

  std::set<std::uint64_t>& seen_;
  State state_ = State::kHead;
  std::uint64_t last_id_ = 0;
  std::optional<http::ResponseReader> response_;
  bool last_ = false;           // the connection ends with this response
  bool may_have_body_ = false;  // false: its head is all
  bool has_size_ = false;       // it must have `size_` bytes
  std::size_t size_ = 0;
  std::size_t got_ = 0;
  std::optional<http::MessageReader> frames_;
  std::size_t messages_ = 0;
};

}  // namespace tornado::fuzz
