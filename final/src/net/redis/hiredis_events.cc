#include "net/redis/hiredis_events.h"

#include <tornado/log.h>

#include <exception>
#include <string>

namespace tornado::redis {

using ioloop::IOLoop;

HiredisEvents::HiredisEvents(IOLoop& loop, redisAsyncContext& context)
    : loop_(&loop), context_(&context), fd_(context.c.fd) {}

// [attach]
bool HiredisEvents::attach(IOLoop& loop, redisAsyncContext& context) noexcept {
  try {
    core::Ref<HiredisEvents> made(new HiredisEvents(loop, context));
    loop.add_handler(made->fd_, *made, IOLoop::NONE);
    core::Ref<HiredisEvents>(made).detach();  // the loop's, until released()
    context.ev.data = made.detach();          // hiredis's, until clean_up()
    context.ev.addRead = &add_read;
    context.ev.delRead = &del_read;
    context.ev.addWrite = &add_write;
    context.ev.delWrite = &del_write;
    context.ev.cleanup = &clean_up;
    return true;
  } catch (const std::exception& error) {
    log::gen_log.error(std::string("cannot watch a connection to Redis: ") + error.what());
    return false;
  }
}
// [/attach]

// [events]
void HiredisEvents::handle_events(int /*fd*/, std::uint32_t events) {
  const core::Ref<HiredisEvents> self(this);
  // An error is found by the read, or, while connecting, by the write.
  if ((events & (IOLoop::READ | IOLoop::ERROR)) != 0 && (events_ & IOLoop::READ) != 0) {
    redisAsyncHandleRead(context_);
  }
  if (context_ == nullptr) return;
  if ((events & (IOLoop::WRITE | IOLoop::ERROR)) != 0 && (events_ & IOLoop::WRITE) != 0) {
    redisAsyncHandleWrite(context_);
  }
}
// [/events]

// [hooks]
void HiredisEvents::set(void* self, std::uint32_t event, bool wanted) {
  auto& us = *static_cast<HiredisEvents*>(self);
  const std::uint32_t events = wanted ? us.events_ | event : us.events_ & ~event;
  if (events == us.events_ || us.loop_ == nullptr) return;
  us.events_ = events;
  try {
    us.loop_->update_handler(us.fd_, events);
  } catch (const std::exception& error) {
    log::gen_log.error(std::string("cannot watch a connection to Redis: ") + error.what());
  }
}

void HiredisEvents::clean_up(void* self) {
  const auto us = core::Ref<HiredisEvents>::adopt(static_cast<HiredisEvents*>(self));
  us->context_ = nullptr;
  if (us->loop_ != nullptr) us->loop_->remove_handler(us->fd_);
}

void HiredisEvents::released() noexcept {
  const auto self = core::Ref<HiredisEvents>::adopt(this);
  loop_ = nullptr;
}
// [/hooks]

}  // namespace tornado::redis
