// Internal header: the counted pointer, and what else the first headers need of <memory> and
// <functional>, which cost every file that includes them a third of a second. docs/ownership.md
// says which pointer is for what.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace tornado::core {

// Base of what a Ref shares.
template <class Count>
class BasicCounted {
 public:
  BasicCounted() = default;
  BasicCounted(const BasicCounted&) = delete;
  BasicCounted& operator=(const BasicCounted&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

 protected:
  virtual ~BasicCounted() = default;

 private:
  Count references_ = 0;
};
using Counted = BasicCounted<std::uint32_t>;                         // within one thread
using ThreadSafeCounted = BasicCounted<std::atomic<std::uint32_t>>;  // between threads

// Shares a T that counts its references: std::shared_ptr with the count inside.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->retain();
  }
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Ref(const Ref<U>& other) noexcept : Ref(other.get()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref&, const Ref&) = default;

  // For intrusive queues and lists, which hold a reference in a plain pointer: detach() hands it to
  // them, adopt() takes it back.
  T* detach() noexcept { return std::exchange(object_, nullptr); }
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

 private:
  T* object_ = nullptr;
};

// Owns a T alone: std::unique_ptr, for headers that do without <memory>.
template <class T>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T* object) noexcept : object_(object) {}
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Owned(Owned<U>&& other) noexcept : object_(other.release()) {}
  Owned& operator=(Owned other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Owned() { delete object_; }

  T* release() noexcept { return std::exchange(object_, nullptr); }
  void reset() noexcept { delete release(); }
  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  bool operator==(std::nullptr_t) const noexcept { return object_ == nullptr; }

 private:
  T* object_ = nullptr;
};

// std::make_unique for an Owned.
template <class T, class... Args>
Owned<T> make_owned(Args&&... args) {
  return Owned<T>(new T(std::forward<Args>(args)...));
}

// std::invoke for functions, and for member functions with the object, or a pointer to it, first.
template <class F, class... Args>
decltype(auto) invoke(F& function, Args&&... args) {
  if constexpr (std::is_member_function_pointer_v<F>) {
    return [function](auto&& object, auto&&... rest) -> decltype(auto) {
      if constexpr (requires { *object; }) {
        return ((*object).*function)(std::forward<decltype(rest)>(rest)...);
      } else {
        return (object.*function)(std::forward<decltype(rest)>(rest)...);
      }
    }(std::forward<Args>(args)...);
  } else {
    return function(std::forward<Args>(args)...);
  }
}

}  // namespace tornado::core
