// Internal header. The frames of a message for many receivers.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/websocket.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/websocket/deflate.h"

namespace tornado::websocket::detail {

// Each form is created when the first receiver needs it.
class PreparedFrames final : public core::Counted {
 public:
  explicit PreparedFrames(Message made) : message(std::move(made)) {}

  // Return views into this object, valid as long as it is.
  std::string_view plain();
  // Self-contained: takeover is ignored.
  std::string_view compressed(http::DeflateSettings settings);

  const Message message;

 private:
  std::string plain_;
  // By compression parameters. Receivers differ little, so there are a few at most.
  std::vector<std::pair<http::DeflateSettings, std::string>> compressed_;
};

}  // namespace tornado::websocket::detail
