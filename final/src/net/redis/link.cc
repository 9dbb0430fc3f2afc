#include "net/redis/link.h"

#include <tornado/gen.h>
#include <tornado/log.h>
#include <tornado/netutil.h>

#include <algorithm>
#include <cmath>

namespace tornado::redis {

using core::Ref;

Link::Link(ioloop::IOLoop& loop, URL url, const bus::RedisBusOptions& options, std::string purpose)
    : loop_(loop), url_(std::move(url)), options_(options), purpose_(std::move(purpose)) {}

void Link::start() {
  loop_.spawn_callback([self = Ref<Link>(this)] { return run(self); });
}

void Link::stop() {
  stopped_ = true;
  if (trying_) trying_->close();
  if (ready_) ready_->close();
  if (!pause_.done()) pause_.cancel();
  changed_.notify_all();
}

Future<Ref<Connection>> Link::ready() {
  const Ref<Link> self(this);
  while (!ready_ && problem_.empty() && !stopped_) {
    auto change = changed_.wait();
    co_await change;
  }
  if (!ready_) throw error(stopped_ ? "the bus was closed" : problem_);
  co_return ready_;
}

bus::BusError Link::error(const std::string& reason) const {
  return bus::BusError(url_.shown() + ": " + reason,
                       std::max(1.0, std::ceil(next_attempt_ - loop_.time())));
}

// [run]
Future<void> Link::run(Ref<Link> self) {
  while (!self->stopped_) {
    co_await self->attempt();
    if (self->stopped_) co_return;
    const double pause = self->next_pause();
    self->next_attempt_ = self->loop_.time() + pause;
    self->pause_ = gen::sleep(pause);
    co_await self->pause_;
  }
}

// Returns when the connection could not be made, or has ended.
Future<void> Link::attempt() {
  std::string reason;
  try {
    trying_ = co_await connect();
    co_await introduce(trying_);
    ready_ = std::exchange(trying_, {});
    failures_ = 0;
    problem_.clear();
    if (!std::exchange(logged_, {}).empty()) {
      log::gen_log.info(url_.shown() + " is back (" + purpose_ + ")");
    }
    changed_.notify_all();
    reason = co_await ready_->ended();
  } catch (const concurrent::CancelledError&) {
    throw;
  } catch (const std::exception& failure) {
    reason = failure.what();
  }
  if (trying_) trying_->close(reason);
  lost(std::move(reason));
}
// [/run]

// hiredis would resolve a name with getaddrinfo, which blocks: it gets a numeric address.
Future<Ref<Connection>> Link::connect() {
  const auto resolver = netutil::Resolver::default_resolver();
  auto resolved = resolver->resolve(url_.host, static_cast<std::uint16_t>(url_.port));
  auto in_time = gen::with_timeout(loop_.time() + options_.reply_timeout, resolved,
                                   gen::quiet<netutil::ResolveError>);
  std::vector<netutil::Address> addresses;
  try {
    addresses = co_await in_time;
  } catch (const gen::TimeoutError&) {
    throw ConnectionLost("its name was not resolved in time");
  }
  if (addresses.empty()) throw ConnectionLost("the name has no address");
  if (stopped_) throw ConnectionLost("the bus was closed");
  const netutil::Address& address = addresses[attempts_++ % addresses.size()];
  co_return Connection::open(loop_, address.ip(), url_.port, options_.reply_timeout);
}

// The commands before all others. PING shows that Redis takes commands: that it accepts the
// password, and has loaded its data.
Future<void> Link::introduce(Ref<Connection> connection) {
  std::vector<std::vector<std::string>> commands;
  if (!url_.user.empty()) {
    commands.push_back({"AUTH", url_.user, url_.password});
  } else if (!url_.password.empty()) {
    commands.push_back({"AUTH", url_.password});
  }
  commands.push_back({"PING"});
  if (url_.database != 0) commands.push_back({"SELECT", std::to_string(url_.database)});
  for (const auto& words : commands) {
    auto reply = connection->command(words);
    co_await reply;
  }
}

void Link::lost(std::string reason) {
  ready_ = {};
  trying_ = {};
  ++failures_;
  problem_ = std::move(reason);
  if (!stopped_ && problem_ != logged_) {
    logged_ = problem_;
    log::gen_log.error(url_.shown() + ": " + problem_ + " (" + purpose_ + "); trying again");
  }
  changed_.notify_all();
}

double Link::next_pause() {
  const double doubled = options_.min_reconnect_pause * std::exp2(std::min(failures_ - 1, 30));
  const double longest = std::min(doubled, options_.max_reconnect_pause);
  return longest * std::uniform_real_distribution<double>(0.5, 1.0)(random_);
}

}  // namespace tornado::redis
