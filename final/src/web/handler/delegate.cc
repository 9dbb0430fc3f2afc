#include "web/handler/delegate.h"

#include "web/routing/hand_on.h"

namespace tornado::web::detail {
namespace {

Verb verb_of(std::string_view method) {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (method == kMethodNames[i]) return static_cast<Verb>(i);
  }
  return Verb::kAny;
}

}  // namespace

constinit thread_local const Construction* construction = nullptr;

HandlerDelegate::HandlerDelegate(core::Ref<ApplicationState> state, const void* server_connection,
                                 std::shared_ptr<httputil::HTTPConnection> connection)
    : state_(std::move(state)),
      server_connection_(server_connection),
      connection_(std::move(connection)) {}

HandlerDelegate::HandlerDelegate(core::Ref<ApplicationState> state,
                                 const httputil::HTTPServerRequest& request,
                                 routing::detail::Destination to,
                                 std::optional<routing::RuleTarget> kept)
    : state_(std::move(state)),
      server_connection_(request.server_connection),
      connection_(request.connection),
      to_(std::move(to)),
      kept_(std::move(kept)) {}

// [headers]
Future<void> HandlerDelegate::headers_received(httputil::RequestStartLine start_line,
                                               httputil::HTTPHeaders headers) {
  request_ = core::make_owned<OwnedRequest>(std::move(start_line), std::move(headers),
                                            std::string(), std::move(connection_));
  request_->server_connection = server_connection_;
  if (!to_) to_ = state_->find(*request_);
  if (to_.delegate != nullptr) {
    const auto request = std::move(request_);
    return routing::detail::hand_on(*to_.delegate, std::move(*request));
  }
  if (to_.handler_class->data_received == nullptr) return routing::detail::ready();
  make_handler();
  const core::ContextScope context(&handler_->context_);
  if (!initialize()) return routing::detail::ready();
  const Verb verb = verb_of(handler_->request.method);
  return RequestHandler::execute_streaming(handler_, verb, std::move(to_.params));
}
// [/headers]

Future<void> HandlerDelegate::data_received(std::string chunk) {
  if (to_.delegate != nullptr) return to_.delegate->data_received(std::move(chunk));
  if (!handler_) {
    request_->connection->count_buffered(chunk.size());
    if (request_->body.empty()) {
      request_->body = std::move(chunk);
    } else {
      request_->body += chunk;
    }
    return routing::detail::ready();
  }
  if (handler_->finished_) {
    return routing::detail::ready();  // it has responded, and does not want the rest
  }
  const core::ContextScope context(&handler_->context_);
  return RequestHandler::take_data(handler_, std::move(chunk));
}

void HandlerDelegate::finish() {
  if (to_.delegate != nullptr) {
    to_.delegate->finish();
    return;
  }
  if (handler_) {
    const RequestHandler::Ref handler = handler_;
    const core::ContextScope context(&handler->context_);
    handler->body_complete();
    return;
  }
  make_handler();
  const RequestHandler::Ref handler = handler_;
  const core::ContextScope context(&handler->context_);
  if (initialize()) handler->execute(verb_of(handler->request.method), std::move(to_.params));
}

// [make_handler]
void HandlerDelegate::make_handler() {
  const Construction context{&request_, &state_};
  construction = &context;
  RequestHandler* made = nullptr;
  try {
    made = to_.handler_class->make();
  } catch (...) {
    construction = nullptr;
    throw;
  }
  construction = nullptr;
  handler_ = RequestHandler::Ref(made);
  made->handler_class_ = to_.handler_class;
}
// [/make_handler]

bool HandlerDelegate::initialize() {
  const RequestHandler::Ref handler = handler_;
  try {
    handler->clear();
    const auto call = to_.handler_class->initialize;
    if (call != nullptr) call(*handler, to_.init);
  } catch (...) {
    handler->handle_exception(std::current_exception());
    return false;
  }
  return true;
}

void HandlerDelegate::on_connection_close() {
  if (to_.delegate != nullptr) to_.delegate->on_connection_close();
  if (handler_) handler_->connection_closed();
}

void HandlerDelegate::close_open_handlers(ApplicationState& state) {
  close_open_handlers(state, state.open_handlers);
}

void HandlerDelegate::close_open_handlers(ApplicationState& state, const core::ListHook& mark) {
  while (mark.next() != &state.open_handlers) {
    auto& open = static_cast<RequestHandler::Open&>(*mark.next());
    open.unlink();
    const RequestHandler::Ref last = open.take();
  }
}

}  // namespace tornado::web::detail
