// A message board that clients poll: "what is new since number 17?"
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

class Board {
 public:
  // Keeps the newest `most` messages.
  explicit Board(std::size_t most) : most_(most) {}

  // Adds a message, and returns its number: 1, 2, 3 and so on.
  int add(const std::string& author, const std::string& text);

  // Changes the text of a message. Returns whether the board still has it.
  bool edit(int id, const std::string& text);

  // Returns the messages after number `id` that the board has, oldest first, as JSON:
  // {"messages": [{"id": 18, "author": "Ada", "text": "hello"}]}
  std::string since(int id) const;

 private:
  struct Message {
    int id;
    std::string author;
    std::string text;
    std::string cache;  // for you, if you want one
  };

  std::size_t most_;
  int last_ = 0;
  std::deque<Message> messages_;
};
