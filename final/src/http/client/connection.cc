#include "http/client/connection.h"

#include "http/client/simple_fetch.h"
#include "http/message/framing.h"
#include "loop/loop_state.h"

namespace tornado::http {

namespace {

bool says_close(const httpclient::HTTPRequest& request) {
  const auto connection = request.headers.find("Connection");
  return connection && list_contains(*connection, "close");
}

}  // namespace

// ---- life ---------------------------------------------------------------------------------------

ClientConnection::ClientConnection(ConnectionPool& pool, Origin& origin, iostream::IOStream stream)
    : pool_(&pool), origin_(origin), stream_(std::move(stream)) {
  pool_->enter(origin_);
  stream_.impl().observe(this);
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::close() {
  if (pool_ != nullptr) {
    pool_->remove(*this, origin_);
    std::exchange(pool_, nullptr)->leave(origin_);
  }
  stream_.impl().close();  // last: if the loop is closed, this deletes the object
}

void ClientConnection::abort() {
  end_exchange();
  close();
}

void ClientConnection::on_closed() {
  if (busy()) {
    fail(stream_.impl().error());
  } else {
    close();
  }
  core::retire(*this);
}

// ---- the request --------------------------------------------------------------------------------

void ClientConnection::start(SimpleFetch& fetch, const ResponseLimits& limits, bool keep_alive) {
  const httpclient::HTTPRequest& request = fetch.request();
  fetch_ = core::Ref<SimpleFetch>(&fetch);
  reader_.emplace(limits, request.method == "HEAD");
  keep_alive_ = keep_alive && !says_close(request);
  received_ = request_sent_ = held_ = unread_ = false;
  framing_ = append_request_head(stream_.impl().output(), request, fetch.url(), keep_alive);
  if (expects_continue(request)) {
    continue_timer_ = stream_.impl().loop().call_later(kContinueSeconds, [this] { send_body(); });
  } else {
    send_body();
  }
  request_size_ = stream_.impl().pending_output();
}

void ClientConnection::send_body() {
  const httpclient::HTTPRequest& request = fetch_->request();
  if (request.body_producer) return run_producer();
  if (request.body) stream_.impl().send(std::string_view(*request.body));
  request_sent_ = true;
}

void ClientConnection::run_producer() {
  const core::Ref<RequestBody> body(new RequestBody(stream_, framing_));
  const core::Ref<SimpleFetch> fetch = fetch_;
  body_ = body;
  Future<void> done;
  try {
    const auto returned = fetch->request().body_producer(httpclient::BodyWriter(body));
    if (returned) {
      done = *returned;
    } else {
      done.set_result();
    }
  } catch (...) {
    done.set_exception(std::current_exception());
  }
  if (done.done()) {
    if (body->attached()) producer_done(done);
    return;
  }
  // The fetch keeps the request alive, and with it the producer's captures, until the producer has
  // ended.
  done.add_done_callback([this, body, fetch](const Future<void>& ended) {
    if (!body->attached()) {
      static_cast<void>(ended.exception());  // the fetch ended without it
      return;
    }
    producer_done(ended);
  });
}

void ClientConnection::producer_done(const Future<void>& done) {
  const auto error = done.exception();
  // The producer may have noticed first.
  if (stream_.closed()) return fail(stream_.error());
  const auto fetch = fetch_;
  try {
    if (error != nullptr) std::rethrow_exception(error);
    body_->finish();
    request_sent_ = true;
  } catch (...) {
    fetch->fail(std::current_exception());
  }
}

void ClientConnection::stop_waiting_to_continue() {
  if (continue_timer_.pending()) stream_.impl().loop().remove_timeout(continue_timer_);
}

// ---- the response -------------------------------------------------------------------------------

std::size_t ClientConnection::on_data(std::string_view data) {
  if (!busy()) {  // no request is outstanding
    close();
    return data.size();
  }
  const core::Ref<SimpleFetch> fetch = fetch_;
  received_ = true;
  std::size_t used = 0;
  try {
    // The fetch may end here, and another may begin on this connection.
    while (fetch_.get() == fetch.get() && !held_ && step(data, used)) {
    }
  } catch (...) {  // thrown by one of the program's callbacks
    fetch->fail(std::current_exception());
  }
  if (pool_ == nullptr) return data.size();
  unread_ = used < data.size();
  // The fetch is not ready and more data keeps coming: leave it in the kernel.
  if (held_ && unread_) stream_.impl().pause_reading();
  if (eof_ && busy() && !held_) input_ended();
  return used;
}

// One step. Returns true if another may follow.
bool ClientConnection::step(std::string_view data, std::size_t& used) {
  const ResponseStep step = reader_->next(data.substr(used));
  used += step.consumed;
  switch (step.event) {
    case ResponseEvent::kNeedMore:
      return false;
    case ResponseEvent::kInformational:
      if (reader_->head().start_line.code == 100 && continue_timer_.pending()) {
        stop_waiting_to_continue();
        send_body();
      }
      return true;
    case ResponseEvent::kHead:
      // A final response arrived before the client was asked for the body, so the server does not
      // want it.
      stop_waiting_to_continue();
      fetch_->take_head(reader_->head(), reader_->content_length());
      return true;
    case ResponseEvent::kContent:
      held_ = !fetch_->take_content(step.content) && busy();
      return true;
    case ResponseEvent::kDone:
      complete(used == data.size());
      return true;
    case ResponseEvent::kBad:
    case ResponseEvent::kTooLarge:
      fail(std::make_exception_ptr(httputil::HTTPInputError(step.reason)));
      return false;
  }
  return false;
}

void ClientConnection::resume() {
  held_ = false;
  if (std::exchange(unread_, false)) {
    stream_.impl().resume_reading();
  } else {
    on_data({});  // the last piece delivered may have been the end
  }
}

void ClientConnection::complete(bool all_used) {
  const bool reusable = all_used && keep_alive_ && reader_->reusable() && request_sent_ && !eof_ &&
                        stream_.impl().pending_output() == 0;
  const auto fetch = end_exchange();
  used_before_ = true;
  if (reusable) {
    pool_->put(*this, origin_);
  } else {
    close();
  }
  fetch->response_complete();
}

void ClientConnection::fail(std::exception_ptr error) {
  ExchangeFailure failure;
  failure.error = std::move(error);
  failure.stale = used_before_ && !received_;
  failure.unsent = failure.stale && stream_.impl().pending_output() == request_size_;
  const auto fetch = end_exchange();
  close();
  fetch->exchange_failed(failure);
}

// Makes the connection idle. Returns the fetch that it served.
core::Ref<SimpleFetch> ClientConnection::end_exchange() {
  stop_waiting_to_continue();
  if (body_) std::exchange(body_, {})->detach();
  held_ = false;
  return std::exchange(fetch_, {});
}

void ClientConnection::on_eof() {
  eof_ = true;
  if (!busy()) return close();
  if (!held_) input_ended();
}

void ClientConnection::input_ended() {
  if (stream_.impl().truncated()) return fail(std::make_exception_ptr(ssl::SSLEOFError()));
  const ResponseStep end = reader_->end_of_input();
  if (end.event == ResponseEvent::kDone) return complete(false);
  fail(nullptr);
}

}  // namespace tornado::http
