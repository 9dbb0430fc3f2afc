// Internal header: std::function for the public headers. <functional> has it too and costs every
// file that includes it half as much time as <string>.
#pragma once

#include <tornado/core/pointers.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace tornado::core {

// Throws std::bad_function_call. Implemented in base/function.cc.
[[noreturn]] void throw_empty_function();

template <class Signature>
class Function;

// Holds a callable with this signature, or nothing. Copying it copies the callable. Calling an
// empty one throws std::bad_function_call.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function() = default;
  Function(std::nullptr_t) {}
  template <class F>
    requires(!std::is_same_v<F, Function> && std::is_invocable_r_v<R, F&, Args...>)
  Function(F function) {
    if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F>) {
      if (function == nullptr) return;
    }
    target_ = Owned<Target>(new Holder<F>(std::move(function)));
  }
  Function(const Function& other)
      : target_(other.target_ ? other.target_->clone() : Owned<Target>()) {}
  Function(Function&&) noexcept = default;
  Function& operator=(Function other) noexcept {
    std::swap(target_, other.target_);
    return *this;
  }
  ~Function() = default;

  explicit operator bool() const noexcept { return static_cast<bool>(target_); }
  R operator()(Args... args) const {
    if (!target_) throw_empty_function();
    return target_->call(std::forward<Args>(args)...);
  }

 private:
  class Target {
   public:
    virtual ~Target() = default;
    virtual Owned<Target> clone() const = 0;
    virtual R call(Args... args) = 0;
  };

  template <class F>
  class Holder final : public Target {
   public:
    explicit Holder(F function) : function_(std::move(function)) {}
    Owned<Target> clone() const override { return Owned<Target>(new Holder(function_)); }
    R call(Args... args) override {
      return static_cast<R>(core::invoke(function_, std::forward<Args>(args)...));
    }

   private:
    F function_;
  };

  Owned<Target> target_;
};

}  // namespace tornado::core
