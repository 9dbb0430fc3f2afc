// Internal header: functions and coroutines that take whole requests, as HTTPServer, a routing Rule
// and FallbackHandler accept them.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/httputil.h>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace tornado::httpserver {

namespace detail {

// A delegate that collects each request and passes it to a function. Shared by the server and its
// requests: the function may destroy the server, and its captures must outlive the call.
class CallbackDelegate : public httputil::HTTPServerConnectionDelegate,
                         public std::enable_shared_from_this<CallbackDelegate> {
 public:
  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) final;
  virtual void call(httputil::HTTPServerRequest request) = 0;
  // Called when the function has thrown: logs the exception and closes the connection, if it is
  // still open.
  static void call_failed(httputil::HTTPConnection& connection);
};

template <class F>
class FunctionDelegate final : public CallbackDelegate {
 public:
  explicit FunctionDelegate(F f) : function_(std::move(f)) {}

  void call(httputil::HTTPServerRequest request) override {
    if constexpr (core::is_future<Returned>) {
      core::let_run(
          run(std::static_pointer_cast<FunctionDelegate>(shared_from_this()), std::move(request)));
    } else {
      // Handled here, because the caller may have nobody to report to: a FallbackHandler has ended.
      const auto connection = request.connection;
      try {
        function_(std::move(request));
      } catch (...) {
        call_failed(*connection);
      }
    }
  }

 private:
  using Returned = std::invoke_result_t<F&, httputil::HTTPServerRequest>;

  static Future<void> run(std::shared_ptr<FunctionDelegate> self,
                          httputil::HTTPServerRequest request) {
    const auto connection = request.connection;
    try {
      co_await self->function_(std::move(request));
    } catch (...) {
      call_failed(*connection);
    }
  }

  F function_;
};

}  // namespace detail

// A function or coroutine of HTTPServerRequest; not a delegate, which is called differently.
template <class F>
concept RequestFunction = std::is_invocable_v<F&, httputil::HTTPServerRequest> &&
                          !std::derived_from<F, httputil::HTTPServerConnectionDelegate>;

// A function or coroutine that responds to requests through request.connection. Copies share it; it
// lives until the last of its calls has ended. An exception that leaves it is logged and closes the
// connection.
class RequestCallback {
 public:
  RequestCallback() = default;
  template <RequestFunction F>
    requires(!std::same_as<F, RequestCallback>)
  RequestCallback(F function)
      : delegate_(std::make_shared<detail::FunctionDelegate<F>>(std::move(function))) {}

  // Returns whether there is a function.
  explicit operator bool() const noexcept { return delegate_ != nullptr; }
  // Calls the function, which must exist. Returns when it has returned or, if it is a coroutine,
  // when it waits for the first time.
  void operator()(httputil::HTTPServerRequest request) const {
    const auto keep = delegate_;
    keep->call(std::move(request));
  }
  // Returns the same as a delegate, the form that servers use. Internal.
  const std::shared_ptr<detail::CallbackDelegate>& delegate() const noexcept { return delegate_; }

 private:
  std::shared_ptr<detail::CallbackDelegate> delegate_;
};

}  // namespace tornado::httpserver
