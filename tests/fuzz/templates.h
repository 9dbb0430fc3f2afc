// Internal header: what the templates for servers and those for clients have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "script.h"

namespace tornado::fuzz {

// "a", gzipped: a body of 21 bytes.
inline constexpr std::string_view kGzipped{
    "\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0", 21};

inline Step step(Action action, std::string bytes, std::uint16_t number = 0) {
  Step step;
  step.action = action;
  step.bytes = std::move(bytes);
  step.number = number;
  return step;
}

inline Step sends(std::string bytes) {
  return step(Action::kSend, std::move(bytes));
}

// The steps that carry no bytes: two pauses, and what else a peer does to its connection.
inline void add_silent_steps(std::vector<Step>& to) {
  to.push_back(step(Action::kPause, "", 1));
  to.push_back(step(Action::kPause, "", 601));
  for (const Action action : {Action::kEnd, Action::kClose, Action::kStall}) {
    to.push_back(step(action, ""));
  }
}

}  // namespace tornado::fuzz
