// Internal header: a function of the program that is plain or a coroutine.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/context.h>
#include <tornado/core/function.h>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tornado::core {

// The parameters of a call operator. Not defined for a template, whose parameters are unknown.
template <class Member>
struct ParametersOf;
template <class C, class R, class... A>
struct ParametersOf<R (C::*)(A...)> {
  using type = std::tuple<A...>;
};
template <class C, class R, class... A>
struct ParametersOf<R (C::*)(A...) const> {
  using type = std::tuple<A...>;
};

// Whether a function takes its arguments by value. A coroutine must, because after its first
// co_await a reference to the caller's argument would dangle.
template <class Given, class Taken>
inline constexpr bool takes_values = false;
template <class... G, class... T>
inline constexpr bool takes_values<std::tuple<G...>, std::tuple<T...>> =
    (std::is_same_v<G, T> && ...);

// Makes `function` always run in the context that is current now.
template <class R, class... Args>
void keep_context(Function<R(Args...)>& function) {
  Ref<Context> context = capture_context();
  if (!context || !function) return;
  function = [context = std::move(context),
              inner = std::move(function)](Args... args) mutable -> R {
    const ContextScope scope(context.get());
    return inner(std::move(args)...);
  };
}

template <class... Args>
class MaybeCoroutine {
 public:
  // Empty after a call of a plain function, which has already ended.
  using Returned = std::optional<Future<void>>;

  MaybeCoroutine() = default;
  MaybeCoroutine(std::nullptr_t) {}
  template <class F>
    requires(!std::is_same_v<F, MaybeCoroutine> && std::is_invocable_v<F&, Args...>)
  MaybeCoroutine(F function) {
    if constexpr (is_future<std::invoke_result_t<F&, Args...>>) check_coroutine<F>();
    function_ = [f = std::move(function)](Args... args) mutable -> Returned {
      if constexpr (is_future<std::invoke_result_t<F&, Args...>>) {
        return invoke(f, std::move(args)...);
      } else {
        invoke(f, std::move(args)...);
        return std::nullopt;
      }
    };
  }

  explicit operator bool() const noexcept { return static_cast<bool>(function_); }
  Returned operator()(Args... args) const { return function_(std::move(args)...); }

  // Makes it always run in the context that is current now.
  void keep_context() { core::keep_context(function_); }

 private:
  template <class F>
  static constexpr void check_coroutine() {
    if constexpr (requires { &F::operator(); }) {
      using Taken = typename ParametersOf<decltype(&F::operator())>::type;
      static_assert(takes_values<std::tuple<Args...>, Taken>,
                    "a coroutine takes its arguments by value");
    }
  }

  Function<Returned(Args...)> function_;
};

}  // namespace tornado::core
