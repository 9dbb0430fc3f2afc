#include "04-iostream/line_chat.h"

namespace mini {

// The members' read callbacks use the chat. A closed stream does not call them.
LineChat::~LineChat() {
  for (const Member& member : *members_) member->close();
}

// [join]
void LineChat::handle_stream(Member member) {
  members_->insert(member);
  // When a member leaves, this is queued in the loop, and the chat may be destroyed before it runs.
  member->set_close_callback([members = std::weak_ptr(members_), member] {
    if (const auto all = members.lock()) all->erase(member);
  });
  member->write("Welcome. " + std::to_string(members_->size() - 1) + " others are here.\n");
  listen_to(member);
}

void LineChat::listen_to(const Member& member) {
  const auto on_line = [this, member](const std::string& line) {
    tell_others(member, line);
    listen_to(member);
  };
  member->read_until("\n", on_line, kMaxLine);
}
// [/join]

// [tell]
void LineChat::tell_others(const Member& speaker, const std::string& line) {
  for (const Member& member : *members_) {
    if (member == speaker) continue;
    member->write(line);
    // A chat cannot wait for a slow member: the others want the next line now.
    if (member->unsent() > kMaxUnsent) member->close();
  }
}
// [/tell]

}  // namespace mini
