// Public header: contexts that follow code across callbacks. Mirrors tornado.stack_context of
// Tornado 4.
//
// Code that stores a function for later also stores the context that is current at that time, and
// runs the function in it: IOLoop::add_callback (on the loop's own thread), call_later and the
// other timers, add_handler with a function, Future::add_done_callback, the callbacks of streams
// and clients, PeriodicCallback (the context of start()), and a coroutine that resumes after a
// wait. There are three exceptions: spawn_callback, which runs in no context but keeps the caller's
// alive; add_signal_handler; add_callback from another thread.
//
// A context is a chain: code that runs in it may open another inside it. An exception that leaves a
// callback goes to the ExceptionStackContexts of its chain, innermost first; if none handles it,
// the loop logs it. An exception that leaves a coroutine goes to its future, as always.
//
// Contexts belong to their thread. Each RequestHandler runs in its own context.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/context.h>
#include <tornado/core/function.h>

#include <atomic>
#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

namespace tornado::stack_context {

// Passes exceptions to a function: `bool handler(std::exception_ptr)`. If it returns true, the
// exception is handled; if it returns false or throws, that exception goes on to the next outer
// context. The handler runs in the context of the code that failed.
// (stack_context.ExceptionStackContext)
class ExceptionStackContext {
 public:
  template <class F>
    requires std::is_invocable_r_v<bool, F&, std::exception_ptr>
  explicit ExceptionStackContext(F handler) : handler_(std::move(handler)) {}

  // Internal: adds a link to the chain.
  core::Ref<core::Context> open(core::Ref<core::Context> outer) &&;

 private:
  core::Function<bool(const std::exception_ptr&)> handler_;
};

// Calls `factory()` whenever code of this context begins to run, and destroys the result when that
// code returns or suspends: a name in the log's lines, a transaction, a locale. The outermost
// object is made first and destroyed last. An exception of a factory goes to the contexts outside
// it, and the code runs all the same. (stack_context.StackContext)
class StackContext {
 public:
  template <class F>
    requires(!std::is_void_v<std::invoke_result_t<F&>>)
  explicit StackContext(F factory)
      : factory_([factory = std::move(factory)]() mutable {
          return core::Owned<core::Entered>(new Object<F>(factory));
        }) {}

  // Internal: adds a link to the chain.
  core::Ref<core::Context> open(core::Ref<core::Context> outer) &&;

 private:
  template <class F>
  struct Object final : core::Entered {
    explicit Object(F& factory) : object(factory()) {}
    std::invoke_result_t<F&> object;
  };

  core::Function<core::Owned<core::Entered>()> factory_;
};

// No context: for work that a request starts but that does not belong to it, such as filling a
// cache or keeping a connection for others. (stack_context.NullContext)
class NullContext {
 public:
  NullContext() {}
  // Internal: ends the chain.
  core::Ref<core::Context> open(const core::Ref<core::Context>& /*outer*/) && { return {}; }
};

namespace detail {

// Calls `function` in `context`. If the function returns void, its exceptions go to the contexts;
// otherwise to the caller, who needs the result.
template <class F, class... Args>
decltype(auto) call_in(core::Context* context, F& function, Args&&... args) {
  using R = std::invoke_result_t<F&, Args...>;
  if constexpr (std::is_void_v<R>) {
    std::exception_ptr exception;
    {
      const core::ContextScope scope(context);
      try {
        function(std::forward<Args>(args)...);
        return;
      } catch (...) {
        exception = std::current_exception();
        if (core::handle_in_context(exception)) return;
      }
    }
    std::rethrow_exception(exception);
  } else {
    const core::ContextScope scope(context);
    return static_cast<R>(function(std::forward<Args>(args)...));
  }
}

// Keeps the lambda alive until its coroutine ends, because its captures live in it, not in the
// frame.
template <class F>
std::invoke_result_t<F&> keep(F function) {
  co_return co_await function();
}

// Throws std::logic_error on a thread that is not the context's.
void require_home(const core::Context* context);

// A context that may be copied on any thread.
class SharedContext final : public core::ThreadSafeCounted, public core::Pooled {
 public:
  explicit SharedContext(core::Ref<core::Context> context) : context_(std::move(context)) {}
  core::Context* get() const noexcept { return context_.get(); }

 private:
  const core::Ref<core::Context> context_;
};

template <class F>
class Wrapped {
 public:
  explicit Wrapped(F function)
      : context_(new SharedContext(core::capture_context())), function_(std::move(function)) {}

  template <class... Args>
    requires std::is_invocable_v<F&, Args...>
  decltype(auto) operator()(Args&&... args) {
    // The call may destroy this object, and the context with it.
    const core::Ref<SharedContext> context = context_;
    require_home(context->get());
    return call_in(context->get(), function_, std::forward<Args>(args)...);
  }

 private:
  core::Ref<SharedContext> context_;  // outlives the function
  F function_;
};

}  // namespace detail

// Calls `function()` in `context`, opened inside the current one. If the function returns void, its
// exception goes to the contexts, as it would from a callback, and to the caller only if none of
// them handles it; otherwise it goes to the caller. A function that is a coroutine stays in the
// context across its waits. The function is freed when it returns, or when its future is done.
// (stack_context.run_with_stack_context, and `with`)
template <class C, class F>
  requires requires(C context) { std::move(context).open({}); }
std::invoke_result_t<F&> run_with_stack_context(C context, F function) {
  const core::Ref<core::Context> opened = std::move(context).open(core::capture_context());
  if constexpr (core::is_future<std::invoke_result_t<F&>>) {
    auto start = [&function] { return detail::keep(std::move(function)); };
    return detail::call_in(opened.get(), start);
  } else {
    return detail::call_in(opened.get(), function);
  }
}

// Returns a function that always runs in the context that is current now. Wrap functions that code
// outside the loop stores, such as those in a list of waiters: the wrapped function keeps its
// handler alive, and its exceptions become that handler's error page. Unhandled exceptions go to
// the caller, as do all exceptions of a function with a result. The result may be copied and
// destroyed on any thread; calling it on another thread throws std::logic_error.
// (stack_context.wrap)
template <class F>
detail::Wrapped<F> wrap(F function) {
  return detail::Wrapped<F>(std::move(function));
}

}  // namespace tornado::stack_context
