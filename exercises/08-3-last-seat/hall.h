// The seats of a hall.
#pragma once

#include <map>
#include <set>
#include <string>

class Hall {
 public:
  explicit Hall(int seats);

  bool has_free() const { return !free_.empty(); }
  // Takes the first free seat, for a sale or to give it back. There must be one.
  int take();
  void give_back(int seat);
  void sell(int seat, const std::string& name);

  const std::map<int, std::string>& sold() const { return sold_; }

 private:
  std::set<int> free_;
  std::map<int, std::string> sold_;
};
