// The life of a request: its delegate finds the route and makes the handler, execute() runs it from
// initialize() to finish(), and on_finish() ends it.
#include <tornado/iostream.h>
#include <tornado/log.h>
#include <tornado/middleware.h>
#include <tornado/web.h>

#include <algorithm>

#include "base/log/traceback.h"
#include "http/message/framing.h"
#include "http/server/exchange.h"
#include "loop/error_text.h"
#include "web/application_state.h"
#include "web/handler/delegate.h"
#include "web/handler/response.h"
#include "web/handler/session.h"
#include "web/routing/arity.h"
#include "web/routing/hand_on.h"

namespace tornado::web {
namespace {

// For a route without captures.
const routing::MatchParams kNoParams;

// An error page may fail and lead to another status's page, up to this many times.
constexpr int kMaxErrorPages = 8;

const detail::Construction& require_construction() {
  if (detail::construction == nullptr) {
    throw std::logic_error("only an Application can make a RequestHandler, for a request");
  }
  return *detail::construction;
}

detail::Verb verb_of(std::string_view method) {
  for (std::size_t i = 0; i < detail::kMethodNames.size(); ++i) {
    if (method == detail::kMethodNames[i]) return static_cast<detail::Verb>(i);
  }
  return detail::Verb::kAny;
}

bool is_cancelled(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const concurrent::CancelledError&) {
    return true;
  } catch (...) {
    return false;
  }
}

// Whether a wait ended because the client left or the operation was cancelled.
bool is_end_of_wait(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const iostream::StreamClosedError&) {
    return true;
  } catch (...) {
    return is_cancelled(exception);
  }
}

}  // namespace

// ---- the delegate -------------------------------------------------------------------------------

namespace detail {

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
  request_ = std::make_unique<OwnedRequest>(std::move(start_line), std::move(headers),
                                            std::string(), std::move(connection_));
  request_->server_connection = server_connection_;
  if (!to_) to_ = state_->find(*request_);
  if (to_.delegate != nullptr) {
    const auto request = std::move(request_);
    return routing::detail::hand_on(*to_.delegate, std::move(*request));
  }
  if (to_.handler_class->data_received == nullptr) return routing::detail::ready();
  make_handler();
  const auto prepared = handler_->execute(Step::kPrepare, &to_);
  return prepared ? *prepared : routing::detail::ready();
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
    handler_->execute(Step::kVerb);
  } else {
    make_handler();
    handler_->execute(Step::kPrepare, &to_);
  }
}

// The application's own error page stands for the handler of a request whose head was not read.
bool HandlerDelegate::refuse(const httputil::RequestRefusal& refusal) {
  if (refusal.start_line) {
    request_ = std::make_unique<OwnedRequest>(httputil::RequestStartLine(*refusal.start_line),
                                              httputil::HTTPHeaders(), std::string(),
                                              std::move(connection_));
    request_->server_connection = server_connection_;
    to_ = routing::detail::RuleTable::follow(state_->not_found, {}, *request_);
  }
  if (to_.delegate != nullptr) return to_.delegate->refuse(refusal);
  const HTTPError error(refusal.status_code, refusal.reason);
  if (handler_) {
    const core::Ref<RequestHandler> pin = handler_;
    const core::ContextScope context(&handler_->context_);
    handler_->handle_exception(std::make_exception_ptr(error));
  } else {
    request_->body.clear();  // part of a body is not to be used
    make_handler();
    handler_->refuse(to_, error);
  }
  return true;
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
  handler_ = core::Ref(made);
  made->handler_class_ = to_.handler_class;
}
// [/make_handler]

void HandlerDelegate::on_connection_close() {
  if (to_.delegate != nullptr) to_.delegate->on_connection_close();
  if (handler_) handler_->connection_closed();
}

void HandlerDelegate::on_shutdown() {
  if (to_.delegate != nullptr) to_.delegate->on_shutdown();
  if (handler_) handler_->server_shuts_down();
}

void HandlerDelegate::close_open_handlers(ApplicationState& state) {
  close_open_handlers(state, state.open_handlers);
}

void HandlerDelegate::close_open_handlers(ApplicationState& state, const core::ListHook& mark) {
  while (mark.next() != &state.open_handlers) {
    auto& open = static_cast<RequestHandler::Open&>(*mark.next());
    open.unlink();
    const core::Ref<RequestHandler> last = open.take();
  }
}

}  // namespace detail

// ---- its making ---------------------------------------------------------------------------------

bool RequestHandler::Context::handle(const std::exception_ptr& exception) {
  handler_.handle_exception(exception);
  return true;
}

void RequestHandler::Context::unreferenced() noexcept {
  if (!handler_.on_finish_called_) {
    // The client left, or the program never finished the request. The reference is for the code
    // that on_finish() starts, which may keep the handler once more.
    const Ref pin(&handler_);
    handler_.call_on_finish();
    return;
  }
  delete &handler_;
}

RequestHandler::RequestHandler() : RequestHandler(require_construction()) {}

RequestHandler::RequestHandler(const detail::Construction& given)
    : request(*given.request->release()),
      application(*(*given.state)->application),
      state_(std::move(*given.state)),
      response_(new Response) {}

RequestHandler::~RequestHandler() {
  response_.reset();  // its transforms may refer to the request
  delete static_cast<detail::OwnedRequest*>(&request);
}

const Settings& RequestHandler::settings() const noexcept {
  return state_->settings;
}

void RequestHandler::require_setting(std::string_view name, std::string_view feature) const {
  if (state_->settings.has(name)) return;
  throw std::runtime_error("You must define the '" + std::string(name) +
                           "' setting in your application to use " + std::string(feature));
}

// Asks the application itself, while it exists: a derived class may know more routes.
std::optional<std::string> RequestHandler::reverse(std::string_view name,
                                                   const std::vector<std::string>& args) const {
  return state_->application != nullptr ? application.reverse(name, args)
                                        : state_->reverse(name, args);
}

// ---- running ------------------------------------------------------------------------------------

// From initialize() to finish(), as Tornado's _execute(). A wait interrupts it: for a coroutine,
// whose end continues it at the next step, or for the body, with which the delegate continues it.
// Returns the future of what continues it, if that is a coroutine.
std::optional<Future<void>> RequestHandler::execute(detail::Step step,
                                                    routing::detail::Destination* found) noexcept {
  const Ref pin(this);
  const core::ContextScope scope(&context_);
  try {
    switch (step) {
      case detail::Step::kPrepare: {
        clear();
        if (handler_class_->initialize != nullptr) handler_class_->initialize(*this, found->init);
        if (!pass_middleware()) return {};
        accept_request(std::move(found->params));
        auto wait = wait_for(handler_class_->prepare(*this), detail::Step::kBody);
        if (wait) return wait;
      }
        [[fallthrough]];
      // [execute]
      case detail::Step::kBody:
        if (finished_) return {};
        if (verb_entry().call == nullptr) throw HTTPError(405);
        if (handler_class_->data_received != nullptr) return {};
        [[fallthrough]];
      case detail::Step::kVerb: {
        if (finished_) return {};
        detail::Started started = call_verb();
        if (started.kind == detail::Started::Kind::kOpen) {
          stay_open();
          return {};
        }
        auto wait = wait_for(std::move(started), detail::Step::kFinish);
        if (wait) return wait;
      }
        [[fallthrough]];
      case detail::Step::kFinish:
        if (!finished_) finish();
        // [/execute]
    }
  } catch (...) {
    handle_exception(std::current_exception());
  }
  return {};
}

// Responds to a request that the server does not read: no prepare(), no verb.
void RequestHandler::refuse(routing::detail::Destination& found, const HTTPError& error) noexcept {
  const Ref pin(this);
  const core::ContextScope scope(&context_);
  try {
    clear();
    if (handler_class_->initialize != nullptr) handler_class_->initialize(*this, found.init);
    if (!pass_middleware()) return;
    take_params(std::move(found.params));
    throw error;
  } catch (...) {
    handle_exception(std::current_exception());
  }
}

// [resume_after]
Future<void> RequestHandler::resume_after(Ref self, Future<void> coroutine, detail::Step next) {
  try {
    co_await coroutine;
  } catch (...) {
    self->handle_exception(std::current_exception());
    co_return;
  }
  self->execute(next);
}
// [/resume_after]

std::optional<Future<void>> RequestHandler::wait_for(detail::Started started, detail::Step next) {
  if (!started.future) return {};
  if (!started.future->done()) return resume_after(Ref(this), std::move(*started.future), next);
  started.future->result();
  return {};
}

// Shows the request to the middleware. Returns false if one of them has finished the response.
bool RequestHandler::pass_middleware() {
  verb_ = verb_of(request.method);
  for (const auto& middleware : state_->settings.middleware) {
    middleware->prepare(*this);
    if (finished_) return false;
  }
  return true;
}

// [accept]
// What every request is checked for before prepare().
void RequestHandler::accept_request(routing::MatchParams&& params) {
  if (!is_supported(request.method)) throw HTTPError(405);
  try {
    if (!request.body.empty()) request.parse_body();
  } catch (const httputil::HTTPInputError& error) {
    throw HTTPError(400, error.what());
  }
  take_params(std::move(params));
  if (state_->settings.xsrf_cookies && verb_ != detail::Verb::kGet &&
      verb_ != detail::Verb::kHead && verb_ != detail::Verb::kOptions) {
    check_xsrf_cookie();
  }
}
// [/accept]

// execute() rejects a known method that the class does not implement, after prepare().
bool RequestHandler::is_supported(std::string_view method) const noexcept {
  const std::string_view* const first = handler_class_->supported_methods;
  if (first == nullptr) return verb_ != detail::Verb::kAny || verb_entry().call != nullptr;
  const auto* const last = first + handler_class_->supported_method_count;
  return std::find(first, last, method) != last;
}

void RequestHandler::take_params(routing::MatchParams&& params) {
  if (params.path_args.empty() && params.path_kwargs.empty()) return;
  for (auto& [name, value] : params.path_kwargs) {
    if (value) value = decode_argument(*value, name);
  }
  for (auto& value : params.path_args) {
    if (value) value = decode_argument(*value);
  }
  params_ = core::Owned(new detail::RouteParams(std::move(params)));
}

const PathArgs& RequestHandler::path_args() const noexcept {
  return params_ != nullptr ? params_->path_args : kNoParams.path_args;
}

const PathKwargs& RequestHandler::path_kwargs() const noexcept {
  return params_ != nullptr ? params_->path_kwargs : kNoParams.path_kwargs;
}

const detail::VerbEntry& RequestHandler::verb_entry() const noexcept {
  const auto& own = handler_class_->verbs[static_cast<std::size_t>(verb_)];
  if (own.call != nullptr) return own;
  return handler_class_->verbs[static_cast<std::size_t>(detail::Verb::kAny)];
}

detail::Started RequestHandler::call_verb() {
  const detail::VerbEntry& verb = verb_entry();
  const PathArgs& args = path_args();
  if (verb.arity != detail::kAnyArity && verb.arity != static_cast<int>(args.size())) {
    // Happens with a rule whose matcher is the program's own.
    throw std::logic_error(detail::class_name(*handler_class_) + " takes " +
                           detail::count_of(verb.arity, "argument") + ", its route gave " +
                           std::to_string(args.size()));
  }
  return verb.call(*this, args);
}

// The verb has returned web::asynchronous: the handler lives until finish().
void RequestHandler::stay_open() {
  if (finished_) return;
  response().open = std::make_unique<Open>(*this);
  response().open->link_before(state_->open_handlers);
}

// A failure becomes the response, never an exception: the connection sees the response and reads no
// more of the body.
Future<void> RequestHandler::take_data(Ref self, std::string chunk) {
  try {
    const auto data_received = self->handler_class_->data_received;
    const detail::Started taken = data_received(*self, std::move(chunk));
    if (taken.future) co_await *taken.future;
  } catch (...) {
    self->handle_exception(std::current_exception());
  }
}

// ---- failing ------------------------------------------------------------------------------------

void RequestHandler::handle_exception(const std::exception_ptr& exception) noexcept {
  if (client_gone_ && is_end_of_wait(exception)) {
    end_connection();
    log_and_end();
    return;
  }
  try {
    try {
      std::rethrow_exception(exception);
    } catch (const Finish& finish_now) {
      if (finished_) return;
      if (finish_now.chunk()) {
        finish(*finish_now.chunk());
      } else {
        finish();
      }
    } catch (const HTTPError& error) {
      log_exception(exception);
      if (finished_) return;
      ErrorInfo info;
      info.exception = exception;
      info.reason = error.reason;
      send_error(error.status_code, info);
    } catch (...) {
      const bool given_up = shutting_down() && is_cancelled(exception);  // by on_shutdown()
      if (!given_up) log_exception(exception);
      if (finished_) return;
      if (given_up && headers_written_) {
        finish();
        return;
      }
      ErrorInfo info;
      info.exception = exception;
      send_error(given_up ? 503 : 500, info);
    }
  } catch (...) {
    // The error page failed too. The connection must not be left waiting.
    core::log_callback_exception(std::current_exception());
    end_connection();
    log_and_end();
  }
}

void RequestHandler::end_connection() noexcept {
  if (finished_) return;
  try {
    request.connection->finish();
  } catch (...) {
    // It was in the middle of a response, or before one: it throws, and closes, which is what we
    // want.
  }
}

void RequestHandler::send_error(int status_code, const ErrorInfo& info) {
  if (headers_written_) {
    log::gen_log.error("Cannot send error response after headers written");
    if (!finished_) finish();
    return;
  }
  if (status_code < 200 || status_code > 599) {  // RFC 9110 15
    log::app_log.error(request_summary() + ": status " + std::to_string(status_code) +
                       " cannot end a response, so 500 is sent");
    ErrorInfo without_reason;
    without_reason.exception = info.exception;
    return send_error(500, without_reason);
  }
  clear();
  set_status(status_code, info.reason);
  if (status_code == 405) set_header("Allow", allowed_methods());
  try {
    if (++response().error_pages > kMaxErrorPages) {
      throw std::logic_error("write_error() calls send_error() again and again");
    }
    if (!http::has_no_body(status_code)) write_error(status_code, info);
  } catch (...) {
    log::app_log.error("Uncaught exception in write_error: " + describe(std::current_exception()));
  }
  if (!finished_) finish();
}

void RequestHandler::log_exception(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const HTTPError& error) {
    if (error.log_message.empty()) return;
    log::gen_log.warning(std::to_string(error.status_code) + " " + request_summary() + ": " +
                         error.log_message);
  } catch (...) {
    log::app_log.error("Uncaught exception " + request_summary() +
                       "\nHTTPServerRequest(protocol='" + request.protocol + "', host='" +
                       request.host + "', method='" + request.method + "', uri='" + request.uri +
                       "', version='" + request.version + "', remote_ip='" + request.remote_ip +
                       "')\n" + tornado::core::traceback(exception, detail::kOutermostCall) +
                       describe(exception));
  }
}

std::string RequestHandler::request_summary() const {
  return request.method + " " + request.uri + " (" + request.remote_ip + ")";
}

// The methods that the class implements, for a 405 (RFC 9110 15.5.6).
std::string RequestHandler::allowed_methods() const {
  std::string list;
  const auto add = [&list](std::string_view method) {
    if (!list.empty()) list += ", ";
    list += method;
  };
  const auto verb_of = [this](std::string_view method) {
    const auto known = std::find(detail::kMethodNames.begin(), detail::kMethodNames.end(), method);
    return handler_class_->verbs[static_cast<std::size_t>(known - detail::kMethodNames.begin())];
  };
  const bool takes_any = verb_of({}).call != nullptr;
  if (const std::string_view* supported = handler_class_->supported_methods) {
    for (std::size_t i = 0; i < handler_class_->supported_method_count; ++i) {
      if (takes_any || verb_of(supported[i]).call != nullptr) add(supported[i]);
    }
    return list;
  }
  for (const std::string_view method : detail::kMethodNames) {
    if (verb_of(method).call != nullptr) add(method);
  }
  return list;
}

// ---- ending -------------------------------------------------------------------------------------

void RequestHandler::log_and_end() {
  finished_ = true;
  if (on_finish_called_) return;
  const Ref pin(this);
  try {
    // Once the application is gone, the objects that its function uses may be gone, too.
    if (state_->application != nullptr) {
      if (state_->settings.log_function) {
        state_->settings.log_function(*this);
      } else {
        state_->application->log_request(*this);
      }
    }
  } catch (...) {
    core::log_callback_exception(std::current_exception());
  }
  leave_response();
}

iostream::IOStream RequestHandler::detach() {
  auto* const exchange = dynamic_cast<http::Exchange*>(request.connection.get());
  if (exchange == nullptr) throw std::logic_error("detach(): the connection has no stream");
  iostream::IOStream stream = exchange->release_stream();
  leave_response();
  return stream;
}

void RequestHandler::leave_response() {
  const Ref pin(this);
  finished_ = true;
  call_on_finish();
  stop_waiting();
}

void RequestHandler::call_on_finish() noexcept {
  if (on_finish_called_) return;
  on_finish_called_ = true;
  const core::ContextScope scope(&context_);
  try {
    on_finish();
  } catch (...) {
    core::log_callback_exception(std::current_exception());
  }
}

// [connection_closed]
void RequestHandler::connection_closed() noexcept {
  if (finished_) return;
  client_gone_ = true;
  const Ref pin(this);
  const core::ContextScope scope(&context_);
  try {
    on_connection_close();
  } catch (...) {
    core::log_callback_exception(std::current_exception());
  }
  if (!held_without_client_) stop_waiting();
}
// [/connection_closed]

void RequestHandler::server_shuts_down() noexcept {
  if (finished_) return;
  const Ref pin(this);
  const core::ContextScope scope(&context_);
  try {
    on_shutdown();
  } catch (...) {
    handle_exception(std::current_exception());
  }
}

bool RequestHandler::shutting_down() const noexcept {
  return request.connection != nullptr && request.connection->shutting_down();
}

}  // namespace tornado::web
