// The life of a handler that takes its request's body piece by piece.
#include <tornado/web.h>

#include "web/handler/ref.h"

namespace tornado::web {

// Done when the body may come, which is when prepare() has ended. A failure becomes the response,
// never an exception: the connection sees the response and reads no body.
Future<void> RequestHandler::execute_streaming(Ref self, detail::Verb verb,
                                               routing::MatchParams params) {
  try {
    const detail::Started prepared = self->begin(verb, std::move(params));
    if (prepared.future) co_await *prepared.future;
    // Called before the client sends the body in vain.
    if (!self->finished_ && self->verb_entry().call == nullptr) throw HTTPError(405);
  } catch (...) {
    self->handle_exception(std::current_exception());
  }
}

Future<void> RequestHandler::take_data(Ref self, std::string chunk) {
  try {
    const auto data_received = self->handler_class_->data_received;
    const detail::Started taken = data_received(*self, std::move(chunk));
    if (taken.future) co_await *taken.future;
  } catch (...) {
    self->handle_exception(std::current_exception());
  }
}

void RequestHandler::body_complete() noexcept {
  try {
    run_verb();
  } catch (...) {
    handle_exception(std::current_exception());
  }
}

}  // namespace tornado::web
