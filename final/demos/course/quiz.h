// Internal header. The questions of a chapter, from its quiz.toml. scripts/quiz.py describes the
// format.
#pragma once

#include <tornado/template_value.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repository.h"

namespace course {

// Texts are HTML.
struct Answer {
  std::string says;
  bool right = false;
  std::string why;            // of the right answer, the reason; of a wrong one, the refutation
  std::string misconception;  // empty for the right answer
};
TORNADO_FIELDS(Answer, says, right, why, misconception)

struct Question {
  std::string asks;
  std::string code;      // may be empty
  std::string where;     // the heading of the lesson that answers it
  std::string where_id;  // its id in the lesson; empty if the lesson has no such heading
  std::vector<Answer> answers;
};
TORNADO_FIELDS(Question, asks, code, where, where_id, answers)

// Returns the questions of chapters/`folder`, with their answers in the order in which `make quiz`
// shows them; nothing if there are none. Throws std::runtime_error if the file is not valid TOML.
std::optional<std::vector<Question>> read_quiz(const Repository& repository,
                                               std::string_view folder);

}  // namespace course
