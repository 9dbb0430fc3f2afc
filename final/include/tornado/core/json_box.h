// Internal header: JSON values in headers that do without the JSON library.
#pragma once

#include <tornado/core/json_text.h>

#include <memory>
#include <utility>

namespace tornado::core {

// tornado::json, once <tornado/json.h> is included. `Use` delays the question until a function that
// returns one is called.
template <class Use>
struct JsonType {
  static_assert(sizeof(Use*) == 0, "this function gives a tornado::json: include <tornado/json.h>");
};

template <class Use>
using Json = typename JsonType<Use>::type;

// A tornado::json that can be handed on without knowing what it is. Copies share it.
class JsonBox {
 public:
  template <class J>
    requires JsonText<J>::kIsJson
  JsonBox(J value) : value_(std::make_shared<const J>(std::move(value))) {}

  template <class J>
    requires JsonText<J>::kIsJson
  const J& as() const {
    return *static_cast<const J*>(value_.get());
  }

 private:
  std::shared_ptr<const void> value_;
};

}  // namespace tornado::core
