// The board as it was, to measure yours against.
#pragma once

#include <tornado/json.h>

#include <cstddef>
#include <deque>
#include <string>

class SlowBoard {
 public:
  explicit SlowBoard(std::size_t most) : most_(most) {}
  int add(const std::string& author, const std::string& text) {
    messages_.push_back({++last_, author, text});
    if (messages_.size() > most_) messages_.erase(messages_.begin());
    return last_;
  }
  std::string since(int id) const {
    tornado::json found = tornado::json::array();
    for (const Message& message : messages_) {
      const tornado::json one = {
          {"id", message.id}, {"author", message.author}, {"text", message.text}};
      if (message.id > id) found.push_back(one);
    }
    const tornado::json all = {{"messages", found}};
    return tornado::escape::json_encode(all);
  }

 private:
  struct Message {
    int id;
    std::string author;
    std::string text;
  };

  std::size_t most_;
  int last_ = 0;
  std::deque<Message> messages_;
};
