#include "06-3-stories-that-vanish/store.h"

void Store::begin(std::string visitor) {
  visitor_ = std::move(visitor);
  before_ = texts_;
  changes_ = 0;
}

void Store::commit() {
  if (changes_ > 0) journal_.push_back(visitor_ + ": " + std::to_string(changes_));
}

void Store::rollback() {
  texts_ = before_;
}

bool Store::write(const std::string& number, const std::string& text) {
  ++changes_;
  return !texts_.insert_or_assign(number, text).second;
}

bool Store::remove(const std::string& number) {
  ++changes_;
  return texts_.erase(number) > 0;
}
