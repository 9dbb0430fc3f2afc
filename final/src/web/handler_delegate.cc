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
  match_ = state_->routes.find(request_->path);
  if (handler_class().data_received == nullptr) return ready();
  make_handler();
  const tornado::detail::ContextScope context(&handler_->context_);
  auto captures = initialize();
  if (!captures) return ready();
  const Verb verb = verb_of(handler_->request.method);
  return RequestHandler::execute_streaming(handler_, verb, std::move(*captures));
}

Future<void> HandlerDelegate::data_received(std::string chunk) {
  if (!handler_) {
    if (request_->body.empty()) {
      request_->body = std::move(chunk);
    } else {
      request_->body += chunk;
    }
    return ready();
  }
  if (handler_->finished_) return ready();  // it has answered, and does not want the rest
  const tornado::detail::ContextScope context(&handler_->context_);
  return RequestHandler::take_data(handler_, std::move(chunk));
}

void HandlerDelegate::finish() {
  if (handler_) {
    const RequestHandler::Ref handler = handler_;
    const tornado::detail::ContextScope context(&handler->context_);
    handler->body_complete();
    return;
  }
  make_handler();
  const RequestHandler::Ref handler = handler_;
  const tornado::detail::ContextScope context(&handler->context_);
  if (auto captures = initialize()) {
    handler->execute(verb_of(handler->request.method), std::move(*captures));
  }
}

const HandlerClass& HandlerDelegate::handler_class() const noexcept {
  return match_.route != nullptr ? *match_.route->handler_class_
                                 : detail::handler_class<NotFoundHandler>;
}

void HandlerDelegate::make_handler() {
  const HandlerClass& made_class = handler_class();
  const Construction context{&request_, &state_};
  construction = &context;
  RequestHandler* made = nullptr;
  try {
    made = made_class.make();
  } catch (...) {
    construction = nullptr;
    throw;
  }
  construction = nullptr;
  handler_ = RequestHandler::Ref(made);
  made->handler_class_ = &made_class;
}

std::optional<PathArgs> HandlerDelegate::initialize() {
  const RequestHandler::Ref handler = handler_;
  PathArgs captures;
  captures.reserve(match_.captures.size());
  try {
    handler->clear();
    for (const std::string_view capture : match_.captures) {
      if (capture.data() == nullptr) {
        captures.emplace_back();
        continue;
      }
      auto decoded = http::decode_path_component(capture);
      if (!decoded) throw HTTPError(400, "Invalid unicode in path: " + std::string(capture));
      captures.push_back(std::move(decoded));
    }
    if (handler->handler_class_->initialize != nullptr) {
      handler->handler_class_->initialize(*handler, match_.route->init_.get());
    }
  } catch (...) {
    handler->handle_exception(std::current_exception());
    return std::nullopt;
  }
  return captures;
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
