#include "web/handler_delegate.h"

#include "http/url.h"

namespace tornado::web::detail {
namespace {

Verb verb_of(std::string_view method) {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (method == kMethodNames[i]) return static_cast<Verb>(i);
  }
  return Verb::kAny;
}

// Answers requests that no route matches.
class NotFoundHandler final : public RequestHandler {
 public:
  void prepare() { throw HTTPError(404); }
};

Future<void> ready() {
  Future<void> future;
  future.set_result();
  return future;
}

}  // namespace

constinit thread_local const Construction* construction = nullptr;

HandlerDelegate::HandlerDelegate(tornado::detail::Ref<ApplicationState> state,
                                 std::shared_ptr<httputil::HTTPConnection> connection)
    : state_(std::move(state)), connection_(std::move(connection)) {}

Future<void> HandlerDelegate::headers_received(httputil::StartLine start_line,
                                               httputil::HTTPHeaders headers) {
  request_ =
      std::make_unique<OwnedRequest>(std::get<httputil::RequestStartLine>(std::move(start_line)),
                                     std::move(headers), std::string(), std::move(connection_));
  return ready();
}

Future<void> HandlerDelegate::data_received(std::string chunk) {
  if (request_->body.empty()) {
    request_->body = std::move(chunk);
  } else {
    request_->body += chunk;
  }
  return ready();
}

void HandlerDelegate::finish() {
  const Match match = state_->routes.find(request_->path);
  const HandlerClass& handler_class = match.route != nullptr
                                          ? *match.route->handler_class_
                                          : detail::handler_class<NotFoundHandler>;
  const Construction context{&request_, &state_};
  construction = &context;
  RequestHandler* made = nullptr;
  try {
    made = handler_class.make();
  } catch (...) {
    construction = nullptr;
    throw;
  }
  construction = nullptr;
  handler_ = RequestHandler::Ref(made);
  made->handler_class_ = &handler_class;
  run(handler_, match);
}

void HandlerDelegate::run(RequestHandler::Ref handler, const Match& match) {
  const tornado::detail::ContextScope context(&handler->context_);
  PathArgs captures;
  captures.reserve(match.captures.size());
  try {
    handler->clear();
    for (const std::string_view capture : match.captures) {
      if (capture.data() == nullptr) {
        captures.emplace_back();
        continue;
      }
      auto decoded = http::decode_path_component(capture);
      if (!decoded) throw HTTPError(400, "Invalid unicode in path: " + std::string(capture));
      captures.push_back(std::move(decoded));
    }
    if (handler->handler_class_->initialize != nullptr) {
      handler->handler_class_->initialize(*handler, match.route->init_.get());
    }
  } catch (...) {
    handler->handle_exception(std::current_exception());
    return;
  }
  handler->execute(verb_of(handler->request.method), std::move(captures));
}

void HandlerDelegate::on_connection_close() {
  if (handler_) handler_->connection_closed();
}

void HandlerDelegate::close_open_handlers(ApplicationState& state) {
  while (state.open_handlers.linked()) {
    auto& open = static_cast<RequestHandler::Open&>(*state.open_handlers.next());
    open.unlink();
    const RequestHandler::Ref last = open.take();
  }
}

}  // namespace tornado::web::detail
