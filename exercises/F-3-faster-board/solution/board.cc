#include "F-3-faster-board/board.h"

#include <tornado/json.h>

#include <algorithm>

using tornado::json;

namespace {

std::string encode(int id, const std::string& author, const std::string& text) {
  const json one = {{"id", id}, {"author", author}, {"text", text}};
  return tornado::escape::json_encode(one);
}

}  // namespace

int Board::add(const std::string& author, const std::string& text) {
  messages_.push_back({++last_, author, text, encode(last_, author, text)});
  if (messages_.size() > most_) messages_.pop_front();
  return last_;
}

bool Board::edit(int id, const std::string& text) {
  if (messages_.empty() || id < messages_.front().id || id > last_) return false;
  Message& message = messages_[static_cast<std::size_t>(id - messages_.front().id)];
  message.text = text;
  message.cache = encode(id, message.author, text);
  return true;
}

// The numbers have no gaps, so the first message is found without a search.
std::string Board::since(int id) const {
  std::string all = "{\"messages\":[";
  if (!messages_.empty() && id < last_) {
    const int first = std::max(id + 1, messages_.front().id) - messages_.front().id;
    for (auto at = messages_.begin() + first; at != messages_.end(); ++at) {
      all += at->cache;
      all += ',';
    }
    all.pop_back();
  }
  return all + "]}";
}
