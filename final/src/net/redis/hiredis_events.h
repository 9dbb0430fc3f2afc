// Internal header. A connection of hiredis, driven by an IOLoop: how to put a foreign C library on
// the loop.
#pragma once

#include <hiredis/async.h>
#include <tornado/ioloop.h>

namespace tornado::redis {

// hiredis speaks Redis' protocol, but waits for nothing: it asks its program to tell it when the
// socket is readable or writable. Every event library has an adapter to do so, and this is ours. It
// has two directions:
//
//   hiredis -> loop   five hooks of C, add_read to clean_up, which say what to wait for;
//   loop -> hiredis   handle_events(), which calls redisAsyncHandleRead and ...Write.
//
// Three rules make it safe, for this library as for others:
//
//   1. The loop must forget the descriptor before the library closes it: clean_up() is the hook
//      that hiredis calls then.
//   2. A call into the library may end the connection and free its context, in the middle of
//      handle_events(). So each call is followed by a look whether the context is still there, and
//      the object itself is shared: by the library until clean_up(), by the loop until released(),
//      by handle_events() while it runs.
//   3. No exception may pass through the library's C code.
class HiredisEvents final : public ioloop::EventHandler, public core::Counted {
 public:
  // Takes over the waiting for `context` until that is freed. Returns false if the loop cannot
  // watch its socket.
  static bool attach(ioloop::IOLoop& loop, redisAsyncContext& context) noexcept;

  void handle_events(int fd, std::uint32_t events) override;
  void released() noexcept override;

 private:
  HiredisEvents(ioloop::IOLoop& loop, redisAsyncContext& context);

  // The hooks. `self` is what ev.data holds.
  static void add_read(void* self) { set(self, ioloop::IOLoop::READ, true); }
  static void del_read(void* self) { set(self, ioloop::IOLoop::READ, false); }
  static void add_write(void* self) { set(self, ioloop::IOLoop::WRITE, true); }
  static void del_write(void* self) { set(self, ioloop::IOLoop::WRITE, false); }
  static void clean_up(void* self);
  static void set(void* self, std::uint32_t event, bool wanted);

  ioloop::IOLoop* loop_;        // null: it no longer watches the descriptor
  redisAsyncContext* context_;  // null: hiredis has freed it
  const int fd_;
  std::uint32_t events_ = ioloop::IOLoop::NONE;
};

}  // namespace tornado::redis
