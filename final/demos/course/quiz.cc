#include "quiz.h"

#include <toml++/toml.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "code.h"
#include "markdown.h"

namespace course {
namespace {

// Returns the text without surrounding blanks; empty if there is none.
std::string text_of(const toml::table& table, std::string_view name) {
  const std::string text = table[name].value_or(std::string());
  const std::size_t begin = text.find_first_not_of(" \n\t");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(" \n\t") - begin + 1);
}

unsigned long hash(const std::string& text) {
  return ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
}

template <class F>
void each_table(const toml::table& table, std::string_view name, F use) {
  const toml::array* const array = table[name].as_array();
  if (array == nullptr) return;
  for (const toml::node& one : *array) {
    if (const toml::table* const inner = one.as_table()) use(*inner);
  }
}

std::vector<Answer> answers_of(const toml::table& question) {
  std::vector<Answer> answers = {
      {text_of(question, "right"), true, inline_code(text_of(question, "because")), ""}};
  each_table(question, "wrong", [&answers](const toml::table& wrong) {
    answers.push_back({text_of(wrong, "says"), false, inline_code(text_of(wrong, "refuted")),
                       inline_code(text_of(wrong, "misconception"))});
  });
  std::ranges::sort(answers, {}, [](const Answer& answer) { return hash(answer.says); });
  for (Answer& answer : answers) answer.says = inline_code(answer.says);
  return answers;
}

std::string id_of(const Document& lesson, const std::string& beginning) {
  const auto found = std::ranges::find_if(lesson.headings, [&beginning](const Heading& heading) {
    return heading.text.starts_with(beginning);
  });
  return found == lesson.headings.end() ? "" : found->id;
}

}  // namespace

std::optional<std::vector<Question>> read_quiz(const Repository& repository,
                                               std::string_view folder) {
  const std::string place = "chapters/" + std::string(folder);
  const std::optional<std::string> text = repository.read(place + "/quiz.toml");
  if (!text) return std::nullopt;
  const Document lesson = render_markdown(repository.read(place + "/README.md").value_or(""));
  std::vector<Question> questions;
  try {
    each_table(toml::parse(*text), "question", [&](const toml::table& one) {
      const std::string where = text_of(one, "answered_in");
      questions.push_back({inline_code(text_of(one, "asks")),
                           highlight(text_of(one, "code"), "cpp"), where, id_of(lesson, where),
                           answers_of(one)});
    });
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(place + "/quiz.toml: " + std::string(error.description()));
  }
  return questions;
}

}  // namespace course
