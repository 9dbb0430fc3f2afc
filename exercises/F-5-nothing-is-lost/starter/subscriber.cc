#include "F-5-nothing-is-lost/subscriber.h"

#include <exception>

using tornado::Future;

Future<void> Subscriber::run() {
  while (true) {
    // TODO: this is how a page without a memory does it: it connects again, and begins again.
    Cursor last;
    try {
      while (true) {
        const Future<Messages> asked = ask_(last);
        const Messages news = co_await asked;
        for (const Message& message : news) {
          last = message.cursor;
          const Future<void> shown = show_(message);
          co_await shown;
        }
      }
    } catch (const std::exception&) {
    }
    const Future<void> slept = sleep_(kFirstPause);
    co_await slept;
  }
}
