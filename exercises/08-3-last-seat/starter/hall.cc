#include "08-3-last-seat/hall.h"

Hall::Hall(int seats) {
  for (int seat = 1; seat <= seats; ++seat) free_.insert(seat);
}

int Hall::take() {
  return free_.extract(free_.begin()).value();
}

void Hall::give_back(int seat) {
  free_.insert(seat);
}

void Hall::sell(int seat, const std::string& name) {
  sold_.emplace(seat, name);
}
