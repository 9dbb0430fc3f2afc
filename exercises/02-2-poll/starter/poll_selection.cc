#include "02-2-poll/poll_selection.h"

void PollSelection::watch_read(int /*fd*/) {
  // TODO
}

void PollSelection::watch_write(int /*fd*/) {
  // TODO
}

void PollSelection::wait(std::optional<std::chrono::microseconds> /*timeout*/) {
  // TODO: ask with poll(2).
}

bool PollSelection::can_read(int /*fd*/) const {
  return false;  // TODO
}

bool PollSelection::can_write(int /*fd*/) const {
  return false;  // TODO
}
