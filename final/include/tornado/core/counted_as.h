// Internal header: a count for core::Ref that adds no virtual functions to its class.
#pragma once

#include <cstdint>

namespace tornado::core {

// Counted as a T, which derives from it: 4 bytes, where Counted takes 16. For objects of which
// there is one for each idle connection.
template <class T>
class CountedAs {
 public:
  CountedAs() = default;
  CountedAs(const CountedAs&) = delete;
  CountedAs& operator=(const CountedAs&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete static_cast<T*>(this);
  }

 protected:
  ~CountedAs() = default;

 private:
  std::uint32_t references_ = 0;
};

}  // namespace tornado::core
