#include "view.h"

#include <tornado/escape.h>
#include <tornado/web.h>

#include <algorithm>
#include <filesystem>

#include "code.h"

using tornado::web::HTTPError;

namespace course {
namespace {

constexpr std::string_view kReadme = "README.md";
constexpr std::size_t kMostShown = 100'000;  // bytes of a source; no page of ours is longer

// "a/b/c": the links a/ and a/b/.
std::vector<Link> crumbs_of(std::string_view path) {
  std::vector<Link> crumbs;
  if (path.ends_with('/')) path.remove_suffix(1);
  for (std::size_t begin = 0, slash; (slash = path.find('/', begin)) != path.npos;
       begin = slash + 1) {
    crumbs.push_back({std::string(path.substr(begin, slash - begin)),
                      "/" + std::string(path.substr(0, slash + 1)), ""});
  }
  return crumbs;
}

// Adds the details of a lesson or a task, if this is one.
void add_surroundings(View& view, const std::string& path) {
  const std::string url = "/" + path;
  const auto add_exercise = [&](const std::vector<Exercise>& exercises, const std::string& lesson) {
    const auto exercise = std::ranges::find(exercises, url, &Exercise::url);
    if (exercise == exercises.end()) return;
    view.exercise = *exercise;
    view.lesson = lesson;
    // The hints have links of their own, and a solution is for after one's own.
    std::erase_if(view.names, [&](const std::string& name) {
      return name == "hints/" || name == "wrong/" || (name == "solution/" && !exercise->solved);
    });
  };
  for (const Chapter& chapter : view.course.chapters) {
    if (url == chapter.url) view.chapter = chapter;
    add_exercise(chapter.exercises, chapter.url);
  }
  add_exercise(view.course.final_exercises, "/final/");
}

// Returns "a/c" for the URL "../c" in the folder "a/b/"; empty if it leaves the repository.
std::string resolve(std::string folder, std::string_view url) {
  while (url.starts_with("../")) {
    url.remove_prefix(3);
    if (folder.empty()) return "";
    folder.pop_back();
    folder.erase(folder.rfind('/') + 1);  // npos + 1 is 0
  }
  return folder + std::string(url);
}

// "exercises/03-1-name/hints/2.md" is "Hint 2", whose page has no heading of its own.
std::string title_without_heading(const std::string& path) {
  const std::size_t name = path.rfind('/') + 1;
  const std::string stem = path.substr(name, path.rfind('.') - name);
  return path.find("/hints/") != path.npos ? "Hint " + stem : path;
}

void show_document(View& view, const Repository& repository, std::string_view text,
                   const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  Document document = render_markdown(
      text, [&](std::string_view url) { return repository.read(resolve(folder, url)); });
  view.kind = "document";
  view.html = std::move(document.html);
  view.title = std::move(document.title);
  if (view.title.empty()) {
    view.title = title_without_heading(path);
    view.html.insert(0, "<h1>" + tornado::escape::xhtml_escape(view.title) + "</h1>\n");
  }
  for (Heading& heading : document.headings) {
    if (heading.level != 2 && heading.level != 3) continue;
    // "Step 1: sockets (socket.cc)": the sidebar has no room for the files.
    if (heading.text.ends_with(')'))
      heading.text.erase(std::min(heading.text.rfind(" ("), heading.text.size()));
    view.headings.push_back(std::move(heading));
  }
}

void show_source(View& view, std::string_view text, std::string_view kind) {
  view.kind = "source";
  if (text.size() > kMostShown) {
    const std::size_t end = text.rfind('\n', kMostShown) + 1;
    const auto all = std::ranges::count(text, '\n');
    text = text.substr(0, end);
    view.note = "This page shows the first " + std::to_string(std::ranges::count(text, '\n')) +
                " of " + std::to_string(all) + " lines.";
  }
  view.html = highlight_file(text, kind);
}

View view_of_folder(const Repository& repository, const std::string& path) {
  View view;
  view.kind = "folder";
  view.title = path;
  view.names = repository.names(path);
  if (const auto text = repository.read(path + std::string(kReadme)))
    show_document(view, repository, *text, path);
  return view;
}

View view_of_file(const Repository& repository, const std::string& path) {
  View view;
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);  // npos + 1 is 0
  if (name == kReadme && slash != path.npos) {
    view.redirect = "/" + path.substr(0, slash + 1);
    return view;
  }
  const std::optional<std::string> text = repository.read(path);
  view.title = name;
  if (!text || text->find('\0') != text->npos || !tornado::escape::is_valid_utf8(*text)) {
    view.kind = "source";
    view.note = "This file is not text, or too long. Look at it in a terminal.";
  } else if (name.ends_with(".md")) {
    show_document(view, repository, *text, path);
  } else {
    show_source(view, *text, name.substr(name.rfind('.') + 1));
  }
  return view;
}

}  // namespace

View make_view(const Repository& repository, const std::string& path) {
  const auto found = repository.find(path);
  if (!found) throw HTTPError(404);
  std::error_code error;
  View view;
  if (!std::filesystem::is_directory(*found, error)) {
    if (path.ends_with('/')) throw HTTPError(404);
    view = view_of_file(repository, path);
  } else if (path.ends_with('/')) {
    view = view_of_folder(repository, path);
  } else {
    view.redirect = "/" + path + "/";
  }
  if (!view.redirect.empty()) return view;
  view.crumbs = crumbs_of(path);
  view.course = read_course(repository);
  add_surroundings(view, path);
  return view;
}

}  // namespace course
