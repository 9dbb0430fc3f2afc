// A request's path: the loop's thread collects it (Upload) and creates a Call; the application runs
// with that on a thread of the executor; a coroutine on the loop (send) takes the output and sends
// it.
#include <tornado/concurrent.h>
#include <tornado/core/request_callback.h>
#include <tornado/iostream.h>
#include <tornado/log.h>
#include <tornado/wsgi.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "http/server/exchange.h"
#include "loop/error_text.h"
#include "web/app/access_log.h"
#include "web/wsgi/call.h"
#include "web/wsgi/input.h"

namespace tornado::wsgi {
namespace {

constexpr int kInternalServerError = 500;

Call::Batch error_page() {
  Call::Batch page;
  page.body =
      "<html><title>500: Internal Server Error</title><body>500: Internal Server "
      "Error</body></html>";
  Call::Head head;
  head.start_line = {"HTTP/1.1", kInternalServerError, "Internal Server Error"};
  head.headers.add("Content-Length", std::to_string(page.body.size()));
  head.headers.add("Content-Type", "text/html; charset=UTF-8");
  add_server_headers(head.headers);
  page.head = std::move(head);
  page.ended = true;
  return page;
}

// Closes the connection, so that the client does not take the truncated response for complete.
void cut_off(httputil::HTTPConnection& connection) {
  if (auto* const exchange = dynamic_cast<http::Exchange*>(&connection)) exchange->cut_off();
}

// While it lives, the application's output is being sent. Destroyed with the coroutine, even when
// the loop goes away.
class Sender {
 public:
  explicit Sender(Call& call) : call_(call) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() { call_.leave(); }

 private:
  Call& call_;
};

// Sends until the end; returns the status.
Future<int> send(std::shared_ptr<Call> call, httputil::HTTPConnection& connection) {
  const Sender sender(*call);
  int status = 0;
  for (;;) {
    const Future<void> ready = call->ready();
    co_await ready;
    Call::Batch batch = call->take();
    if (batch.failed && status == 0 && !batch.head) batch = error_page();
    const bool is_first = batch.head.has_value();
    if (is_first) status = batch.head->start_line.code;
    const Future<void> sent =
        is_first ? connection.write_headers(batch.head->start_line, batch.head->headers, batch.body)
                 : connection.write(batch.body);
    co_await sent;
    if (batch.failed) cut_off(connection);
    if (batch.failed || batch.ended) break;
  }
  co_return status;
}

// Responds to the request, whatever happens.
Future<void> answer(std::shared_ptr<Call> call, httputil::HTTPServerRequest request) {
  try {
    const Future<int> sent = send(call, *request.connection);
    const int status = co_await sent;
    request.connection->finish();
    web::detail::log_access(status, request);
  } catch (const iostream::StreamClosedError&) {
    // The client has gone.
  } catch (...) {
    log::app_log.error("Cannot send the response to " + request.method + " " + request.uri + ": " +
                       describe(std::current_exception()));
    cut_off(*request.connection);
  }
}

// Ends the pool, waiting at most `seconds` for the work that runs on it.
void end_pool(const std::shared_ptr<concurrent::ThreadPoolExecutor>& pool, double seconds) {
  std::promise<void> ended;
  const std::future<void> joined = ended.get_future();
  try {
    std::thread([pool, done = std::move(ended)]() mutable {
      pool->shutdown();
      done.set_value();
    }).detach();
  } catch (const std::system_error&) {  // a thread cannot be created
    return pool->shutdown();
  }
  if (joined.wait_for(std::chrono::duration<double>(seconds)) != std::future_status::ready) {
    log::gen_log.warning("A WSGI application has not returned: its thread is left behind");
  }
}

}  // namespace

// The container's state. Requests that are still being collected may outlive the container.
struct WSGIContainer::Core {
  Core(Application hosted, const WSGIOptions& container_options)
      : application(std::make_shared<const Application>(std::move(hosted))),
        options(container_options) {
    if (options.executor != nullptr) return;
    pool = std::make_shared<concurrent::ThreadPoolExecutor>(options.threads);
    options.executor = pool.get();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core() {
    for (const auto& weak : calls) {
      if (const auto call = weak.lock()) call->abandon();
    }
    if (pool != nullptr) end_pool(pool, options.shutdown_timeout);
  }

  void serve(httputil::HTTPServerRequest request, Input input);
  void remember(const std::shared_ptr<Call>& call);
  // Whether one call may begin while another runs (PEP 3333, wsgi.multithread).
  bool has_several_threads() const {
    if (pool != nullptr) return options.threads > 1;
    return options.executor != &concurrent::dummy_executor;
  }

  const std::shared_ptr<const Application> application;
  WSGIOptions options;
  std::shared_ptr<concurrent::ThreadPoolExecutor> pool;  // null: someone else's executor
  std::vector<std::weak_ptr<Call>> calls;
  std::size_t sweep_at = 64;
};

void WSGIContainer::Core::remember(const std::shared_ptr<Call>& call) {
  if (calls.size() >= sweep_at) {
    std::erase_if(calls, [](const auto& weak) { return weak.expired(); });
    sweep_at = std::max<std::size_t>(64, calls.size() * 2);
  }
  calls.push_back(call);
}

void WSGIContainer::Core::serve(httputil::HTTPServerRequest request, Input input) {
  const auto call = std::make_shared<Call>(request);
  remember(call);
  Environ env = environ(request, std::move(input), options.script_name);
  env.multithread = has_several_threads();
  auto run = [hosted = application, call, env = std::move(env)] {
    if (call->abandoned()) return;
    try {
      StartResponse start_response(call);
      call->end((*hosted)(env, start_response));
    } catch (...) {
      call->fail();
    }
  };
  try {
    core::let_run(options.executor->submit(std::move(run)));
  } catch (...) {
    call->fail();
  }
  core::let_run(answer(call, std::move(request)));
}

// ---- collecting ---------------------------------------------------------------------------------

namespace {

void refuse_late(const httputil::HTTPServerRequest& request) {
  log::app_log.error(request.method + " " + request.uri + " is for a WSGIContainer that is gone");
  cut_off(*request.connection);
}

}  // namespace

class WSGIContainer::Upload final : public httputil::HTTPMessageDelegate {
 public:
  Upload(const std::shared_ptr<Core>& core, std::shared_ptr<httputil::HTTPConnection> connection)
      : core_(core),
        connection_(std::move(connection)),
        body_(core->options.max_buffer_size, core->options.directory) {}

  Future<void> headers_received(httputil::RequestStartLine start_line,
                                httputil::HTTPHeaders headers) override {
    request_.emplace(std::move(start_line), std::move(headers), std::string(),
                     std::move(connection_));
    Future<void> ready;
    ready.set_result();
    return ready;
  }
  Future<void> data_received(std::string chunk) override {
    if (body_.fits_memory(chunk.size())) request_->connection->count_buffered(chunk.size());
    return body_.append(std::move(chunk));
  }
  void finish() override {
    const auto core = core_.lock();
    if (core == nullptr) return refuse_late(*request_);
    core->serve(std::move(*request_), body_.input());
  }
  // The application is not called, so the server's own response must do.
  bool refuse(const httputil::RequestRefusal& refusal) override {
    if (refusal.start_line) {
      request_.emplace(httputil::RequestStartLine(*refusal.start_line), httputil::HTTPHeaders(),
                       std::string(), std::move(connection_));
    }
    web::detail::log_access(refusal.status_code, *request_);
    return false;
  }

 private:
  std::weak_ptr<Core> core_;
  std::shared_ptr<httputil::HTTPConnection> connection_;
  std::optional<httputil::HTTPServerRequest> request_;
  BodyWriter body_;
};

// ---- the container ------------------------------------------------------------------------------

WSGIContainer::WSGIContainer(Application application, const WSGIOptions& options)
    : core_(std::make_shared<Core>(std::move(application), options)) {}

WSGIContainer::~WSGIContainer() = default;

void WSGIContainer::operator()(httputil::HTTPServerRequest request) {
  Input input(std::exchange(request.body, {}));
  core_->serve(std::move(request), std::move(input));
}

WSGIContainer::operator httpserver::RequestCallback() const& {
  return httpserver::RequestCallback(
      [weak = std::weak_ptr(core_)](httputil::HTTPServerRequest request) {
        const auto core = weak.lock();
        if (core == nullptr) return refuse_late(request);
        Input input(std::exchange(request.body, {}));
        core->serve(std::move(request), std::move(input));
      });
}

std::unique_ptr<httputil::HTTPMessageDelegate> WSGIContainer::start_request(
    const void* /*server_connection*/,
    std::shared_ptr<httputil::HTTPConnection> request_connection) {
  return std::make_unique<Upload>(core_, std::move(request_connection));
}

}  // namespace tornado::wsgi
