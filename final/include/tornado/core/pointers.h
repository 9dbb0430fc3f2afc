// Internal header: the two owning pointers and the call helper of the public headers. <memory> and
// <functional> have the same and cost every file that includes them a third of a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace tornado::core {

// Base of what is shared within one thread; Ref counts it.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

 protected:
  virtual ~Counted() = default;

 private:
  std::uint32_t references_ = 0;
};

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

 private:
  T* object_ = nullptr;
};

// Owns a T alone: std::unique_ptr.
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
