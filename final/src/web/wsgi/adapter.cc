#include <tornado/concurrent.h>
#include <tornado/escape.h>
#include <tornado/ioloop.h>
#include <tornado/web.h>
#include <tornado/wsgi.h>

#include <array>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "loop/loop_state.h"
#include "web/handler/delegate.h"

namespace tornado::wsgi {
namespace {

// A response collected in memory.
class CollectedResponse final : public httputil::HTTPConnection {
 public:
  explicit CollectedResponse(httputil::HTTPRequestContext context) : context_(std::move(context)) {}

  concurrent::Sent write_headers(const httputil::ResponseStartLine& line,
                                 const httputil::HTTPHeaders& fields,
                                 std::string_view chunk) override {
    start_line = line;
    headers = fields;
    return write(chunk);
  }
  concurrent::Sent write(std::string_view chunk) override {
    body += chunk;
    Future<void> written;
    written.set_result();
    return written;
  }
  void finish() override { finished = true; }
  httputil::HTTPRequestContext& context() override { return context_; }

  httputil::ResponseStartLine start_line;
  httputil::HTTPHeaders headers;
  std::string body;
  bool finished = false;

 private:
  httputil::HTTPRequestContext context_;
};

// ---- the request --------------------------------------------------------------------------------

// "HTTP_ACCEPT_LANGUAGE" as "Accept-Language".
std::string field_of(std::string_view variable) {
  std::string name(variable);
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  return name;
}

httputil::HTTPHeaders headers_of(const Environ& env) {
  constexpr std::string_view kPrefix = "HTTP_";
  httputil::HTTPHeaders headers;
  for (const auto& [name, value] : env.variables) {
    if (name.starts_with(kPrefix)) headers.set(field_of(name.substr(kPrefix.size())), value);
  }
  for (const std::string_view name : {"CONTENT_TYPE", "CONTENT_LENGTH"}) {
    if (!env[name].empty()) headers.set(field_of(name), env[name]);
  }
  if (!headers.contains("Host")) {
    headers.set("Host", std::string(env["SERVER_NAME"]) + ":" + std::string(env["SERVER_PORT"]));
  }
  return headers;
}

std::string uri_of(const Environ& env) {
  std::string uri = escape::url_escape(env["SCRIPT_NAME"], false);
  uri += escape::url_escape(env["PATH_INFO"], false);
  if (uri.empty()) uri = "/";
  if (!env["QUERY_STRING"].empty()) uri.append("?").append(env["QUERY_STRING"]);
  return uri;
}

httputil::HTTPServerRequest request_of(const Environ& env, std::string body,
                                       std::shared_ptr<httputil::HTTPConnection> connection) {
  httputil::RequestStartLine line;
  line.method = env["REQUEST_METHOD"];
  line.path = uri_of(env);
  line.version = env["SERVER_PROTOCOL"];
  return httputil::HTTPServerRequest(std::move(line), headers_of(env), std::move(body),
                                     std::move(connection));
}

// ---- the response -------------------------------------------------------------------------------

// Fields that an application must not set, because they belong to the connection.
constexpr std::array<std::string_view, 4> kOfTheConnection = {"Connection", "Keep-Alive",
                                                              "Transfer-Encoding", "Upgrade"};

Headers to_list(httputil::HTTPHeaders headers) {
  for (const std::string_view name : kOfTheConnection) headers.remove(name);
  return headers.get_all();
}

std::string status_of(int code, std::string_view reason) {
  return std::to_string(code) + " " + std::string(reason);
}

Chunks refuse(int code, StartResponse& start_response) {
  const std::string status = status_of(code, httputil::responses(code));
  start_response(status, {{"Content-Type", "text/plain; charset=UTF-8"},
                          {"Content-Length", std::to_string(status.size())}});
  return {status};
}

}  // namespace

struct WSGIAdapter::State {
  web::Application& application;
  const WSGIAdapterOptions options;
  std::mutex mutex{};  // the application serves one thread at a time
};

WSGIAdapter::WSGIAdapter(web::Application& application, const WSGIAdapterOptions& options)
    : state_(std::make_shared<State>(application, options)) {}

namespace {

// The most rounds of the loop that a request may take; each continues up to 64 awaits of completed
// futures.
constexpr int kMaxRounds = 1000;

// Handlers of this call that are still open at its end would never finish, and would wait as long
// as their application lives. Those that were open before belong to other calls.
class OpenHandlers {
 public:
  explicit OpenHandlers(web::Application& application)
      : state_(web::detail::HandlerDelegate::state_of(application)) {
    mark_.link_before(state_.open_handlers);
  }
  OpenHandlers(const OpenHandlers&) = delete;
  OpenHandlers& operator=(const OpenHandlers&) = delete;
  ~OpenHandlers() { web::detail::HandlerDelegate::close_open_handlers(state_, mark_); }

 private:
  web::detail::ApplicationState& state_;
  core::ListHook mark_;
};

// Runs an application on a loop of its own until the response is finished, or until only waits
// remain. Those are freed with the loop.
class Run {
 public:
  Run(web::Application& application, const CollectedResponse& response)
      : application_(application), response_(response) {}

  void operator()(httputil::HTTPServerRequest request) {
    loop_.add_callback([this, &request] {
      application_(std::move(request));
      loop_.add_callback([this] { look(); });
    });
    loop_.start();
  }

 private:
  // Two idle looks: one alone does not know about callbacks queued after it.
  void look() {
    const ioloop::detail::LoopState& state = loop_.internals();
    idle_looks_ = state.callbacks.empty() && state.ready.empty() ? idle_looks_ + 1 : 0;
    if (response_.finished || idle_looks_ == 2 || ++rounds_ == kMaxRounds) {
      loop_.stop();
    } else {
      loop_.add_callback([this] { look(); });
    }
  }

  static ioloop::IOLoopOptions options() {
    ioloop::IOLoopOptions options;
    options.make_current = ioloop::MakeCurrent::kNo;
    return options;
  }

  web::Application& application_;
  const CollectedResponse& response_;
  int idle_looks_ = 0;
  int rounds_ = 0;
  ioloop::IOLoop loop_{options()};
};

// A thread that is already in a loop lends that loop for the call.
void run_to_end(web::Application& application, httputil::HTTPServerRequest request,
                const CollectedResponse& response) {
  const OpenHandlers open(application);
  const ioloop::IOLoop* const current = ioloop::IOLoop::current(false);
  if (current != nullptr && current->running()) {
    application(std::move(request));
  } else {
    Run(application, response)(std::move(request));
  }
}

}  // namespace

Chunks WSGIAdapter::operator()(const Environ& env, StartResponse& start_response) const {
  if (env.input.size() > state_->options.max_body_size) return refuse(413, start_response);
  auto connection = std::make_shared<CollectedResponse>(
      httputil::HTTPRequestContext{std::string(env["REMOTE_ADDR"]), env.url_scheme});
  try {
    httputil::HTTPServerRequest request = request_of(env, env.input.read(), connection);
    request.parse_body();
    const std::lock_guard lock(state_->mutex);
    run_to_end(state_->application, std::move(request), *connection);
  } catch (const httputil::HTTPInputError&) {
    return refuse(400, start_response);
  } catch (const std::invalid_argument&) {  // an invalid field
    return refuse(400, start_response);
  }
  if (!connection->finished) throw std::runtime_error("request did not finish synchronously");
  start_response(status_of(connection->start_line.code, connection->start_line.reason),
                 to_list(std::move(connection->headers)));
  if (env["REQUEST_METHOD"] == "HEAD") return {};
  return {std::move(connection->body)};
}

}  // namespace tornado::wsgi
