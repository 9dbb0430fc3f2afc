// Public header: Tornado 4's functions that connect callbacks and coroutines. Mirrors gen.Task,
// gen.Callback, gen.Wait, gen.engine and concurrent.return_future of Tornado 4.5. For programs that
// come from there; new code needs gen.h alone.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/group.h>
#include <tornado/gen.h>
#include <tornado/stack_context.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace tornado {

namespace concurrent {

// A callback that completes a future with its arguments; copies complete the same one. Several
// arguments make a result of several parts. A second call throws InvalidStateError; a call after
// the future was cancelled has no effect.
template <class T>
class FutureCallback {
 public:
  explicit FutureCallback(Future<T> future) : future_(std::move(future)) {}

  // Completes the future with T(args...).
  template <class... Args>
    requires(std::is_void_v<T> ? sizeof...(Args) == 0
                               : sizeof...(Args) > 0 && std::is_constructible_v<T, Args && ...>)
  void operator()(Args&&... args) const {
    if constexpr (std::is_void_v<T>) {
      future_set_result_unless_cancelled(future_);
    } else {
      future_set_result_unless_cancelled(future_, T(std::forward<Args>(args)...));
    }
  }

 private:
  Future<T> future_;
};

namespace detail {

// Calls a function with the arguments and a callback that completes the future that this returns.
// A class, because clang 16 crashes on a constrained lambda inside a generic one.
template <class T, class F>
struct StartWithFuture {
  F& function;

  template <class... Args>
    requires std::is_invocable_v<F&, Args&&..., FutureCallback<T>>
  Future<T> operator()(Args&&... args) const {
    static_assert(std::is_void_v<std::invoke_result_t<F&, Args&&..., FutureCallback<T>>>,
                  "return_future: the function must return void: nobody would see a result");
    Future<T> future;
    core::invoke(function, std::forward<Args>(args)..., FutureCallback<T>(future));
    return future;
  }
};

// Calls `start` with all arguments if it accepts them. Otherwise the last one is a callback: calls
// `start` with the others, and the callback with the result of the future that this returns. If the
// future fails, its exception is thrown where the callback would be called, and reported.
template <class Start, class Tuple, std::size_t... I>
auto start_with_callback(Start& start, Tuple all, std::index_sequence<I...>) {
  auto future = start(std::get<I>(std::move(all))...);
  auto callback = std::get<sizeof...(I)>(std::move(all));
  using T = typename decltype(future)::value_type;
  future.add_done_callback([callback = std::move(callback)](Future<T> done) mutable {
    if constexpr (std::is_void_v<T>) {
      done.result();
      return callback();
    } else {
      return callback(std::move(done).result());
    }
  });
  return future;
}
template <class Start, class... Args>
auto start_either_way(Start& start, Args&&... args) {
  if constexpr (std::is_invocable_v<Start&, Args...>) {
    return start(std::forward<Args>(args)...);
  } else {
    static_assert(sizeof...(Args) > 0, "the function needs at least one argument");
    return start_with_callback(start,
                               std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...),
                               std::make_index_sequence<sizeof...(Args) - 1>());
  }
}

}  // namespace detail

// Turns a function that takes a callback as its last argument into one that returns a Future<T>. A
// callback passed to the new function is still called. If the function itself throws, so does the
// new one. The function must return void. (return_future)
//
//   auto load = concurrent::return_future<Row>(&load_with_callback);
//   Row row = co_await load(7);
//   load(7, [](Row row) { .. });
template <class T, class F>
auto return_future(F function) {
  return [function = std::move(function)](auto&&... args) mutable {
    const detail::StartWithFuture<T, F> start{function};
    return detail::start_either_way(start, std::forward<decltype(args)>(args)...);
  };
}

}  // namespace concurrent

namespace gen {

// The result of a callback that is called with several arguments. (gen.Arguments)
template <class... T>
using Arguments = std::tuple<T...>;

namespace detail {

// The result of a callback with parameters T...
template <class... T>
struct CallbackResult {
  using type = Arguments<std::decay_t<T>...>;
};
template <class T>
struct CallbackResult<T> {
  using type = std::decay_t<T>;
};
template <>
struct CallbackResult<> {
  using type = void;
};

// The same, found in the type of the callback, such as std::function<void(int)>, ..
template <class Call>
struct ParametersOf;
template <class C, class R, class... T>
struct ParametersOf<R (C::*)(T...)> : CallbackResult<T...> {};
template <class C, class R, class... T>
struct ParametersOf<R (C::*)(T...) const> : CallbackResult<T...> {};

// .. which is the last parameter of a function.
template <class... T>
struct LastOf;
template <class T>
struct LastOf<T> : ParametersOf<decltype(&std::remove_cvref_t<T>::operator())> {};
template <class First, class... Rest>
  requires(sizeof...(Rest) > 0)
struct LastOf<First, Rest...> : LastOf<Rest...> {};

template <class Pointer>
struct LastOfSignature;
template <class R, class... T>
struct LastOfSignature<R (*)(T...)> : LastOf<T...> {};
template <class C, class R, class... T>
struct LastOfSignature<R (C::*)(T...)> : LastOf<T...> {};
template <class C, class R, class... T>
struct LastOfSignature<R (C::*)(T...) const> : LastOf<T...> {};

template <class F>
struct ResultThroughCallback : LastOfSignature<decltype(&F::operator())> {};
template <class F>
  requires(std::is_pointer_v<F> || std::is_member_function_pointer_v<F>)
struct ResultThroughCallback<F> : LastOfSignature<F> {};

template <class F, class... T>
struct TaskResult : CallbackResult<T...> {};
template <class F>
struct TaskResult<F, void> {
  using type = void;
};
template <class F>
struct TaskResult<F> : ResultThroughCallback<F> {};

}  // namespace detail

// Calls `function(args..., callback)`, or a member function with its object first, and returns a
// future of the value with which the callback is called. Name its type, `Task<Response>(fetch,
// url)` or Task<void>, unless the function has one signature with a callback like
// std::function<void(Response)> at its end. Several arguments become Arguments. An exception of the
// function, or of a callback that it starts, fails the future. (gen.Task)
template <class... T, class F, class... Args>
auto Task(F function, Args&&... args) {
  using Result = typename detail::TaskResult<F, T...>::type;
  Future<Result> future;
  const stack_context::ExceptionStackContext errors([future](const std::exception_ptr& exception) {
    if (future.done()) return false;
    future.set_exception(exception);
    return true;
  });
  stack_context::run_with_stack_context(errors, [&] {
    core::invoke(function, std::forward<Args>(args)..., concurrent::FutureCallback<Result>(future));
  });
  return future;
}

// ---- Callback and Wait --------------------------------------------------------------------------

// Within one run of a coroutine, keys identify callbacks:
//
//   client.fetch(url, co_await gen::Callback("page"));
//   const auto response = co_await gen::Wait<HTTPResponse>("page");

// A callback for the key exists already. (KeyReuseError)
class KeyReuseError : public std::runtime_error {
 public:
  explicit KeyReuseError(const std::string& key)
      : std::runtime_error("key " + key + " is already pending") {}
};
// No callback was made for the key. (UnknownKeyError)
class UnknownKeyError : public std::runtime_error {
 public:
  explicit UnknownKeyError(const std::string& key)
      : std::runtime_error("key " + key + " is not pending") {}
};
// The coroutine returned without waiting for its callbacks; its future fails with this instead of
// having the result. (LeakedCallbackError)
class LeakedCallbackError : public std::runtime_error {
 public:
  explicit LeakedCallbackError(const std::string& keys)
      : std::runtime_error("finished without waiting for callbacks " + keys) {}
};

// A string or an integer; "7" and 7 are different keys.
class Key {
 public:
  template <class S>
    requires std::is_convertible_v<const S&, std::string_view>
  Key(const S& name) : text_("'" + std::string(std::string_view(name)) + "'") {}
  template <class I>
    requires std::is_integral_v<I>
  Key(I number) : text_(std::to_string(number)) {}

  // Returns the key as Python's repr() writes it.
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

namespace detail {

// The arguments of a callback, until their type is requested.
class CallbackValue {
 public:
  CallbackValue() = default;
  template <class T>
  explicit CallbackValue(std::in_place_type_t<T>, T value)
      : held_(new Typed<T>(std::move(value))) {}

  // Throws std::logic_error if it is another type.
  template <class T>
  T take(const std::string& key) {
    if constexpr (!std::is_void_v<T>) {
      const std::type_info& held = held_ ? held_->type() : typeid(void);
      if (held != typeid(T)) throw_other_type(key, held, typeid(T));
      return std::move(static_cast<Typed<T>&>(*held_).value);
    }
  }

 private:
  struct Any : core::Pooled {
    virtual ~Any() = default;
    virtual const std::type_info& type() const noexcept = 0;
  };
  template <class T>
  struct Typed final : Any {
    explicit Typed(T v) : value(std::move(v)) {}
    const std::type_info& type() const noexcept override { return typeid(T); }
    T value;
  };
  [[noreturn]] static void throw_other_type(const std::string& key, const std::type_info& held,
                                            const std::type_info& wanted);

  core::Owned<Any> held_;
};

// Text is stored as a string, because the bytes of a literal or view may be gone later.
template <class T>
using Kept = std::conditional_t<std::is_convertible_v<const T&, std::string_view>, std::string,
                                std::decay_t<T>>;

// The result of co_await Callback(..). Accepts any arguments; only the first call counts.
class KeyedCallback {
 public:
  explicit KeyedCallback(Future<CallbackValue> result) : result_(std::move(result)) {}

  template <class... Args>
  void operator()(Args&&... args) const {
    if (result_.done()) return;
    using T = typename CallbackResult<Kept<std::remove_cvref_t<Args>>...>::type;
    if constexpr (std::is_void_v<T>) {
      result_.set_result(CallbackValue());
    } else {
      result_.set_result(CallbackValue(std::in_place_type<T>, T(std::forward<Args>(args)...)));
    }
  }

 private:
  Future<CallbackValue> result_;
};

// The keys of one run of a coroutine.
class KeyTable final : public core::RunAttachment {
 public:
  // Throws KeyReuseError.
  KeyedCallback add(const Key& key);
  // Removes and returns the key's entry; empty if it is unknown.
  std::optional<Future<CallbackValue>> take(const Key& key);
  bool knows(const Key& key) const { return pending_.contains(key.text()); }
  std::exception_ptr left_over() override;

  template <class P>
  static KeyTable& of(P& promise) {
    auto& attachment = promise.attachment();
    if (!attachment) attachment = core::Owned<core::RunAttachment>(new KeyTable);
    return static_cast<KeyTable&>(*attachment);
  }

 private:
  std::map<std::string, Future<CallbackValue>> pending_;
};

// Waits for the callbacks of some keys.
class KeysWait {
 public:
  explicit KeysWait(std::vector<Key> keys) : keys_(std::move(keys)) {}
  KeysWait(const KeysWait&) = delete;
  KeysWait& operator=(const KeysWait&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle, core::Place place = core::Place::current()) {
    if (!claim(KeyTable::of(handle.promise())) || all_->await_ready()) return false;
    all_->await_suspend(handle, place);
    return true;
  }

 protected:
  // Throws UnknownKeyError, or the exception of the wait.
  void require_values() const {
    if (unknown_) throw UnknownKeyError(*unknown_);
    all_->await_resume();
  }
  template <class T>
  T value(std::size_t at) {
    return std::move(results_[at]).result().template take<T>(keys_[at].text());
  }
  std::size_t size() const noexcept { return keys_.size(); }

 private:
  // Returns false if one of the keys is unknown, in which case all stay unchanged, or occurs twice,
  // in which case those before its second occurrence are removed.
  bool claim(KeyTable& table);

  std::vector<Key> keys_;
  std::optional<std::string> unknown_;
  std::vector<Future<CallbackValue>> results_;
  std::vector<GroupMember> members_;
  std::optional<GroupWait> all_;
};

}  // namespace detail

// `co_await Callback(key)` returns a callback for Wait to wait for. Throws KeyReuseError. The
// callback may be called with anything, and copied. Calling it after the coroutine has ended does
// nothing. (gen.Callback)
class Callback {
 public:
  explicit Callback(Key key) : key_(std::move(key)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    table_ = &detail::KeyTable::of(handle.promise());
    return false;
  }
  detail::KeyedCallback await_resume() const { return table_->add(key_); }

 private:
  Key key_;
  detail::KeyTable* table_ = nullptr;
};

// `co_await Wait<T>(key)` returns the argument with which the key's callback was called: decayed,
// text as std::string, several arguments as Arguments. Wait<>(key) accepts any and returns nothing.
// The key can then be used again. Throws UnknownKeyError, and std::logic_error if the type is not
// T. (gen.Wait)
template <class T = void>
class Wait : public detail::KeysWait {
 public:
  explicit Wait(const Key& key) : KeysWait(std::vector<Key>(1, key)) {}
  T await_resume() {
    require_values();
    return value<T>(0);
  }
};

// `co_await WaitAll<T>("a", "b")`, or with a vector of keys, returns their values as a vector.
// (gen.WaitAll)
template <class T = void>
class WaitAll : public detail::KeysWait {
 public:
  template <class... Keys>
    requires(sizeof...(Keys) > 0 && (std::is_constructible_v<Key, const Keys&> && ...))
  explicit WaitAll(const Keys&... keys) : WaitAll(listed(keys...)) {}
  explicit WaitAll(std::vector<Key> keys) : KeysWait(std::move(keys)) {}

  auto await_resume() {
    require_values();
    if constexpr (!std::is_void_v<T>) {
      std::vector<T> values;
      for (std::size_t at = 0; at < size(); ++at) values.push_back(value<T>(at));
      return values;
    }
  }

 private:
  template <class... Keys>
  static std::vector<Key> listed(const Keys&... keys) {
    std::vector<Key> list;
    list.reserve(sizeof...(keys));
    (list.emplace_back(keys), ...);
    return list;
  }
};

// ---- coroutines for code with callbacks ---------------------------------------------------------

namespace detail {
// A function that is kept alive by its calls, because a coroutine lambda's captures live in it.
template <class F>
struct SharedFunction : core::Counted {
  explicit SharedFunction(F f) : function(std::move(f)) {}
  F function;
};
}  // namespace detail

// Turns a coroutine into a function that also accepts a callback for the result, as its last
// argument. A call with a callback returns nothing; it keeps the captures until it ends, and
// reports its exception like a callback's. (gen.coroutine, callback=)
template <class F>
auto coroutine(F function) {
  const core::Ref<detail::SharedFunction<F>> shared(
      new detail::SharedFunction<F>(std::move(function)));
  return [shared](auto&&... args) {
    if constexpr (std::is_invocable_v<F&, decltype(args)...>) {
      return shared->function(std::forward<decltype(args)>(args)...);
    } else {
      auto future = concurrent::detail::start_either_way(shared->function,
                                                         std::forward<decltype(args)>(args)...);
      future.add_done_callback([shared](const auto&) {});
    }
  };
}

namespace detail {
// Owns the function of one call: a coroutine lambda's captures live in it.
template <class F>
class EngineCall : public core::Pooled {
 public:
  explicit EngineCall(const F& function) : function_(function) {}
  template <class... Args>
  static void start(const F& function, Args&&... args) {
    auto* call = new EngineCall(function);
    core::run_and_free(*call, call->function_, std::forward<Args>(args)...);
  }

 private:
  F function_;
};
}  // namespace detail

// Turns a coroutine into a plain function that starts it: nobody waits for it, and its exception
// goes to the contexts, or to the log. For coroutines that pass on their result by calling a
// callback. (gen.engine)
template <class F>
auto engine(F function) {
  return [function = std::move(function)](auto&&... args) {
    static_assert(std::is_same_v<std::invoke_result_t<F&, decltype(args)...>, Future<void>>,
                  "gen::engine: the function must be a coroutine without a result, which nobody "
                  "would see");
    detail::EngineCall<F>::start(function, std::forward<decltype(args)>(args)...);
  };
}

}  // namespace gen
}  // namespace tornado
