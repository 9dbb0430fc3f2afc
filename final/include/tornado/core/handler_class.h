// Internal header: what a route knows of a handler class, worked out at compile time.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/handler_checks.h>
#include <tornado/routing.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace tornado::web {

class RequestHandler;

// Return type of a verb that leaves the response open until finish() is called, as
// @tornado.web.asynchronous did: `web::asynchronous get() { ...; return {}; }`.
struct asynchronous {};

using routing::PathArgs;
using routing::PathKwargs;

namespace detail {

// What calling prepare() or a verb has begun.
struct Started {
  enum class Kind : std::uint8_t { kDone, kOpen, kCoroutine };
  Kind kind = Kind::kDone;
  std::optional<Future<void>> future;
};

// The steps of a request's life that may begin after a wait.
enum class Step : std::uint8_t { kPrepare, kBody, kVerb, kFinish };

enum class Verb : std::uint8_t { kGet, kHead, kPost, kDelete, kPatch, kPut, kOptions, kAny };
inline constexpr std::size_t kVerbCount = 8;
inline constexpr int kAnyArity = -1;

struct VerbEntry {
  Started (*call)(RequestHandler&, const PathArgs&) = nullptr;  // null: the class has no such verb
  int arity = 0;
};

struct HandlerClass {
  RequestHandler* (*make)();
  void (*initialize)(RequestHandler&, const void* init);  // null: the class has none
  Started (*prepare)(RequestHandler&);
  Started (*data_received)(RequestHandler&, std::string);  // null: the body is collected
  std::array<VerbEntry, kVerbCount> verbs;
  const std::string_view* supported_methods;  // null: those it has a verb for
  std::size_t supported_method_count;
  const std::type_info* type;
  bool usual_etag;    // compute_etag() is RequestHandler's own
  const void* hooks;  // what adapt_class() of a base class adds; null: nothing
};

// ---- captures -----------------------------------------------------------------------------------

// The text of a capture is not a value of the parameter's type. Ends in a 404: there is no such
// page.
[[noreturn]] void throw_capture_mismatch();
long long capture_signed(const std::string& text, long long low, long long high);
unsigned long long capture_unsigned(const std::string& text, unsigned long long high);
double capture_double(const std::string& text);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
T convert_capture(const std::string& text) {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    static_assert(!std::is_same_v<T, bool>, "a capture has no bool form: take a std::string");
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(capture_double(text));
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    return static_cast<T>(
        capture_signed(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(capture_unsigned(text, std::numeric_limits<T>::max()));
  } else {
    static_assert(
        std::is_constructible_v<T, std::string_view>,
        "a capture's parameter is a number, a std::string, a std::optional of these, or a "
        "type made from a std::string_view");
    return T(std::string_view(text));
  }
}

// The argument for a parameter of type P. Text is bound to the handler's own copy, which lives as
// long as the handler: a coroutine may take it by reference or view.
template <class P>
decltype(auto) capture_as(const std::optional<std::string>& capture) {
  using T = std::remove_cvref_t<P>;
  if constexpr (std::is_reference_v<P>) {
    static_assert(std::is_same_v<P, const std::string&> || std::is_same_v<P, std::string&&>,
                  "take a capture by value (or a std::string by const reference)");
    static const std::string nothing;
    if constexpr (std::is_same_v<P, std::string&&>) {
      return std::string(capture ? *capture : nothing);
    } else {
      return static_cast<const std::string&>(capture ? *capture : nothing);
    }
  } else if constexpr (is_optional<T>) {
    return capture ? T(convert_capture<typename T::value_type>(*capture)) : T();
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return capture ? T(*capture) : T();
  } else {
    if (!capture) throw_capture_mismatch();
    return convert_capture<T>(*capture);
  }
}

// ---- members ------------------------------------------------------------------------------------

template <class Member>
struct Signature;
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> {
  using Return = R;
  using Parameters = std::tuple<A...>;
  static constexpr std::size_t kCount = sizeof...(A);
};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (C::*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R (C::*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (C::*)(A...)> {};

template <class F>
Started start(F call) {
  using Return = decltype(call());
  if constexpr (std::is_same_v<Return, Future<void>>) {
    return {Started::Kind::kCoroutine, call()};
  } else if constexpr (std::is_same_v<Return, asynchronous>) {
    call();
    return {Started::Kind::kOpen, std::nullopt};
  } else {
    static_assert(std::is_void_v<Return>,
                  "a verb or prepare() returns void, Future<void> or web::asynchronous");
    call();
    return {};
  }
}

// A condition of a verb, Tornado's decorator: a type that the verb takes before its captures, such
// as web::addslash. admits() says whether the verb may run; if not, it has answered or throws.
template <class P>
concept Condition = requires(RequestHandler& handler) {
  { P::admits(handler) } -> std::same_as<bool>;
};

// A verb's parameters: conditions, then what comes from the captures.
template <class Parameters>
struct VerbParameters;
template <class... P>
struct VerbParameters<std::tuple<P...>> {
  using All = std::tuple<P...>;
  static constexpr std::size_t kConditions = (std::size_t{0} + ... + (Condition<P> ? 1 : 0));
  static constexpr std::size_t kCaptures = sizeof...(P) - kConditions;

  template <std::size_t I>
  using ConditionAt = std::tuple_element_t<I, All>;
  template <std::size_t I>
  using CaptureAt = std::tuple_element_t<kConditions + I, All>;

  static constexpr bool conditions_come_first() {
    bool captures_begun = false;
    bool ordered = true;
    ((captures_begun |= !Condition<P>, ordered &= !captures_begun || !Condition<P>), ...);
    return ordered;
  }
  // Whether the only capture is the list of all.
  static constexpr bool takes_all() {
    if constexpr (kCaptures == 1)
      return std::is_same_v<std::remove_cvref_t<CaptureAt<0>>, PathArgs>;
    return false;
  }
};

template <class H, auto M>
Started call_verb(RequestHandler& base, const PathArgs& captures) {
  using V = VerbParameters<typename Signature<decltype(M)>::Parameters>;
  static_assert(V::conditions_come_first(), "a verb takes its conditions before its captures");
  auto& handler = static_cast<H&>(base);
  return [&]<std::size_t... C, std::size_t... I>(std::index_sequence<C...>,
                                                 std::index_sequence<I...>) -> Started {
    if (!(V::template ConditionAt<C>::admits(base) && ...)) return {};
    if constexpr (V::takes_all()) {
      return start(
          [&] { return (handler.*M)(typename V::template ConditionAt<C>{}..., captures); });
    } else {
      return start([&] {
        return (handler.*M)(typename V::template ConditionAt<C>{}...,
                            capture_as<typename V::template CaptureAt<I>>(captures[I])...);
      });
    }
  }(std::make_index_sequence<V::kConditions>(), std::make_index_sequence<V::kCaptures>());
}

template <class H, auto M>
constexpr VerbEntry make_verb() {
  using V = VerbParameters<typename Signature<decltype(M)>::Parameters>;
  if constexpr (V::takes_all()) return {&call_verb<H, M>, kAnyArity};
  return {&call_verb<H, M>, static_cast<int>(V::kCaptures)};
}

// Detects a member of that name that is private or overloaded, which `&H::NAME` cannot. The probe
// inherits from H and from a class with such a member, so the name is ambiguous if H has one too.
#define TORNADO_VERB(NAME)                                                           \
  struct NameOf_##NAME {                                                             \
    int NAME;                                                                        \
  };                                                                                 \
  template <class H>                                                                 \
  struct Probe_##NAME : H, NameOf_##NAME {};                                         \
  template <class H>                                                                 \
  constexpr VerbEntry verb_##NAME() {                                                \
    if constexpr (requires { &H::NAME; }) {                                          \
      return make_verb<H, &H::NAME>();                                               \
    } else {                                                                         \
      if constexpr (!std::is_final_v<H>) {                                           \
        static_assert(                                                               \
            requires { &Probe_##NAME<H>::NAME; },                                    \
            "the handler's " #NAME "() must be public, and must not be overloaded"); \
      }                                                                              \
      return {};                                                                     \
    }                                                                                \
  }
TORNADO_VERB(get)
TORNADO_VERB(head)
TORNADO_VERB(post)
TORNADO_VERB(delete_)
TORNADO_VERB(patch)
TORNADO_VERB(put)
TORNADO_VERB(options)
TORNADO_VERB(any_method)
#undef TORNADO_VERB

// Checks data_received(). A coroutine must take the piece by value, because the caller's piece
// lives only as long as the call.
template <class S>
constexpr void check_data_received() {
  static_assert(S::kCount == 1, "data_received() takes one piece of the body");
  using Piece = std::tuple_element_t<0, typename S::Parameters>;
  static_assert(std::is_same_v<typename S::Return, void> || std::is_same_v<Piece, std::string>,
                "a data_received() that is a coroutine takes a std::string by value");
  static_assert(!std::is_same_v<typename S::Return, asynchronous>,
                "data_received() returns void or Future<void>");
}

template <class H>
Started call_data_received(RequestHandler& base, std::string chunk) {
  return start([&] { return static_cast<H&>(base).data_received(std::move(chunk)); });
}

struct NameOf_data_received {
  int data_received;
};
template <class H>
struct Probe_data_received : H, NameOf_data_received {};

template <class H>
constexpr auto find_data_received() -> Started (*)(RequestHandler&, std::string) {
  if constexpr (requires { &H::data_received; }) {
    check_data_received<Signature<decltype(&H::data_received)>>();
    return &call_data_received<H>;
  } else {
    if constexpr (!std::is_final_v<H>) {
      static_assert(
          requires { &Probe_data_received<H>::data_received; },
          "the handler's data_received() must be public, and must not be overloaded");
    }
    return nullptr;
  }
}

template <class H>
RequestHandler* make_handler() {
  return new H;
}

template <class H>
Started call_prepare(RequestHandler& base) {
  return start([&] { return static_cast<H&>(base).prepare(); });
}

template <class H>
void call_initialize(RequestHandler& base, const void* init) {
  static_cast<H&>(base).initialize(*static_cast<const typename H::Init*>(init));
}

template <class H>
void call_plain_initialize(RequestHandler& base, const void* /*init*/) {
  static_cast<H&>(base).initialize();
}

struct NameOf_initialize {
  int initialize;
};
template <class H>
struct Probe_initialize : H, NameOf_initialize {};

template <class H>
constexpr auto find_initialize() -> void (*)(RequestHandler&, const void*) {
  if constexpr (HasInit<H>) {
    constexpr bool kTakesInit =
        requires(H& handler, const typename H::Init& init) { handler.initialize(init); };
    static_assert(kTakesInit, "a handler with a struct Init has a public initialize(const Init&)");
    if constexpr (kTakesInit) return &call_initialize<H>;
    return nullptr;
  } else if constexpr (requires(H& handler) { handler.initialize(); }) {
    static_assert(
        requires(H& handler) {
          { handler.initialize() } -> std::same_as<void>;
        }, "initialize() returns void: to wait for something, use prepare()");
    return &call_plain_initialize<H>;
  } else {
    if constexpr (!std::is_final_v<H>) {
      static_assert(
          requires { &Probe_initialize<H>::initialize; },
          "initialize() must be public, and takes nothing or, in a class with a struct Init, a "
          "const Init&");
    }
    return nullptr;
  }
}

template <class H>
constexpr HandlerClass make_handler_class() {
  HandlerClass result{};
  result.make = &make_handler<H>;
  result.initialize = find_initialize<H>();
  result.prepare = &call_prepare<H>;
  result.data_received = find_data_received<H>();
  result.verbs = {verb_get<H>(),   verb_head<H>(), verb_post<H>(),    verb_delete_<H>(),
                  verb_patch<H>(), verb_put<H>(),  verb_options<H>(), verb_any_method<H>()};
  if constexpr (requires { H::SUPPORTED_METHODS; }) {
    result.supported_methods = std::data(H::SUPPORTED_METHODS);
    result.supported_method_count = std::size(H::SUPPORTED_METHODS);
  }
  result.type = &typeid(H);
  result.usual_etag = requires {
    requires std::is_same_v<decltype(&H::compute_etag),
                            std::optional<std::string> (RequestHandler::*)() const>;
  };
  if constexpr (requires { H::template adapt_class<H>(result); }) {
    H::template adapt_class<H>(result);
  }
  return result;
}

template <class H>
inline constexpr HandlerClass handler_class = make_handler_class<H>();

}  // namespace detail
}  // namespace tornado::web
