#include "net/redis/connection.h"

#include <fcntl.h>

#include "net/redis/hiredis_events.h"

namespace tornado::redis {
namespace {

using core::Ref;

Reply convert(const redisReply& from) {
  Reply made;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      made.kind = Reply::Kind::kInteger;
      made.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      made.kind = Reply::Kind::kText;
      made.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY:
      made.kind = Reply::Kind::kArray;
      made.items.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) {
        made.items.push_back(convert(*from.element[i]));
      }
      break;
    default:
      break;
  }
  return made;
}

std::string reason_of(const redisAsyncContext& context) {
  return context.errstr != nullptr && *context.errstr != '\0' ? context.errstr
                                                              : "the connection ended";
}

}  // namespace

// What hiredis keeps for a command.
struct Connection::Pending {
  Ref<Connection> connection;
  Future<Reply> reply;
};

Ref<Connection> Connection::open(ioloop::IOLoop& loop, const std::string& ip, int port,
                                 double timeout) {
  redisAsyncContext* const context = redisAsyncConnect(ip.c_str(), port);
  if (context == nullptr) throw std::bad_alloc();
  if (context->err != 0 || !HiredisEvents::attach(loop, *context)) {
    const std::string reason = reason_of(*context);
    redisAsyncFree(context);
    throw ConnectionLost(reason);
  }
  ::fcntl(context->c.fd, F_SETFD, FD_CLOEXEC);  // hiredis does not
  Ref<Connection> made(new Connection(loop, context, timeout));
  context->data = Ref<Connection>(made).detach();  // until end()
  redisAsyncSetConnectCallback(context, &on_connect);
  redisAsyncSetDisconnectCallback(context, &on_disconnect);
  return made;
}

Future<Reply> Connection::command(const std::vector<std::string>& words, double may_take) {
  Future<Reply> reply;
  if (context_ == nullptr) {
    reply.set_exception(ConnectionLost("the connection is closed"));
    return reply;
  }
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  reply.on_cancel();
  auto pending = core::make_owned<Pending>(Ref<Connection>(this), reply);
  if (redisAsyncCommandArgv(context_, &on_reply, pending.get(), static_cast<int>(words.size()),
                            texts.data(), sizes.data()) != REDIS_OK) {
    reply.set_exception(ConnectionLost("the connection is closing"));
    return reply;
  }
  pending.release();  // on_reply() frees it
  due_.push_back(loop_.time() + timeout_ + may_take);
  watch_time();
  return reply;
}

void Connection::close(const std::string& reason) {
  if (context_ == nullptr) return;
  const Ref<Connection> self(this);
  reason_ = reason;
  is_cancelled_ = reason.empty();
  redisAsyncContext* const context = std::exchange(context_, nullptr);
  redisAsyncFree(context);  // calls on_reply() for what is pending, on_disconnect() if connected
  end(reason);
}

// ---- what hiredis calls -------------------------------------------------------------------------

// Out of memory here ends the program: no exception may pass through hiredis.
void Connection::on_reply(redisAsyncContext* context, void* reply, void* pending) noexcept {
  const core::Owned<Pending> owned(static_cast<Pending*>(pending));
  Connection& self = *owned->connection;
  self.due_.pop_front();
  if (owned->reply.done()) return;  // cancelled
  const auto* const said = static_cast<const redisReply*>(reply);
  if (self.is_cancelled_) {
    owned->reply.cancel();
  } else if (said == nullptr) {
    owned->reply.set_exception(
        ConnectionLost(self.reason_.empty() ? reason_of(*context) : self.reason_));
  } else if (said->type == REDIS_REPLY_ERROR) {
    owned->reply.set_exception(ErrorReply(std::string(said->str, said->len)));
  } else {
    owned->reply.set_result(convert(*said));
  }
}

void Connection::on_connect(const redisAsyncContext* context, int status) {
  if (status != REDIS_OK) static_cast<Connection*>(context->data)->gone(*context);
}

void Connection::on_disconnect(const redisAsyncContext* context, int /*status*/) {
  static_cast<Connection*>(context->data)->gone(*context);
}

// hiredis frees the context when this returns.
void Connection::gone(const redisAsyncContext& context) {
  if (context_ == nullptr) return;  // close() sees to it
  context_ = nullptr;
  end(reason_of(context));
}

void Connection::end(std::string reason) {
  const auto self = Ref<Connection>::adopt(this);
  if (timer_.pending()) loop_.remove_timeout(timer_);
  if (!ended_.done()) ended_.set_result(std::move(reason));
}

// ---- replies that do not come -------------------------------------------------------------------

void Connection::watch_time() {
  if (timer_.pending() || due_.empty()) return;
  timer_ = loop_.add_timeout(due_.front(), [self = Ref<Connection>(this)] { self->check_time(); });
}

void Connection::check_time() {
  if (context_ == nullptr) return;
  if (!due_.empty() && due_.front() <= loop_.time()) {
    return close("no reply in time; it hangs, or cannot be reached");
  }
  watch_time();
}

}  // namespace tornado::redis
