#include "catalogue.h"

#include <toml++/toml.h>
#include <tornado/json.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <type_traits>

#include "code.h"

using tornado::json;

namespace course {
namespace {

std::filesystem::path deck_path(const Repository& repository, const std::string& folder) {
  return repository.root() / "build" / "slides" / (folder + ".html");
}

// Returns the first heading of a page; empty if there is no such page.
std::string title_of(const Repository& repository, const std::string& page) {
  const std::string text = repository.read(page).value_or("");
  const std::size_t begin = text.starts_with("# ") ? 0 : text.find("\n# ");
  if (begin == text.npos) return "";
  const std::size_t title = text.find("# ", begin) + 2;
  return text.substr(title, text.find('\n', title) - title);
}

// Returns the rows of a page's tables that begin with a link below `prefix`, "
//  [title](up + prefix...)
//  about
// ". `up` leads from the page's folder to the root, and is removed from the rows' URLs.
std::vector<Link> rows_of(std::string_view page, std::string_view up, std::string_view prefix) {
  const std::string target = "](" + std::string(up) + std::string(prefix);
  std::vector<Link> rows;
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    const std::size_t middle = line.find(target);
    if (!line.starts_with("| [") || middle == line.npos) continue;
    const std::size_t path = middle + 2 + up.size();
    const std::size_t end = line.find(") | ", path);
    const std::size_t last = line.rfind(" |");
    if (end == line.npos || last < end + 4) continue;
    rows.push_back({std::string(line.substr(3, middle - 3)),
                    "/" + std::string(line.substr(path, end - path)),
                    inline_code(line.substr(end + 4, last - end - 4))});
  }
  return rows;
}

// Returns what exercises/run.py has written; empty if it has written nothing, or if the file is
// broken.
json read_progress(const Repository& repository) {
  const std::string text = read_file(repository.root() / ".progress.json").value_or("{}");
  json progress = json::parse(text, nullptr, false);
  return progress.is_object() ? progress : json::object();
}

template <class T>
T field(const json& object, const char* name, T otherwise) {
  const auto found = object.find(name);
  if (found == object.end()) return otherwise;
  if constexpr (std::is_same_v<T, bool>)
    return found->is_boolean() ? found->get<bool>() : otherwise;
  return found->is_number_integer() ? found->get<T>() : otherwise;
}

// "03-1-name" belongs to chapter 03, "F-1-name" to the framework.
Exercise read_exercise(const Repository& repository, const std::string& folder,
                       const json& progress) {
  Exercise exercise;
  const std::size_t dash = folder.find('-', folder.find('-') + 1);
  exercise.id = folder.substr(0, dash);
  exercise.title = folder.substr(dash + 1);
  exercise.url = "/exercises/" + folder + "/";
  try {
    const toml::table table =
        toml::parse(repository.read("exercises/" + folder + "/exercise.toml").value_or(""));
    exercise.title = table["title"].value_or(exercise.title);
    exercise.kind = table["kind"].value_or(std::string());
    exercise.minutes = table["minutes"].value_or(0);
    for (int star = std::clamp(table["stars"].value_or(0), 0, 3); star > 0; --star)
      exercise.stars += "★";
  } catch (const toml::parse_error&) {
    // The file is still being written; until it can be read, the exercise is listed by its name.
  }
  for (const std::string& name : repository.names("exercises/" + folder + "/hints")) {
    exercise.hints += name.ends_with(".md") ? 1 : 0;
  }
  const auto own = progress.find(exercise.id);
  if (own == progress.end() || !own->is_object()) return exercise;
  exercise.solved = field(*own, "solved", false);
  if (exercise.solved) {
    exercise.state = "solved";
  } else if (own->contains("passed")) {
    exercise.state = std::to_string(field(*own, "passed", 0)) + " of " +
                     std::to_string(field(*own, "tests", 0)) + " tests";
  }
  return exercise;
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// "NN-name/": a chapter.
bool is_chapter(const std::string& name) {
  return name.size() > 4 && name.ends_with('/') && is_digit(name[0]) && is_digit(name[1]) &&
         name[2] == '-';
}

// "NN-K-name/" or "F-K-name/": an exercise.
bool is_exercise(const std::string& name) {
  const std::size_t number = name.find('-') + 1;
  return (is_chapter(name) || (name.starts_with("F-") && name.ends_with('/'))) &&
         name.size() > number + 3 && is_digit(name[number]) && name[number + 1] == '-';
}

Chapter read_chapter(const Repository& repository, const std::string& folder,
                     const std::vector<Link>& rows) {
  Chapter chapter;
  chapter.number = folder.substr(0, 2);
  chapter.folder = folder;
  chapter.url = "/chapters/" + folder + "/";
  chapter.title = title_of(repository, "chapters/" + folder + "/README.md");
  chapter.lesson = !chapter.title.empty();
  if (chapter.lesson) {
    if (chapter.title.starts_with(chapter.number + " ")) chapter.title.erase(0, 3);
  } else {
    chapter.title = folder.substr(3);
    std::ranges::replace(chapter.title, '-', ' ');
  }
  for (const Link& row : rows) {
    if (row.url.starts_with(chapter.url)) chapter.about = row.about;
  }
  chapter.deck_written = repository.find("slides/" + folder + ".md").has_value();
  std::error_code error;
  if (std::filesystem::is_regular_file(deck_path(repository, folder), error))
    chapter.deck = "/deck/" + folder;
  chapter.quiz = repository.find("chapters/" + folder + "/quiz.toml").has_value();
  return chapter;
}

std::vector<Link> read_pages(const Repository& repository) {
  std::vector<std::string> paths = {"final/README.md"};
  for (const char* const room : {"base", "loop", "net", "http", "web"}) {
    paths.push_back("final/src/" + std::string(room) + "/README.md");
  }
  for (const std::string folder : {"final/docs/", "docs/"}) {
    for (const std::string& name : repository.names(folder)) {
      if (name.ends_with(".md")) paths.push_back(folder + name);
    }
  }
  paths.insert(paths.end(),
               {"final/COMPATIBILITY.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"});
  std::vector<Link> pages;
  for (const std::string& path : paths) {
    const std::string title = title_of(repository, path);
    if (title.empty()) continue;
    const bool in_folder = path.ends_with("/README.md");
    const std::string url = "/" + (in_folder ? path.substr(0, path.size() - 9) : path);
    pages.push_back({inline_code(title), url, ""});
  }
  std::error_code error;
  // The decks of pages that are not a chapter's lesson.
  for (const std::string& name : repository.names("slides")) {
    const std::string stem = name.substr(0, name.rfind('.'));
    if (repository.find("chapters/" + stem)) continue;
    if (!std::filesystem::is_regular_file(deck_path(repository, stem), error)) continue;
    const std::string title = inline_code(title_of(repository, "slides/" + name));
    pages.push_back({"Slides: " + title, "/deck/" + stem, ""});
  }
  return pages;
}

}  // namespace

Course read_course(const Repository& repository) {
  const std::string readme = repository.read("README.md").value_or("");
  const std::vector<Link> rows = rows_of(readme, "", "chapters/");
  Course course;
  for (const std::string& name : repository.names("chapters")) {
    if (is_chapter(name)) {
      course.chapters.push_back(read_chapter(repository, name.substr(0, name.size() - 1), rows));
    }
  }
  const json progress = read_progress(repository);
  for (const std::string& name : repository.names("exercises")) {
    if (!is_exercise(name)) continue;
    const Exercise exercise = read_exercise(repository, name.substr(0, name.size() - 1), progress);
    const auto chapter = std::ranges::find(course.chapters, name.substr(0, 2), &Chapter::number);
    if (chapter != course.chapters.end()) {
      chapter->solved += exercise.solved ? 1 : 0;
      chapter->exercises.push_back(exercise);
    } else if (name.starts_with("F-")) {
      course.final_exercises.push_back(exercise);
    } else {
      continue;
    }
    course.exercises += 1;
    course.solved += exercise.solved ? 1 : 0;
  }
  course.pages = read_pages(repository);
  return course;
}

std::filesystem::path reference_path(const Repository& repository) {
  return repository.root() / "build" / "docs";
}

std::optional<std::string> read_deck(const Repository& repository, const std::string& folder) {
  return read_file(deck_path(repository, folder));
}

}  // namespace course
