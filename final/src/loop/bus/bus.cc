#include <tornado/bus.h>
#include <tornado/ioloop.h>

#include <charconv>
#include <map>
#include <mutex>

#include "loop/bus/topics.h"

namespace tornado::bus {
namespace {

// Reads a number from the front of `text`, without a sign. Returns false if there is none.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

struct Engines {
  std::mutex mutex;
  std::map<std::string, detail::Maker> makers;
};

// Never destroyed: static objects may open a bus.
Engines& engines() {
  static auto* const known = new Engines;
  return *known;
}

}  // namespace

// ---- cursors ------------------------------------------------------------------------------------

std::string Cursor::text() const {
  return std::to_string(time) + "-" + std::to_string(number);
}

std::optional<Cursor> Cursor::parse(std::string_view text) {
  if (text == "0") return Cursor();
  Cursor cursor;
  if (!take_number(text, cursor.time) || !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  if (!take_number(text, cursor.number) || !text.empty()) return std::nullopt;
  return cursor;
}

// ---- engines ------------------------------------------------------------------------------------

bool detail::add_engine(std::string scheme, Maker maker) {
  const std::lock_guard lock(engines().mutex);
  engines().makers[std::move(scheme)] = maker;
  return true;
}

core::Owned<Bus> open(const std::string& url, const BusOptions& options) {
  if (url == "local") return core::make_owned<LocalBus>(options);
  const std::string scheme = url.substr(0, url.find(':'));
  detail::Maker maker = nullptr;
  std::string known = "local";
  {
    const std::lock_guard lock(engines().mutex);
    for (const auto& [name, make] : engines().makers) {
      known += ", " + name + ":";
      if (name == scheme) maker = make;
    }
  }
  // The URL may hold a password: the message names only its beginning.
  if (maker == nullptr) {
    throw std::invalid_argument("no bus for '" + scheme + "'; this program knows " + known);
  }
  return maker(url, options);
}

// ---- the bus in this process --------------------------------------------------------------------

LocalBus::LocalBus(const BusOptions& options)
    : topics_(core::make_owned<detail::Topics>(options)) {}
LocalBus::~LocalBus() = default;

Future<Cursor> LocalBus::publish(std::string topic, std::string message) {
  topics_->check_message(message);
  const auto open = topics_->open(topic);
  const auto now = static_cast<std::uint64_t>(ioloop::IOLoop::current().time() * 1000);
  last_ = now > last_.time ? Cursor{now, 0} : Cursor{last_.time, last_.number + 1};
  open->add({last_, std::move(message)});
  co_return last_;
}

Future<Messages> LocalBus::after(std::string topic, Cursor cursor, std::size_t max) {
  // While it waits, the bus may be destroyed: only the topic is used then.
  const detail::Reading reading(topics_->open(topic));
  Messages messages = reading->after(cursor, max);
  while (messages.empty()) {
    auto changed = reading->changed();
    co_await changed;
    messages = reading->after(cursor, max);
  }
  co_return messages;
}

}  // namespace tornado::bus
