// AsyncHTTPClient: chooses the implementation that serves it, and turns its outcome into a result.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include <map>
#include <mutex>

#include "http/client/defaults.h"
#include "http/client/request.h"
#include "http/client/simple_client.h"
#include "loop/loop_state.h"

namespace tornado::httpclient {
namespace {

std::unique_ptr<Implementation> make_simple(const ClientOptions& options) {
  return std::make_unique<http::SimpleClient>(options);
}

// The settings made by configure(), for all threads.
struct Configuration {
  std::mutex mutex;
  std::map<std::string, ImplementationFactory, std::less<>> known = {
      {"simple", make_simple},
      {"tornado.simple_httpclient.SimpleAsyncHTTPClient", make_simple},
  };
  ImplementationFactory factory = make_simple;
  ClientOptions options;
};

Configuration& configuration() {
  static Configuration instance;
  return instance;
}

}  // namespace

struct AsyncHTTPClient::Shared {
  explicit Shared(const std::optional<ClientOptions>& own_options) {
    ImplementationFactory factory;
    ClientOptions options;
    {
      Configuration& configured = configuration();
      const std::lock_guard lock(configured.mutex);
      factory = configured.factory;
      options = own_options.value_or(configured.options);
    }
    defaults = options.defaults;
    implementation = factory(options);
  }

  ioloop::IOLoop* const loop = &ioloop::IOLoop::current();  // not to be touched once it may be gone
  HTTPRequest defaults;
  std::unique_ptr<Implementation> implementation;
  bool closed = false;
};

namespace {

template <class Shared>
struct LoopsClient final : ioloop::detail::LoopLocal {
  ~LoopsClient() override {
    if (shared && !std::exchange(shared->closed, true)) shared->implementation->close();
  }
  std::shared_ptr<Shared> shared;
};

}  // namespace

AsyncHTTPClient::AsyncHTTPClient() {
  auto& own = ioloop::IOLoop::current().internals().local<LoopsClient<Shared>>();
  if (own.shared == nullptr || own.shared->closed) {
    own.shared = std::make_shared<Shared>(std::nullopt);
  }
  shared_ = own.shared;
}

AsyncHTTPClient::AsyncHTTPClient(ForceInstance) : shared_(std::make_shared<Shared>(std::nullopt)) {}

AsyncHTTPClient::AsyncHTTPClient(ForceInstance, const ClientOptions& options)
    : shared_(std::make_shared<Shared>(options)) {}

std::shared_ptr<const HTTPRequest> AsyncHTTPClient::complete(HTTPRequest request) const {
  http::fill_defaults(request, shared_->defaults);
  if (request.pass_request_id.value_or(false)) http::add_request_id(request);
  request.streaming_callback.keep_context();
  request.body_producer.keep_context();
  core::keep_context(request.header_callback);
  core::keep_context(request.prepare_curl_callback);
  return std::make_shared<const HTTPRequest>(std::move(request));
}

Future<HTTPResponse> AsyncHTTPClient::fetch(HTTPRequest request, bool raise_error) const {
  return start(complete(std::move(request)), raise_error);
}

Future<HTTPResponse> AsyncHTTPClient::start(std::shared_ptr<const HTTPRequest> request,
                                            bool raise_error) const {
  Fetch fetch;
  fetch.request = std::move(request);
  fetch.raise_error = raise_error;
  const Future<HTTPResponse> result = fetch.result;
  try {
    if (shared_->loop != &ioloop::IOLoop::current()) {
      throw std::logic_error("an AsyncHTTPClient was used on a loop that is not its own");
    }
    if (shared_->closed || shared_->loop->internals().closed) {
      throw std::runtime_error("fetch() called on closed AsyncHTTPClient");
    }
    shared_->implementation->fetch_impl(std::move(fetch));
  } catch (...) {
    if (!result.done()) result.set_exception(std::current_exception());
  }
  return result;
}

void AsyncHTTPClient::close() const {
  if (!std::exchange(shared_->closed, true)) shared_->implementation->close();
}

// ---- configure ----------------------------------------------------------------------------------

void AsyncHTTPClient::configure(ImplementationFactory factory, const ClientOptions& options) {
  if (!factory) throw std::invalid_argument("configure: an empty factory");
  Configuration& configured = configuration();
  const std::lock_guard lock(configured.mutex);
  configured.factory = std::move(factory);
  configured.options = options;
}

void AsyncHTTPClient::configure(std::string_view name, const ClientOptions& options) {
  ImplementationFactory factory;
  {
    Configuration& configured = configuration();
    const std::lock_guard lock(configured.mutex);
    const auto found = configured.known.find(name);
    if (found == configured.known.end()) {
      std::string message = "no HTTP client is called " + std::string(name);
      if (name == "curl" || name.starts_with("tornado.curl_httpclient.")) {
        message += " here: include <tornado/curl_httpclient.h> and link tornado::curl";
      }
      throw std::invalid_argument(message);
    }
    factory = found->second;
  }
  configure(std::move(factory), options);
}

void AsyncHTTPClient::configure(std::nullptr_t) {
  configure(ImplementationFactory(make_simple));
}

void AsyncHTTPClient::add_implementation(std::string name, ImplementationFactory factory) {
  if (!factory) throw std::invalid_argument("add_implementation: an empty factory");
  Configuration& configured = configuration();
  const std::lock_guard lock(configured.mutex);
  configured.known.insert_or_assign(std::move(name), std::move(factory));
}

ClientOptions AsyncHTTPClient::configured_options() {
  Configuration& configured = configuration();
  const std::lock_guard lock(configured.mutex);
  return configured.options;
}

// ---- the outcome of a fetch ---------------------------------------------------------------------

void Fetch::finish(HTTPResponse response) const {
  if (result.done()) return;
  const bool success = response.code >= 200 && response.code < 300;
  if (!success && response.error == nullptr) {
    response.error = std::make_exception_ptr(HTTPClientError(response.code, response.reason));
  }
  if (response.error == nullptr || !raise_error) return result.set_result(std::move(response));
  auto kept = std::make_shared<const HTTPResponse>(std::move(response));
  result.set_exception(HTTPClientError(kept->code, kept->reason, kept));
}

void Fetch::fail(std::exception_ptr error) const {
  if (!result.done()) result.set_exception(std::move(error));
}

HTTPResponse detail::response_of(Future<HTTPResponse> done,
                                 const std::shared_ptr<const HTTPRequest>& request) {
  const auto error = done.exception();
  if (error == nullptr) return std::move(done).result();
  HTTPResponse response(request, http::kNoResponse);
  response.error = error;
  response.effective_url = request->url;
  return response;
}

HTTPRequest::HTTPRequest() = default;
HTTPRequest::HTTPRequest(std::string request_url, std::string request_method)
    : url(std::move(request_url)), method(std::move(request_method)) {}

HTTPResponse::HTTPResponse() = default;
HTTPResponse::HTTPResponse(std::shared_ptr<const HTTPRequest> response_request, int response_code)
    : request(std::move(response_request)),
      code(response_code),
      reason(httputil::responses(response_code)) {}

ClientOptions::ClientOptions() = default;

void HTTPResponse::rethrow() const {
  if (error != nullptr) std::rethrow_exception(error);
}

// ---- errors -------------------------------------------------------------------------------------

namespace {

std::string reason_of(int code, std::string message) {
  if (message.empty()) message = httputil::responses(code);
  return message;
}

const char* text_of(TimeoutPhase phase) {
  switch (phase) {
    case TimeoutPhase::kQueue:
      return "Timeout in request queue";
    case TimeoutPhase::kConnect:
      return "Timeout while connecting";
    case TimeoutPhase::kRequest:
      break;
  }
  return "Timeout during request";
}

}  // namespace

HTTPClientError::HTTPClientError(int error_code, std::string error_message,
                                 std::shared_ptr<const HTTPResponse> error_response,
                                 std::exception_ptr error_cause)
    : std::runtime_error("HTTP " + std::to_string(error_code) + ": " +
                         reason_of(error_code, error_message)),
      code(error_code),
      message(reason_of(error_code, std::move(error_message))),
      response(std::move(error_response)),
      cause(std::move(error_cause)) {}

HTTPClientError::HTTPClientError(OwnText, std::string error_message, std::exception_ptr error_cause)
    : std::runtime_error(error_message),
      code(http::kNoResponse),
      message(std::move(error_message)),
      cause(std::move(error_cause)) {}

HTTPTimeoutError::HTTPTimeoutError(TimeoutPhase timeout_phase)
    : HTTPClientError(OwnText(), text_of(timeout_phase), nullptr), phase(timeout_phase) {}

HTTPStreamClosedError::HTTPStreamClosedError(std::string error_message,
                                             std::exception_ptr error_cause)
    : HTTPClientError(OwnText(), std::move(error_message), std::move(error_cause)) {}

// ---- HTTPClient ---------------------------------------------------------------------------------

struct HTTPClient::Impl {
  static ioloop::IOLoopOptions apart() {
    ioloop::IOLoopOptions options;
    options.make_current = ioloop::MakeCurrent::kNo;
    return options;
  }

  std::optional<AsyncHTTPClient> client;  // made on the loop, by the first fetch
  ioloop::IOLoop loop{apart()};           // destroyed first; closes the connections
};

HTTPClient::HTTPClient() : HTTPClient(AsyncHTTPClient::configured_options()) {}

HTTPClient::HTTPClient(const ClientOptions& options)
    : impl_(core::make_owned<Impl>()), options_(options) {}

HTTPClient::~HTTPClient() = default;

HTTPResponse HTTPClient::fetch(HTTPRequest request, bool raise_error) {
  if (impl_ == nullptr) throw std::runtime_error("fetch() called on closed HTTPClient");
  return impl_->loop.run_sync([&] {
    if (!impl_->client) impl_->client.emplace(force_instance, options_);
    return impl_->client->fetch(std::move(request), raise_error);
  });
}

void HTTPClient::close() {
  impl_.reset();
}

}  // namespace tornado::httpclient
