#include "F-3-faster-board/board.h"

#include <tornado/json.h>

using tornado::json;

int Board::add(const std::string& author, const std::string& text) {
  messages_.push_back({++last_, author, text, ""});
  if (messages_.size() > most_) messages_.erase(messages_.begin());
  return last_;
}

bool Board::edit(int id, const std::string& text) {
  for (Message& message : messages_) {
    if (message.id == id) {
      message.text = text;
      return true;
    }
  }
  return false;
}

std::string Board::since(int id) const {
  json found = json::array();
  for (const Message& message : messages_) {
    const json one = {{"id", message.id}, {"author", message.author}, {"text", message.text}};
    if (message.id > id) found.push_back(one);
  }
  const json all = {{"messages", found}};
  return tornado::escape::json_encode(all);
}
