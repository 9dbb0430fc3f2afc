#include "http/server/connection.h"

#include <sys/socket.h>
#include <tornado/log.h>

#include <algorithm>
#include <limits>

#include "http/message/proxy_header.h"
#include "http/server/decompressed_body.h"
#include "http/server/exchange.h"
#include "http/server/xheaders.h"
#include "loop/loop_state.h"

namespace tornado::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

constexpr double kRateSeconds = 60;  // min_body_rate is averaged over this time
constexpr double kLogInterval = 1;   // between log lines about refused connections
constexpr std::uint64_t kMaxBuffered = 268'435'456;

// The most bytes of bodies that a server buffers.
std::uint64_t buffer_limit(const httpserver::HTTPServerOptions& options) {
  const std::uint64_t limit =
      options.max_buffered_total.value_or(std::max(kMaxBuffered, options.max_body_size));
  return limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit;
}

double round_time() {
  return ioloop::IOLoop::current().internals().round_time;
}

std::string peer_name(int fd) {
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  if (::getpeername(fd, name, &length) != 0) return "a client that has gone";
  const netutil::Address address(name, length);
  return address.family() == netutil::Family::kUnix ? "a local client" : address.ip();
}

}  // namespace

// ---- WriteWatch ---------------------------------------------------------------------------------

WriteWatch::WriteWatch(DeadlineList& list, iostream::detail::Stream& stream)
    : deadlines_(list), stream_(stream) {
  start();
}

void WriteWatch::start() {
  seen_ = stream_.progress();
  deadlines_.start(*this, round_time());
}

void WriteWatch::expired() {
  if (stream_.pending_output() == 0) return;  // our side has ended: the stream closes by itself
  if (stream_.progressed_since(seen_)) return start();
  const std::string what = "Timeout writing to " + peer_name(stream_.fileno());
  log::gen_log.info(what);
  stream_.close(std::make_exception_ptr(ioloop::TimeoutError(what)));
}

std::unique_ptr<WriteWatch> ServerCore::Deadlines::watch(iostream::detail::Stream& stream) {
  return write.on() ? std::make_unique<WriteWatch>(write, stream) : nullptr;
}

// ---- ServerCore ---------------------------------------------------------------------------------

ServerCore::ServerCore(httputil::HTTPServerConnectionDelegate& server_delegate,
                       const httpserver::HTTPServerOptions& server_options)
    : delegate(server_delegate),
      options(server_options),
      head_limits{server_options.max_header_size, server_options.max_header_fields},
      addresses(server_options.max_connections_per_address),
      buffered(std::make_shared<BufferedBodies>(buffer_limit(server_options))) {}

ServerCore::~ServerCore() {
  if (ending != nullptr) cut_all();
  while (connections.linked()) {
    static_cast<ServerConnection&>(*connections.next()).abandon();
  }
  while (upgraded.linked()) static_cast<Upgraded&>(*upgraded.next()).abandon();
}

void ServerCore::serve(iostream::IOStream stream, std::string remote_ip) {
  // The loop they were made for may be gone, and the server may continue on another.
  auto& loop = ioloop::IOLoop::current();
  if (deadlines == nullptr || (connection_count == 0 && &deadlines->loop != &loop)) {
    deadlines = std::make_unique<Deadlines>(loop, options);
  }
  const bool behind_proxy = options.proxy_protocol;  // its address does not count
  if (!admits(behind_proxy ? AddressCounts::kUncounted : addresses.key(remote_ip), remote_ip)) {
    return stream.close();
  }
  if (!behind_proxy) addresses.add(addresses.key(remote_ip));
  const core::Ref connection(new ServerConnection(*this, std::move(stream), std::move(remote_ip)));
  connection->link_before(connections);
  ++connection_count;
  if (ending != nullptr) ++ending->served;
  connection->begin();
}

bool ServerCore::admits(AddressCounts::Key address, const std::string& remote_ip) {
  const char* limit = nullptr;
  if (addresses.full(address)) {
    limit = "max_connections_per_address";
  } else if (options.max_connections > 0 && connection_count >= options.max_connections &&
             !make_room()) {
    limit = "max_connections";
  }
  if (limit == nullptr) return true;
  log_refusal(remote_ip, limit);
  return false;
}

void ServerCore::log_refusal(const std::string& remote_ip, std::string_view reason) {
  if (round_time() < next_refusal_line_) return;
  next_refusal_line_ = round_time() + kLogInterval;
  log::gen_log.warning("Closed a new connection from " + remote_ip + ": " + std::string(reason));
}

// Closes the connection that has waited longest for a message or for the rest of a head. A deadline
// that stayed in its list while its request is being answered is removed here: it is started again
// after the response.
bool ServerCore::make_room() {
  Deadline* longest = nullptr;
  double since = std::numeric_limits<double>::max();
  for (DeadlineList* const list : {&deadlines->idle, &deadlines->header}) {
    Deadline* first = list->first();
    for (; first != nullptr && !ServerConnection::may_give_way(*first); first = list->first()) {
      first->unlink();
    }
    if (first == nullptr || list->started(*first) >= since) continue;
    longest = first;
    since = list->started(*first);
  }
  if (longest != nullptr) ServerConnection::give_way(*longest);
  return longest != nullptr;
}

Future<void> ServerCore::close_all() {
  if (all_gone_ == nullptr || all_gone_->done()) all_gone_ = std::make_unique<Future<void>>();
  Future<void> result = *all_gone_;
  if (ending != nullptr) cut_all();  // counts them
  for (auto* at = connections.next(); at != &connections; at = at->next()) {
    static_cast<ServerConnection&>(*at).close();
  }
  for (auto* at = upgraded.next(); at != &upgraded; at = at->next()) {
    static_cast<Upgraded&>(*at).close();
  }
  connection_gone();
  return result;
}

void ServerCore::connection_gone() {
  if (connection_count != 0) return;
  if (const auto ended = std::exchange(ending, nullptr)) ended->finish();
  if (all_gone_ == nullptr) return;
  const auto gone = std::exchange(all_gone_, nullptr);
  if (!gone->done()) gone->set_result();  // else it was cancelled
}

// ---- Upgraded -----------------------------------------------------------------------------------

void Upgraded::on_blocked() {
  if (core_ != nullptr) write_watch_ = core_->deadlines->watch(stream());
}

void Upgraded::leave_server() {
  unlink();
  write_watch_.reset();
  if (ServerCore* const core = std::exchange(core_, nullptr)) {
    core->addresses.remove(address_);
    --core->connection_count;
    core->connection_gone();
  }
}

// ---- life ---------------------------------------------------------------------------------------

ServerConnection::ServerConnection(ServerCore& core, iostream::IOStream stream,
                                   std::string remote_ip)
    : core_(&core), stream_(std::move(stream)), remote_ip_(std::move(remote_ip)) {
  if (core.options.proxy_protocol) {
    phase_ = Phase::kProxy;
    counted_ = false;
  }
}

// [born]
void ServerConnection::begin() {
  start_first_head();
  // The stream holds a reference, until on_closed() or release_stream().
  stream_.impl().observe(core::Ref(this).detach());
}
// [/born]

ServerConnection::~ServerConnection() {
  // The program may keep the exchange, and the delegate may keep the program's part of it.
  if (exchange_ != nullptr) exchange_->delegate.reset();
}

void ServerConnection::close() {
  phase_ = Phase::kClosing;
  timer_.unlink();
  stream_.impl().close();
}

bool ServerConnection::may_give_way(const Deadline& timer) {
  return static_cast<const Timer&>(timer).owner().phase_ <= Phase::kHead;
}

void ServerConnection::give_way(Deadline& timer) {
  ServerConnection& connection = static_cast<Timer&>(timer).owner();
  if (connection.stream_.impl().pending_output() > 0) {
    connection.close_gracefully();
  } else {
    connection.close();
  }
}

// The server is being destroyed; exchanges that the program still holds are cut off.
void ServerConnection::abandon() {
  const core::Ref pin(this);
  close();
  if (core_ != nullptr) leave_core();
}

void ServerConnection::leave_core() {
  phase_ = Phase::kClosing;
  unlink();
  timer_.unlink();
  write_watch_.reset();
  ServerCore* core = std::exchange(core_, nullptr);
  if (counted_) core->addresses.remove(core->addresses.key(remote_ip_));
  --core->connection_count;
  core->connection_gone();
  const std::weak_ptr<ServerCore::Alive> alive = core->alive;
  if (exchange_ != nullptr) {
    const auto exchange = exchange_;
    exchange->detach();
    if (!exchange->finished()) exchange->report_close();
  }
  if (alive.expired()) return;  // the program just destroyed the server
  try {
    core->delegate.on_close(this);
  } catch (...) {
    core::report_callback_exception();
  }
}

void ServerConnection::on_closed() {
  const auto last = core::Ref<ServerConnection>::adopt(this);
  if (core_ != nullptr) leave_core();
}

// A client that connects has something to ask: its first head is due from now on, as if its first
// byte had arrived. A shorter idle timeout applies instead, and the only one if heads have no
// limit.
void ServerConnection::start_first_head() {
  if (core_->shutting_down()) return start_idle();
  const double idle = core_->options.idle_connection_timeout;
  const double header = core_->options.header_timeout;
  if (header <= 0 || (idle > 0 && idle < header)) return start_idle();
  head_begun_ = true;
  core_->deadlines->header.start(timer_, round_time());
}

void ServerConnection::start_idle() {
  head_begun_ = false;
  auto& list = core_->shutting_down() ? core_->deadlines->last_request : core_->deadlines->idle;
  list.start(timer_, round_time());
}

void ServerConnection::close_gracefully() {
  phase_ = Phase::kClosing;
  timer_.unlink();
  stream_.impl().close_after_flush();
}

iostream::IOStream ServerConnection::release_stream() {
  const auto last = core::Ref<ServerConnection>::adopt(this);
  released_ = true;
  stream_.impl().observe(nullptr);
  leave_core();
  return stream_;
}

iostream::IOStream ServerConnection::hand_over(Upgraded& next) {
  next.core_ = core_;
  next.link_before(core_->upgraded);
  next.address_ = core_->addresses.key(remote_ip_);
  core_->addresses.add(next.address_);
  ++core_->connection_count;
  iostream::IOStream stream = release_stream();
  stream.impl().observe(&next);
  return stream;
}

// No time is measured while the program works on its response. A timer that still runs is an
// earlier one: stopping it at every request would cost more than letting it fire.
void ServerConnection::on_timeout() {
  const core::Ref pin(this);
  if (core_->shutting_down() && idle()) return close_if_unused();
  if (phase_ == Phase::kDraining || (phase_ == Phase::kAnswer && !eof_)) return;
  if (phase_ == Phase::kBody || phase_ == Phase::kHeld) {
    log::gen_log.info("Timeout reading body from " + remote_ip_);
  }
  close();
}

// ---- reading ------------------------------------------------------------------------------------

// [on_data]
std::size_t ServerConnection::on_data(std::string_view data) {
  const core::Ref pin(this);
  std::size_t used = 0;
  {
    const Inside inside(*this);
    while (step(data, used) == Next::kContinue) {
    }
  }
  if (phase_ == Phase::kClosing) return released_ ? used : data.size();
  unread_ = used < data.size();
  // The response, or the delegate, is pending and more data keeps coming: leave it in the kernel.
  if (unread_ && phase_ > Phase::kBody) {
    stream_.impl().pause_reading();
  }
  return used;
}
// [/on_data]

// One step, of which another may follow.
ServerConnection::Next ServerConnection::step(std::string_view data, std::size_t& used) {
  switch (phase_) {
    case Phase::kProxy:
      return read_proxy_header(data, used);
    case Phase::kHead:
      return read_head(data, used);
    case Phase::kBody:
      return read_body(data, used);
    case Phase::kHeld:
    case Phase::kAnswer:
    case Phase::kDraining:
    case Phase::kClosing:
      return Next::kWait;
  }
  return Next::kWait;
}

ServerConnection::Next ServerConnection::read_proxy_header(std::string_view data,
                                                           std::size_t& used) {
  ProxyHeader header = parse_proxy_header(data.substr(used));
  if (header.status == ProxyHeaderStatus::kNeedMore) {
    if (eof_) close_gracefully();
    return Next::kWait;
  }
  const bool bad = header.status == ProxyHeaderStatus::kBad;
  if (!bad) {
    used += header.size;
    if (!header.client.empty()) remote_ip_ = std::move(header.client);
    const AddressCounts::Key address = core_->addresses.key(remote_ip_);
    counted_ = !core_->addresses.full(address);
    if (counted_) {
      core_->addresses.add(address);
      phase_ = Phase::kHead;
      return Next::kContinue;
    }
  }
  core_->log_refusal(remote_ip_, bad ? std::string("malformed PROXY header: ") + header.reason
                                     : "max_connections_per_address");
  close();
  return Next::kWait;
}

ServerConnection::Next ServerConnection::read_head(std::string_view data, std::size_t& used) {
  const std::string_view rest = data.substr(used);
  if (rest.empty()) {
    if (eof_) close_gracefully();
    return Next::kWait;
  }
  RequestHead head;
  const HeadResult result = parse_request_head(rest, scan_, core_->head_limits, head);
  switch (result.status) {
    case HeadStatus::kDone:
      used += result.consumed;
      unread_ = used < data.size();
      scan_ = {};
      return begin_exchange(head);
    case HeadStatus::kNeedMore:
      if (eof_) {
        close_gracefully();
      } else if (!head_begun_) {
        head_begun_ = true;
        core_->deadlines->header.start(timer_, round_time());
      }
      return Next::kWait;
    case HeadStatus::kTooLarge:
      return refuse_large_head(rest, result.reason);
    case HeadStatus::kBad:
      return refuse(result.reason);
  }
  return Next::kWait;
}

// Moves the start line and the fields out of `head`.
ServerConnection::Next ServerConnection::begin_exchange(RequestHead& head) {
  const bool keep_alive = head.keep_alive && !core_->options.no_keep_alive;
  // [begin]
  exchange_ =
      std::allocate_shared<Exchange>(core::PoolAllocator<Exchange>(), *this, head, keep_alive);
  try {
    if (core_->options.xheaders) {
      apply_xheaders(head.headers, core_->options.trusted_downstream, exchange_->context());
    }
    exchange_->delegate = core_->delegate.start_request(this, exchange_);
    if (core_->options.decompress_request) {
      exchange_->delegate =
          std::make_unique<DecompressedBody>(std::move(exchange_->delegate), *exchange_);
    }
    const auto held =
        exchange_->delegate->headers_received(std::move(head.start_line), std::move(head.headers));
    // [/begin]
    if (phase_ == Phase::kClosing) return Next::kWait;
    if (!exchange_->finished() && wait_for(held) == Next::kWait) return Next::kWait;
  } catch (const httputil::HTTPInputError& error) {
    return refuse(error.what());
  } catch (...) {
    return fail("in headers_received");
  }
  return begin_body();
}

// Waits for a delegate that is not ready for more.
ServerConnection::Next ServerConnection::wait_for(const Future<void>& future) {
  if (future.done()) {
    if (const auto exception = future.exception()) std::rethrow_exception(exception);
    return Next::kContinue;
  }
  phase_ = Phase::kHeld;
  if (eof_) {
    core_->deadlines->stall.start(timer_, round_time());  // as in await_last_answer()
  } else {
    timer_.unlink();
  }
  future.add_done_callback([this, exchange = exchange_](Future<void> held) {
    // The exchange tells whether the connection still exists and is still at this message.
    if (exchange->delegate != nullptr && exchange->attached()) release_hold(exchange, held);
  });
  return Next::kWait;
}

void ServerConnection::release_hold(const std::shared_ptr<Exchange>& exchange,
                                    const Future<void>& held) {
  if (exchange_ != exchange || phase_ != Phase::kHeld) return;
  const core::Ref pin(this);
  {
    const Inside inside(*this);
    if (held.exception() != nullptr) {
      try {
        held.result();
      } catch (...) {
        delegate_threw("in the reader of a request");
      }
    } else if (!exchange->body_begun) {
      begin_body();
    } else if (exchange->body_read()) {
      complete_message();
    } else {
      phase_ = Phase::kBody;
      core_->deadlines->stall.start(timer_, round_time());
      start_rate();
    }
  }
  if (phase_ != Phase::kClosing) go_on();
}

ServerConnection::Next ServerConnection::begin_body() {
  exchange_->body_begun = true;
  if (exchange_->body_read()) return complete_message();
  if (exchange_->finished()) return after_response();
  if (exchange_->body_left > exchange_->max_body_size) {
    return refuse_large_body("Content-Length too long");
  }
  if (exchange_->expect_continue && !exchange_->headers_written()) {
    stream_.impl().output().append(kContinue);
  }
  phase_ = Phase::kBody;
  core_->deadlines->stall.start(timer_, round_time());
  start_rate();
  if (exchange_->body_timeout > 0) start_body_timeout();
  return Next::kContinue;
}

// Bodies with the server's timeout share one timer; a body with its own timeout needs its own.
void ServerConnection::start_body_timeout() {
  DeadlineList* list = &core_->deadlines->body;
  if (exchange_->body_timeout != core_->options.body_timeout) {
    exchange_->own_deadlines =
        std::make_unique<DeadlineList>(core_->deadlines->loop, exchange_->body_timeout);
    list = exchange_->own_deadlines.get();
  }
  auto deadline = std::make_unique<Timer>(*this);
  list->start(*deadline, round_time());
  exchange_->body_deadline = std::move(deadline);
}

ServerConnection::Next ServerConnection::read_body(std::string_view data, std::size_t& used) {
  if (used == data.size()) {
    if (eof_) close();  // the message will never be complete
    return Next::kWait;
  }
  try {
    return exchange_->chunked_body ? read_chunked(data, used) : read_fixed(data, used);
  } catch (...) {
    return delegate_threw("in data_received");
  }
}

ServerConnection::Next ServerConnection::read_fixed(std::string_view data, std::size_t& used) {
  const std::uint64_t wanted = std::min<std::uint64_t>(
      {exchange_->body_left, data.size() - used, core_->options.chunk_size});
  const std::string_view content = data.substr(used, static_cast<std::size_t>(wanted));
  used += content.size();
  unread_ = used < data.size();
  exchange_->body_left -= content.size();
  if (deliver(content) == Next::kWait) return Next::kWait;
  return exchange_->body_left == 0 ? complete_message() : Next::kContinue;
}

ServerConnection::Next ServerConnection::read_chunked(std::string_view data, std::size_t& used) {
  const std::string_view rest = data.substr(used).substr(0, core_->options.chunk_size);
  const ChunkedResult result = exchange_->chunked_body->next(rest);
  used += result.consumed;
  unread_ = used < data.size();
  switch (result.status) {
    case ChunkedStatus::kContent:
      return deliver(result.content);
    case ChunkedStatus::kNeedMore:
      core_->deadlines->stall.start(timer_, round_time());
      return too_slow(0) ? Next::kWait : Next::kContinue;
    case ChunkedStatus::kDone:
      exchange_->chunked_body.reset();
      return complete_message();
    case ChunkedStatus::kTooLarge:
      return refuse_large_body(result.reason);
    case ChunkedStatus::kBad:
      return refuse(result.reason);
  }
  return Next::kWait;
}

// Passes a piece of the body on.
ServerConnection::Next ServerConnection::deliver(std::string_view content) {
  core_->deadlines->stall.start(timer_, round_time());
  if (too_slow(content.size())) return Next::kWait;
  const auto held = exchange_->delegate->data_received(std::string(content));
  if (phase_ == Phase::kClosing) return Next::kWait;
  if (exchange_->finished()) return after_response();
  return wait_for(held);
}

void ServerConnection::start_rate() {
  exchange_->rate_begun = round_time();
  exchange_->rate_bytes = 0;
}

// Closes the connection if its body arrives too slowly. Needs no timer: it runs whenever something
// arrives, and if nothing does, the body stalls.
bool ServerConnection::too_slow(std::size_t bytes) {
  exchange_->rate_bytes += bytes;
  const double passed = round_time() - exchange_->rate_begun;
  if (passed < kRateSeconds || exchange_->body_read()) return false;
  const double least = static_cast<double>(core_->options.min_body_rate) * passed;
  if (static_cast<double>(exchange_->rate_bytes) < least) {
    log::gen_log.info("Body too slow from " + remote_ip_);
    close();
    return true;
  }
  start_rate();
  return false;
}

ServerConnection::Next ServerConnection::complete_message() {
  exchange_->end_body();
  exchange_->message_complete = true;
  phase_ = Phase::kAnswer;
  try {
    exchange_->delegate->finish();
  } catch (const httputil::HTTPInputError& error) {
    return refuse(error.what());
  } catch (...) {
    return fail("in a request");
  }
  if (phase_ == Phase::kAnswer && eof_ && !exchange_->finished()) await_last_answer();
  if (phase_ == Phase::kClosing) return Next::kWait;
  if (core_->shutting_down() && !exchange_->finished()) exchange_->report_shutdown();
  if (phase_ == Phase::kClosing) return Next::kWait;
  return exchange_->finished() ? after_response() : Next::kWait;
}

// ---- after a response ---------------------------------------------------------------------------

// [after_response]
// Handles a complete response. The next request may follow.
ServerConnection::Next ServerConnection::after_response() {
  const bool open = exchange_->keep_alive() && exchange_->message_complete;
  end_exchange();
  if (!open) {
    close_gracefully();
    return Next::kWait;
  }
  if (stream_.impl().pending_output() > kHighWater) {
    // A client that sends requests without reading the responses would fill our memory with them.
    phase_ = Phase::kDraining;
    queue_turn();
    return Next::kWait;
  }
  phase_ = Phase::kHead;
  start_idle();
  return Next::kContinue;
}
// [/after_response]

// Continues reading after an exchange that did not end inside on_data().
void ServerConnection::next_request() {
  phase_ = Phase::kHead;
  start_idle();
  go_on();
}

// After a pause: shows what arrived meanwhile, or reacts to the client's end.
void ServerConnection::go_on() {
  if (std::exchange(unread_, false)) {
    stream_.impl().resume_reading();
  } else if (eof_ && phase_ == Phase::kHead) {
    close_gracefully();
  } else if (eof_ && phase_ == Phase::kBody) {
    close();  // the message will never be complete
  }
}

void ServerConnection::on_blocked() {
  if (core_ != nullptr) write_watch_ = core_->deadlines->watch(stream_.impl());
}

void ServerConnection::on_drained() {
  const core::Ref pin(this);
  write_watch_.reset();
  if (phase_ == Phase::kDraining && !turn_queued_) next_request();
}

void ServerConnection::end_exchange() {
  exchange_->detach();
  exchange_->delegate.reset();
  exchange_.reset();
}

// [turn]
void ServerConnection::exchange_finished() {
  if (inside_ == 0) queue_turn();
}

void ServerConnection::queue_turn() {
  if (turn_queued_) return;
  turn_queued_ = true;
  // After the stream in the queue for the end of the round: by then the kernel has been offered the
  // output. The queue holds a reference.
  stream_.impl().loop().internals().at_end_of_round(*core::Ref(this).detach());
}
// [/turn]

// [run]
void ServerConnection::run() {
  const auto pin = core::Ref<ServerConnection>::adopt(this);
  turn_queued_ = false;
  if (core_ != nullptr) take_turn();
}
// [/run]

void ServerConnection::discard() noexcept {
  const auto last = core::Ref<ServerConnection>::adopt(this);
  turn_queued_ = false;
}

void ServerConnection::take_turn() {
  if (phase_ == Phase::kDraining) {
    if (stream_.impl().pending_output() <= kHighWater) next_request();
    return;
  }
  if (phase_ == Phase::kClosing || exchange_ == nullptr) return;
  if (exchange_->gives_way && !exchange_->message_complete) return refuse_for_others();
  if (!exchange_->finished()) return;
  if (after_response() == Next::kContinue) next_request();
}

// ---- the peer -----------------------------------------------------------------------------------

void ServerConnection::on_eof() {
  const core::Ref pin(this);
  eof_ = true;
  switch (phase_) {
    case Phase::kProxy:
    case Phase::kHead:
      close_gracefully();
      return;
    case Phase::kBody:
      close();
      return;
    case Phase::kAnswer:
      await_last_answer();
      return;
    case Phase::kHeld:
      // Whether unread bytes complete the message turns out when reading continues.
      if (exchange_->body_read() || stream_.impl().has_unread()) {
        await_last_answer();
      } else {
        close();
      }
      return;
    case Phase::kDraining:
    case Phase::kClosing:
      return;
  }
}

// The client may have shut down only its sending side and still be reading (RFC 9112 9.6), or it
// may be gone: TCP does not tell. The program is informed and its response is still sent, but the
// connection is kept no longer than one with a stalled body.
void ServerConnection::await_last_answer() {
  core_->deadlines->stall.start(timer_, round_time());
  if (!exchange_->finished()) exchange_->report_close();
}

}  // namespace tornado::http
