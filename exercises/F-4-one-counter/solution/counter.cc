#include "F-4-one-counter/counter.h"

using tornado::Future;
using tornado::bus::Cursor;
using tornado::bus::Message;
using tornado::bus::Messages;

Future<std::uint64_t> Counter::hit() {
  const std::string visit = process_ + " " + std::to_string(++hits_);
  const Future<std::uint64_t> number;
  waiting_.emplace(visit, number);  // first, because follow() may read it before it is acknowledged
  try {
    const Future<Cursor> published = bus_.publish(kTopic, visit);
    co_await published;
  } catch (...) {
    waiting_.erase(visit);
    throw;
  }
  co_return co_await number;
}

// All processes read the same messages in the same order, so all of them give a visit the same
// number.
Future<void> Counter::follow() {
  Cursor last;
  while (true) {
    const Future<Messages> asked = bus_.after(kTopic, last);
    const Messages news = co_await asked;
    for (const Message& message : news) {
      last = message.cursor;
      ++seen_;
      const auto own = waiting_.find(message.body);
      if (own == waiting_.end()) continue;
      own->second.set_result(seen_);
      waiting_.erase(own);
    }
  }
}
