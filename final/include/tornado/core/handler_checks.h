// Internal header, a part of tornado/web.h: what the compiler says of mistakes in a handler class.
#pragma once

#include <concepts>
#include <coroutine>
#include <string>
#include <type_traits>

namespace tornado::web {

class RequestHandler;
struct asynchronous;

namespace detail {

// Not defined: stands where a check has failed already.
[[noreturn]] void refused();

// Checked before anything else of a handler class, so that one error tells what is wrong. The
// messages are in final/docs/wrong-uses.md.
template <class H>
constexpr bool check_handler() {
  constexpr bool kHandler = std::derived_from<H, RequestHandler>;
  static_assert(kHandler, "not a handler: a class that is routed derives from web::RequestHandler");
  if constexpr (kHandler) {
    constexpr bool kMade = requires { new H; };
    static_assert(!std::is_abstract_v<H>,
                  "a handler that is routed has no pure virtual functions left to implement");
    static_assert(std::is_abstract_v<H> || kMade,
                  "a handler's constructor takes nothing: pass its arguments in a struct Init, to "
                  "void initialize(const Init&)");
    return kMade;
  }
  return false;
}

// Every member has an initializer in its class, or a type whose constructor sets it. Others, such
// as the pointer in `struct Init { Database* db; };`, would be null in a route that omits the Init.
template <class Init>
concept HasDefaults = requires { new const Init; };

// The Init of a route that is made without one.
template <class Init>
Init default_init() {
  static_assert(HasDefaults<Init>,
                "this handler's Init has no default: pass one, url<H>(pattern, {.member = value}), "
                "or give each of its members a default");
  if constexpr (HasDefaults<Init>) return {};
  refused();
}

template <class H>
concept HasInit = requires { typename H::Init; };
template <class H>
concept HasNoInit = !HasInit<H>;

// What a route passes to a handler that takes nothing. A list such as {.n = 7} has no type, so no
// function can take it, and this class's name is the message.
struct ThisHandlerHasNoStructInit {
  template <class T>
    requires(!std::convertible_to<T, std::string>)
  ThisHandlerHasNoStructInit(T&&) {
    static_assert(!sizeof(T),
                  "this handler takes no arguments: it has no struct Init and initialize(const "
                  "Init&)");
  }
};

// A class with a method that is almost a verb or a hook, and that nothing would call.
template <class H>
concept NearMiss =
    requires { &H::Get; } || requires { &H::GET; } || requires { &H::Head; } ||
    requires { &H::HEAD; } || requires { &H::Post; } || requires { &H::POST; } ||
    requires { &H::Put; } || requires { &H::PUT; } || requires { &H::Patch; } ||
    requires { &H::PATCH; } || requires { &H::Delete; } || requires { &H::DELETE; } ||
    requires { &H::del; } || requires { &H::Options; } || requires { &H::OPTIONS; } ||
    requires { &H::Prepare; } || requires { &H::Initialize; } || requires { &H::initialise; };

// The promise of a handler's method that cannot be a coroutine.
template <class Return, class H>
struct NoPromise {
  static_assert(!std::derived_from<H, RequestHandler>,
                "a handler's method with co_await returns Future<void>, not void or "
                "web::asynchronous");
  Return get_return_object() { return Return(); }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_never final_suspend() const noexcept { return {}; }
  void return_void() {}
  void unhandled_exception() {}
};

}  // namespace detail
}  // namespace tornado::web

// Gives a clear message: such a method does not compile in any case.
template <class Return, class H, class... Args>
  requires((std::is_void_v<Return> || std::is_same_v<Return, tornado::web::asynchronous>) &&
           std::derived_from<H, tornado::web::RequestHandler>)
struct std::coroutine_traits<Return, H&, Args...> {
  using promise_type = tornado::web::detail::NoPromise<Return, H>;
};
