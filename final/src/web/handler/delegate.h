// Internal header. Links a connection to a handler: finds the route of one request, collects the
// request, creates the handler and runs it.
#pragma once

#include <tornado/web.h>

#include <memory>

#include "web/application_state.h"

namespace tornado::web::detail {

// A request, allocated from the pool.
struct OwnedRequest final : httputil::HTTPServerRequest, core::Pooled {
  using httputil::HTTPServerRequest::HTTPServerRequest;
};

// The parameters that the route found, allocated from the pool.
struct RouteParams final : routing::MatchParams, core::Pooled {
  explicit RouteParams(routing::MatchParams&& params) : MatchParams(std::move(params)) {}
};

class HandlerDelegate final : public httputil::HTTPMessageDelegate, public core::Pooled {
 public:
  // For a request whose handler is found when the head has arrived.
  HandlerDelegate(core::Ref<ApplicationState> state, const void* server_connection,
                  std::shared_ptr<httputil::HTTPConnection> connection);
  // For a request whose handler is known. `kept` owns the handler's target, if no rule of the
  // application does.
  HandlerDelegate(core::Ref<ApplicationState> state, const httputil::HTTPServerRequest& request,
                  routing::detail::Destination to, std::optional<routing::RuleTarget> kept = {});

  Future<void> headers_received(httputil::RequestStartLine start_line,
                                httputil::HTTPHeaders headers) override;
  Future<void> data_received(std::string chunk) override;
  void finish() override;
  bool refuse(const httputil::RequestRefusal& refusal) override;
  void on_connection_close() override;
  void on_shutdown() override;

  // Release the open asynchronous handlers when their application goes away, or only those after
  // `mark` in the list.
  static void close_open_handlers(ApplicationState& state);
  static void close_open_handlers(ApplicationState& state, const core::ListHook& mark);
  static ApplicationState& state_of(Application& application) { return *application.state_; }

 private:
  void make_handler();

  core::Ref<ApplicationState> state_;  // moves to the handler when that is created
  const void* server_connection_;
  std::shared_ptr<httputil::HTTPConnection> connection_;
  std::unique_ptr<OwnedRequest> request_;
  routing::detail::Destination to_;  // if it has a delegate, that one gets everything
  std::optional<routing::RuleTarget> kept_;
  core::Ref<RequestHandler> handler_;
};

// The arguments that a handler's constructor takes over. Set during a HandlerClass::make call.
struct Construction {
  std::unique_ptr<OwnedRequest>* request;
  core::Ref<ApplicationState>* state;
};
extern constinit thread_local const Construction* construction;

}  // namespace tornado::web::detail
