#include <tornado/tornado4.h>

#include <stdexcept>

#include "loop/error_text.h"

namespace tornado::gen::detail {

void CallbackValue::throw_other_type(const std::string& key, const std::type_info& held,
                                     const std::type_info& wanted) {
  throw std::logic_error("the callback of key " + key + " was called with " + type_name(held) +
                         ", but Wait asks for " + type_name(wanted));
}

KeyedCallback KeyTable::add(const Key& key) {
  Future<CallbackValue> result;
  result.on_cancel();
  if (!pending_.emplace(key.text(), result).second) throw KeyReuseError(key.text());
  return KeyedCallback(std::move(result));
}

std::optional<Future<CallbackValue>> KeyTable::take(const Key& key) {
  auto node = pending_.extract(key.text());
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::exception_ptr KeyTable::left_over() {
  if (pending_.empty()) return nullptr;
  std::string keys;
  for (const auto& [key, result] : pending_) keys += (keys.empty() ? "" : ", ") + key;
  return std::make_exception_ptr(LeakedCallbackError(keys));
}

bool KeysWait::claim(KeyTable& table) {
  for (const Key& key : keys_) {
    if (!table.knows(key)) unknown_ = key.text();
  }
  if (unknown_) return false;
  members_ = std::vector<GroupMember>(keys_.size());
  all_.emplace(members_.data(), members_.size());
  for (const Key& key : keys_) {
    auto result = table.take(key);
    if (!result) {  // the same key twice
      unknown_ = key.text();
      return false;
    }
    all_->add(*result);
    results_.push_back(std::move(*result));
  }
  return true;
}

}  // namespace tornado::gen::detail
