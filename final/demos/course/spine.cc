#include "spine.h"

#include <tornado/escape.h>

#include <algorithm>

using tornado::escape::xhtml_escape;

namespace course {
namespace {

Link link_to(const Exercise& exercise) {
  return {xhtml_escape(exercise.id + " " + exercise.title), exercise.url, "exercise"};
}

Link lesson_of(const Chapter& chapter) {
  return {xhtml_escape(chapter.number + " " + chapter.title), chapter.url, "lesson"};
}

std::string quiz_url(const Chapter& chapter) {
  return "/quiz/" + chapter.number;
}

std::string chapter_of(const Course& course, std::string_view url) {
  for (const Chapter& chapter : course.chapters) {
    if (url.starts_with(chapter.url) || url == quiz_url(chapter) ||
        url.starts_with("/exercises/" + chapter.number + "-")) {
      return chapter.number;
    }
  }
  return "";
}

}  // namespace

std::vector<Link> spine_of(const Course& course) {
  std::vector<Link> spine;
  for (const Chapter& chapter : course.chapters) {
    spine.push_back(lesson_of(chapter));
    for (const Exercise& exercise : chapter.exercises) spine.push_back(link_to(exercise));
    if (chapter.quiz) {
      spine.push_back({xhtml_escape("Quiz " + chapter.number), quiz_url(chapter), "quiz"});
    }
  }
  for (const Link& page : course.pages) {
    if (page.url.starts_with("/deck/")) continue;  // the page that it belongs to is there
    spine.push_back({page.title, page.url, "page"});
    if (&page != &course.pages.front()) continue;
    for (const Exercise& exercise : course.final_exercises) spine.push_back(link_to(exercise));
  }
  return spine;
}

Place place_of(const Course& course, std::string_view url) {
  const std::vector<Link> spine = spine_of(course);
  Place place;
  place.chapter = chapter_of(course, url);
  const auto here = std::ranges::find(spine, url, &Link::url);
  if (here != spine.end()) {
    if (here != spine.begin()) place.previous = *(here - 1);
    if (here + 1 != spine.end()) place.next = *(here + 1);
    return place;
  }
  for (const Link& page : spine) {
    const bool above = page.url.ends_with('/') && url.starts_with(page.url);
    if (above && (!place.previous || page.url.size() > place.previous->url.size())) {
      place.previous = page;
    }
  }
  return place;
}

std::optional<Link> next_step(const Course& course) {
  if (course.chapters.empty()) return std::nullopt;
  const bool begun =
      course.solved > 0 || std::ranges::any_of(course.chapters, [](const Chapter& chapter) {
        return std::ranges::any_of(
            chapter.exercises, [](const Exercise& exercise) { return !exercise.state.empty(); });
      });
  if (!begun) return lesson_of(course.chapters.front());
  for (const Chapter& chapter : course.chapters) {
    // A new chapter begins with its lesson.
    if (&chapter != &course.chapters.front() && !chapter.exercises.empty() &&
        std::ranges::all_of(chapter.exercises,
                            [](const Exercise& exercise) { return exercise.state.empty(); })) {
      return lesson_of(chapter);
    }
    for (const Exercise& exercise : chapter.exercises) {
      if (!exercise.solved) return link_to(exercise);
    }
  }
  if (course.pages.empty()) return std::nullopt;
  return Link{course.pages.front().title, course.pages.front().url, "page"};
}

}  // namespace course
