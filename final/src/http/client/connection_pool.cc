#include "http/client/connection_pool.h"

#include "http/client/connection.h"
#include "loop/loop_state.h"

namespace tornado::http {
namespace {

ClientConnection& owner(core::ListHook& hook) {
  return static_cast<PoolPlace::Hook&>(hook).connection;
}

}  // namespace

ConnectionPool::~ConnectionPool() {
  close_idle();
}

Origin& ConnectionPool::origin(const std::string& key) {
  const auto [at, made] = origins_.try_emplace(key);
  if (made) at->second.key = &at->first;
  return at->second;
}

void ConnectionPool::leave(Origin& origin) {
  if (--origin.connections == 0) origins_.erase(origins_.find(*origin.key));
}

ClientConnection* ConnectionPool::take(const std::string& key) {
  const auto found = origins_.find(key);
  if (found == origins_.end() || found->second.idle_count == 0) return nullptr;
  ClientConnection& newest = owner(*found->second.idle.previous());
  remove(newest, found->second);
  return &newest;
}

void ConnectionPool::put(ClientConnection& connection, Origin& origin) {
  if (limits_.max_idle == 0 || limits_.max_idle_per_origin == 0) return connection.close();
  if (origin.idle_count >= limits_.max_idle_per_origin) owner(*origin.idle.next()).close();
  if (idle_count_ >= limits_.max_idle) owner(*ages_.next()).close();
  PoolPlace& place = connection.place();
  place.idle_since = loop_.internals().round_time;
  place.by_origin.link_before(origin.idle);
  place.by_age.link_before(ages_);
  ++origin.idle_count;
  ++idle_count_;
  if (limits_.idle_timeout > 0 && !timer_.pending()) {
    arm(place.idle_since + limits_.idle_timeout);
  }
}

void ConnectionPool::remove(ClientConnection& connection, Origin& origin) {
  PoolPlace& place = connection.place();
  if (!place.by_age.linked()) return;
  place.by_age.unlink();
  place.by_origin.unlink();
  --origin.idle_count;
  --idle_count_;
}

void ConnectionPool::close_idle() {
  while (ages_.linked()) owner(*ages_.next()).close();
  // A closed loop has no pending timer, so it is not touched.
  if (timer_.pending()) loop_.remove_timeout(timer_);
}

void ConnectionPool::arm(double at) {
  timer_ = loop_.call_at(at, [this] { sweep(); });
}

// One timer for all: the connections that became idle first expire first.
void ConnectionPool::sweep() {
  const double now = loop_.time();
  while (ages_.linked()) {
    ClientConnection& oldest = owner(*ages_.next());
    const double at = oldest.place().idle_since + limits_.idle_timeout;
    if (at > now) return arm(at);
    oldest.close();
  }
}

}  // namespace tornado::http
