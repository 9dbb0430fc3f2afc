#include "http/client/simple_fetch.h"

#include <tornado/gen.h>

#include "http/client/connection.h"
#include "http/client/defaults.h"
#include "http/client/request.h"
#include "http/client/simple_client.h"

namespace tornado::http {
namespace {

using core::Ref;
using httpclient::HTTPClientError;
using httpclient::HTTPStreamClosedError;
using httpclient::HTTPTimeoutError;
using httpclient::TimeoutPhase;

std::exception_ptr no_response(std::string message, const std::exception_ptr& cause) {
  return std::make_exception_ptr(HTTPClientError(kNoResponse, std::move(message), nullptr, cause));
}

// The reason for a missing response, in a fetch's words.
std::exception_ptr transport_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const iostream::StreamClosedError& closed) {
    const std::exception_ptr why = closed.real_error;
    return why != nullptr ? transport_error(why)
                          : std::make_exception_ptr(HTTPStreamClosedError("Stream closed"));
  } catch (const std::system_error& system) {
    return std::make_exception_ptr(HTTPStreamClosedError(system.code().message(), error));
  } catch (const gen::TimeoutError&) {
    return std::make_exception_ptr(HTTPTimeoutError(TimeoutPhase::kConnect));
  } catch (const httputil::HTTPInputError& malformed) {
    return no_response(std::string("Malformed HTTP response: ") + malformed.what(), error);
  } catch (const netutil::ResolveError& unresolved) {
    return no_response(unresolved.what(), error);
  } catch (const ssl::SSLEOFError& cut) {
    return std::make_exception_ptr(HTTPStreamClosedError(cut.what(), error));
  } catch (const ssl::SSLError& tls) {
    return no_response(tls.what(), error);
  } catch (...) {  // the program's own, or one that is specific enough
    return error;
  }
}

}  // namespace

SimpleFetch::SimpleFetch(SimpleCore& core, httpclient::Fetch fetch)
    : ClientFetch(core, std::move(fetch)) {}

SimpleFetch::~SimpleFetch() = default;

SimpleCore& SimpleFetch::core() const noexcept {
  return static_cast<SimpleCore&>(ClientFetch::core());
}

void SimpleFetch::check_request() {
  http::check_request(request(), url());
}

void SimpleFetch::send(bool on_new_connection) {
  retried_ = on_new_connection;
  if (core().options.keep_alive && !on_new_connection) {
    while (ClientConnection* idle = core().pool.take(core().origin_key(*this))) {
      if (idle->quiet()) return use(*idle);
      idle->close();
    }
  }
  connect();
}

void SimpleFetch::connect() {
  arm_connect_timeout();
  moments_ = std::make_shared<tcpclient::ConnectMoments>();
  connecting_ = core().connect(*this, moments_);
  connecting_->add_done_callback(
      [self = Ref<SimpleFetch>(this)](const auto& connecting) { self->connected(connecting); });
}

void SimpleFetch::connected(const Future<iostream::IOStream>& connecting) {
  if (const auto error = connecting.exception()) {  // looked at, also if nobody waits any more
    if (connecting_) fail(transport_error(error));
    return;
  }
  if (!connecting_) return;
  connecting_.reset();
  times().namelookup = moments_->resolved - start();
  times().connect = moments_->connected - start();
  if (url().https) times().appconnect = moments_->secured - start();
  const iostream::IOStream stream = connecting.result();
  stream.set_nodelay(true);
  use(core().adopt(*this, stream));
}

void SimpleFetch::use(ClientConnection& connection) {
  connection_ = &connection;
  arm_request_timeout();
  times().pretransfer = core().loop.time() - start();
  connection.start(*this, core().limits, core().options.keep_alive);
}

void SimpleFetch::drop_exchange() {
  if (connecting_) {
    // A connection attempt in progress finds its fetch gone; if it still yields a stream, that is
    // closed.
    const auto connecting = *std::exchange(connecting_, std::nullopt);
    if (!connecting.done()) connecting.cancel();
  }
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->abort();
}

void SimpleFetch::resume() {
  if (connection_ != nullptr) connection_->resume();
}

void SimpleFetch::response_complete() {
  connection_ = nullptr;
  exchange_complete();
}

void SimpleFetch::exchange_failed(const ExchangeFailure& failure) {
  connection_ = nullptr;
  // Retries once, and only if the server cannot have acted on the request, or if acting twice does
  // no harm. A body that a producer has written cannot be produced again.
  const bool safe = failure.stale && !request().body_producer &&
                    (failure.unsent || is_idempotent(request().method));
  if (safe && !retried_) return attempt(true);
  if (failure.error != nullptr) return fail(transport_error(failure.error));
  fail(std::make_exception_ptr(HTTPStreamClosedError("Stream closed")));
}

}  // namespace tornado::http
