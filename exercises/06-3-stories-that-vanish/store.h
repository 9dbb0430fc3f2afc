// The stories of a site. A request changes all that it wants to change, or nothing.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

class Store {
 public:
  using Texts = std::map<std::string, std::string>;  // by the number of the story

  explicit Store(Texts texts) : texts_(std::move(texts)), before_(texts_) {}

  // Begins the changes of one visitor.
  void begin(std::string visitor);
  // Keeps the changes, and notes them in the journal: "ada: 2". Without changes, notes nothing.
  void commit();
  // Undoes the changes since begin().
  void rollback();

  // Return whether there was such a story.
  bool write(const std::string& number, const std::string& text);
  bool remove(const std::string& number);

  const Texts& texts() const { return texts_; }
  const std::vector<std::string>& journal() const { return journal_; }

 private:
  Texts texts_;
  Texts before_;
  std::string visitor_;
  std::size_t changes_ = 0;
  std::vector<std::string> journal_;
};
