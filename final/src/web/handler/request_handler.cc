// A handler's life: from its creation to on_finish().
#include <tornado/iostream.h>
#include <tornado/log.h>
#include <tornado/web.h>

#include <algorithm>

#include "base/log/traceback.h"
#include "http/message/framing.h"
#include "http/server/exchange.h"
#include "loop/error_text.h"
#include "web/application_state.h"
#include "web/handler/delegate.h"
#include "web/handler/ref.h"
#include "web/handler/response.h"
#include "web/handler/session_state.h"
#include "web/routing/arity.h"

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

// Whether a wait ended because the client left or the operation was cancelled.
bool is_end_of_wait(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const iostream::StreamClosedError&) {
    return true;
  } catch (const concurrent::CancelledError&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

bool RequestHandler::Context::handle(const std::exception_ptr& exception) {
  handler_.handle_exception(exception);
  return true;
}

void RequestHandler::Context::unreferenced() noexcept {
  if (!handler_.on_finish_called_) {
    // The client left, or the program never finished the request. The reference is for the code
    // that on_finish() starts, which may keep the handler once more.
    const Ref self(&handler_);
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
      response_(core::make_owned<Response>()) {}

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

// [begin]
// The beginning of every request: the checks, and prepare().
detail::Started RequestHandler::begin(detail::Verb verb, routing::MatchParams params) {
  verb_ = verb;
  if (!is_supported(request.method)) throw HTTPError(405);
  try {
    if (!request.body.empty()) request.parse_body();
  } catch (const httputil::HTTPInputError& error) {
    throw HTTPError(400, error.what());
  }
  take_params(std::move(params));
  if (state_->settings.xsrf_cookies && verb != detail::Verb::kGet && verb != detail::Verb::kHead &&
      verb != detail::Verb::kOptions) {
    check_xsrf_cookie();
  }
  return handler_class_->prepare(*this);
}
// [/begin]

void RequestHandler::execute(detail::Verb verb, routing::MatchParams params) {
  try {
    detail::Started prepared = begin(verb, std::move(params));
    if (prepared.future) {
      if (!prepared.future->done()) {
        after_prepare(Ref(this), std::move(*prepared.future));
        return;
      }
      prepared.future->result();
    }
    run_verb();
  } catch (...) {
    handle_exception(std::current_exception());
  }
}

// run_verb() rejects a known method that the class does not implement, after prepare().
bool RequestHandler::is_supported(std::string_view method) const noexcept {
  const std::string_view* const first = handler_class_->supported_methods;
  if (first == nullptr) return verb_ != detail::Verb::kAny || verb_entry().call != nullptr;
  const auto* const last = first + handler_class_->supported_method_count;
  return std::find(first, last, method) != last;
}

void RequestHandler::take_params(routing::MatchParams params) {
  if (params.path_args.empty() && params.path_kwargs.empty()) return;
  for (auto& [name, value] : params.path_kwargs) {
    if (value) value = decode_argument(*value, name);
  }
  for (auto& value : params.path_args) {
    if (value) value = decode_argument(*value);
  }
  params_ = core::make_owned<detail::RouteParams>(std::move(params));
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

void RequestHandler::run_verb() {
  if (finished_) return;
  const detail::VerbEntry& verb = verb_entry();
  if (verb.call == nullptr) throw HTTPError(405);
  const PathArgs& args = path_args();
  if (verb.arity != detail::kAnyArity && verb.arity != static_cast<int>(args.size())) {
    // Happens with a rule whose matcher is the program's own.
    throw std::logic_error(detail::class_name(*handler_class_) + " takes " +
                           std::to_string(verb.arity) + " arguments, its route gave " +
                           std::to_string(args.size()));
  }
  // [answer]
  detail::Started started = verb.call(*this, args);
  switch (started.kind) {
    case detail::Started::Kind::kDone:
      if (!finished_) finish();
      return;
    case detail::Started::Kind::kOpen:
      if (finished_) return;
      response().open = core::make_owned<Open>(*this);
      response().open->link_before(state_->open_handlers);
      return;
    case detail::Started::Kind::kCoroutine:
      if (!started.future->done()) {
        after_verb(Ref(this), std::move(*started.future));
        return;
      }
      started.future->result();
      if (!finished_) finish();
      return;
  }
  // [/answer]
}

Future<void> RequestHandler::after_prepare(Ref self, Future<void> prepared) {
  try {
    co_await prepared;
    self->run_verb();
  } catch (...) {
    self->handle_exception(std::current_exception());
  }
}

// [after_verb]
Future<void> RequestHandler::after_verb(Ref self, Future<void> answered) {
  try {
    co_await answered;
    if (!self->finished_) self->finish();
  } catch (...) {
    self->handle_exception(std::current_exception());
  }
}
// [/after_verb]

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
      log_exception(exception);
      if (finished_) return;
      ErrorInfo info;
      info.exception = exception;
      send_error(500, info);
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
  if (status_code < 200 || status_code > 999) {
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
  const Ref self(this);  // the last one may be its response's
  try {
    if (state_->settings.log_function) {
      state_->settings.log_function(*this);
    } else if (state_->application != nullptr) {
      state_->application->log_request(*this);
    }
  } catch (...) {
    core::log_callback_exception(std::current_exception());
  }
  call_on_finish();
  stop_waiting();
}

iostream::IOStream RequestHandler::detach() {
  auto* const exchange = dynamic_cast<http::Exchange*>(request.connection.get());
  if (exchange == nullptr) throw std::logic_error("detach(): the connection has no stream");
  iostream::IOStream stream = exchange->release_stream();
  leave_response();
  return stream;
}

void RequestHandler::leave_response() {
  const Ref self(this);  // the last one may be its response's
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
  const Ref self(this);
  const core::ContextScope scope(&context_);
  try {
    on_connection_close();
  } catch (...) {
    core::log_callback_exception(std::current_exception());
  }
  if (!held_without_client_) stop_waiting();
}
// [/connection_closed]

}  // namespace tornado::web
