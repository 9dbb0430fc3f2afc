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

Link link_to(const Chapter& chapter) {
  return {chapter.number + " " + chapter.title, chapter.url, ""};
}

// Adds the details of a lesson or a task, if this is one.
void add_surroundings(View& view, const Repository& repository, const std::string& path) {
  const bool one_below = std::ranges::count(path, '/') == 2;
  if (!one_below || !(path.starts_with("chapters/") || path.starts_with("exercises/"))) return;
  const Course course = read_course(repository);
  const auto& chapters = course.chapters;
  const auto here = std::ranges::find(chapters, "/" + path, &Chapter::url);
  if (here != chapters.end()) {
    view.chapter = *here;
    if (here != chapters.begin()) view.previous = link_to(*(here - 1));
    if (here + 1 != chapters.end()) view.next = link_to(*(here + 1));
  }
  for (const Chapter& chapter : chapters) {
    const auto exercise = std::ranges::find(chapter.exercises, "/" + path, &Exercise::url);
    if (exercise != chapter.exercises.end()) view.exercise = *exercise;
  }
}

void show_document(View& view, std::string_view text, const std::string& path) {
  Document document = render_markdown(text);
  view.kind = "document";
  view.title = document.title.empty() ? path : std::move(document.title);
  view.html = std::move(document.html);
  for (Heading& heading : document.headings) {
    if (heading.level == 2) view.headings.push_back(std::move(heading));
  }
}

View view_of_folder(const Repository& repository, const std::string& path) {
  View view;
  view.kind = "folder";
  view.title = path;
  view.crumbs = crumbs_of(path);
  view.names = repository.names(path);
  add_surroundings(view, repository, path);
  if (const auto text = repository.read(path + std::string(kReadme)))
    show_document(view, *text, path);
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
  view.crumbs = crumbs_of(path);
  const std::optional<std::string> text = repository.read(path);
  view.kind = "source";
  view.title = name;
  if (!text || text->find('\0') != text->npos || !tornado::escape::is_valid_utf8(*text)) {
    view.html =
        "<span class=\"comment\">This file is not text, or too long. Look at it in a "
        "terminal.</span>";
    return view;
  }
  if (name.ends_with(".md")) {
    show_document(view, *text, path);
    return view;
  }
  view.html = highlight_file(*text, name.substr(name.rfind('.') + 1));
  return view;
}

}  // namespace

View make_view(const Repository& repository, const std::string& path) {
  const auto found = repository.find(path);
  if (!found) throw HTTPError(404);
  std::error_code error;
  if (!std::filesystem::is_directory(*found, error)) {
    if (path.ends_with('/')) throw HTTPError(404);
    return view_of_file(repository, path);
  }
  if (path.ends_with('/')) return view_of_folder(repository, path);
  View view;
  view.redirect = "/" + path + "/";
  return view;
}

}  // namespace course
