// Internal header: what a route knows about a WebSocketHandler's hooks, determined at compile time.
#pragma once

#include <tornado/core/handler_class.h>

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace tornado::websocket {

// One message.
struct Message {
  Message() {}
  explicit Message(std::string message_data, bool is_binary = false)
      : data(std::move(message_data)), binary(is_binary) {}

  std::string data;     // the payload of all its frames
  bool binary = false;  // false: text, UTF-8
  bool operator==(const Message&) const = default;
};

class WebSocketHandler;

namespace detail {

struct ConnectionRules;
class PreparedFrames;
class Session;
using web::PathArgs;
using web::detail::Started;

struct Hooks {
  // Checks open()'s conditions before the handshake; if they fail, the request has been answered.
  // Throws HTTPError(404) if a capture does not convert to its parameter.
  bool (*admits)(web::RequestHandler&, const PathArgs&);
  Started (*open)(web::RequestHandler&, const PathArgs&);
  Started (*on_message)(web::RequestHandler&, std::string_view payload, bool binary);
  Started (*on_close)(web::RequestHandler&);
  Started (*on_ping)(web::RequestHandler&, std::string_view payload);
  Started (*on_pong)(web::RequestHandler&, std::string_view payload);
};

template <class H>
bool admits(web::RequestHandler& handler, [[maybe_unused]] const PathArgs& captures) {
  using V =
      web::detail::VerbParameters<typename web::detail::Signature<decltype(&H::open)>::Parameters>;
  return [&]<std::size_t... C, std::size_t... I>(std::index_sequence<C...>,
                                                 std::index_sequence<I...>) {
    if (!(V::template ConditionAt<C>::admits(handler) && ...)) return false;
    if constexpr (!V::takes_all()) {
      (static_cast<void>(web::detail::capture_as<typename V::template CaptureAt<I>>(captures[I])),
       ...);
    }
    return true;
  }(std::make_index_sequence<V::kConditions>(), std::make_index_sequence<V::kCaptures>());
}

// Returns a payload in the form of a hook's parameter P.
template <class P, class Return>
std::remove_cvref_t<P> payload_as(std::string_view payload, [[maybe_unused]] bool binary) {
  using T = std::remove_cvref_t<P>;
  constexpr bool kView = std::is_same_v<T, std::string_view>;
  static_assert(std::is_same_v<T, Message> || std::is_same_v<T, std::string> || kView,
                "a hook takes its payload as a websocket::Message, a std::string or a "
                "std::string_view");
  static_assert(!(std::is_reference_v<P> || kView) || std::is_void_v<Return>,
                "a hook that is a coroutine takes its payload by value: the caller's is gone when "
                "it goes on");
  if constexpr (std::is_same_v<T, Message>) {
    return Message(std::string(payload), binary);
  } else {
    return T(payload);
  }
}

// Calls a hook with the payload and, if it has a second parameter, with the type.
template <class H, auto M>
Started call_with_payload(web::RequestHandler& base, std::string_view payload, bool binary) {
  using S = web::detail::Signature<decltype(M)>;
  using R = typename S::Return;
  static_assert(std::is_void_v<R> || std::is_same_v<R, Future<void>>,
                "a hook of a WebSocketHandler returns void or Future<void>");
  static_assert(S::kCount == 1 || S::kCount == 2,
                "a hook takes the payload; on_message may take a bool after it, true for binary");
  using P = std::tuple_element_t<0, typename S::Parameters>;
  auto& handler = static_cast<H&>(base);
  return web::detail::start([&] {
    if constexpr (S::kCount == 1) {
      return (handler.*M)(payload_as<P, R>(payload, binary));
    } else {
      return (handler.*M)(payload_as<P, R>(payload, binary), binary);
    }
  });
}

template <class H, auto M>
Started call_with_data(web::RequestHandler& base, std::string_view payload) {
  return call_with_payload<H, M>(base, payload, true);
}

template <class H>
Started call_on_close(web::RequestHandler& base) {
  return web::detail::start([&] { return static_cast<H&>(base).on_close(); });
}

template <class H>
constexpr Hooks make_hooks() {
  static_assert(
      requires { &H::on_message; },
      "a WebSocketHandler needs on_message(), public and not overloaded");
  static_assert(
      requires { &H::open; }, "the handler's open() must be public, and must not be overloaded");
  return {&admits<H>,
          web::detail::make_verb<H, &H::open>().call,
          &call_with_payload<H, &H::on_message>,
          &call_on_close<H>,
          &call_with_data<H, &H::on_ping>,
          &call_with_data<H, &H::on_pong>};
}

template <class H>
inline constexpr Hooks hooks_of = make_hooks<H>();

// Base is WebSocketHandler, which is incomplete here.
template <class H, class Base>
constexpr void add_hooks(web::detail::HandlerClass& handler_class) {
  handler_class.hooks = &hooks_of<H>;
  // The captures are open()'s, unless the class has its own get().
  if constexpr (std::is_same_v<decltype(&H::get), decltype(&Base::get)>) {
    handler_class.verbs[static_cast<std::size_t>(web::detail::Verb::kGet)].arity =
        web::detail::make_verb<H, &H::open>().arity;
  }
}

}  // namespace detail
}  // namespace tornado::websocket
