// Internal header. What stands between a connection and a handler: finds the route of one request,
// collects it, makes the handler and runs it.
#pragma once

#include <tornado/web.h>

#include <memory>

#include "web/application_state.h"
#include "web/handler/ref.h"

namespace tornado::web::detail {

// A request from the pool.
struct OwnedRequest final : httputil::HTTPServerRequest, core::Pooled {
  using httputil::HTTPServerRequest::HTTPServerRequest;
};

// What the route has found, from the pool.
struct RouteParams final : routing::MatchParams, core::Pooled {
  explicit RouteParams(routing::MatchParams&& params) : MatchParams(std::move(params)) {}
};

class HandlerDelegate final : public httputil::HTTPMessageDelegate, public core::Pooled {
 public:
  // Finds its handler when the head has come.
  HandlerDelegate(core::Ref<ApplicationState> state, const void* server_connection,
                  std::shared_ptr<httputil::HTTPConnection> connection);
  // Knows its handler; `kept` is where that comes from, if no rule of the application has it.
  HandlerDelegate(core::Ref<ApplicationState> state, const httputil::HTTPServerRequest& request,
                  routing::detail::Destination to, std::optional<routing::RuleTarget> kept = {});

  Future<void> headers_received(httputil::RequestStartLine start_line,
                                httputil::HTTPHeaders headers) override;
  Future<void> data_received(std::string chunk) override;
  void finish() override;
  void on_connection_close() override;

  // Lets go of the handlers that are kept open, as their application goes; or of those behind
  // `mark` in the list.
  static void close_open_handlers(ApplicationState& state);
  static void close_open_handlers(ApplicationState& state, const core::ListHook& mark);
  static ApplicationState& state_of(Application& application) { return *application.state_; }

 private:
  void make_handler();
  // Everything up to execute(). False if the handler has answered already.
  bool initialize();

  core::Ref<ApplicationState> state_;  // the handler's, once that is made
  const void* server_connection_;
  std::shared_ptr<httputil::HTTPConnection> connection_;
  core::Owned<OwnedRequest> request_;
  routing::detail::Destination to_;  // its delegate gets everything, if there is one
  std::optional<routing::RuleTarget> kept_;
  RequestHandler::Ref handler_;
};

// What a handler's constructor takes over. Set for the length of a HandlerClass::make call.
struct Construction {
  core::Owned<OwnedRequest>* request;
  core::Ref<ApplicationState>* state;
};
extern constinit thread_local const Construction* construction;

}  // namespace tornado::web::detail
