// Internal header. What there is to read and to do, found anew each time it is asked for.
#pragma once

#include <tornado/template_value.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "repository.h"

namespace course {

struct Exercise {
  std::string id;  // "01-1"
  std::string title;
  std::string url;
  std::string kind;   // rebuild, extend, debug or measure
  std::string stars;  // as many as it is hard
  int minutes = 0;
  std::string state;  // "solved", "3 of 5 tests", or empty: not begun
  bool solved = false;
};
TORNADO_FIELDS(Exercise, id, title, url, kind, stars, minutes, state, solved)

struct Chapter {
  std::string number;  // "01"
  std::string folder;  // "01-blocking-server"
  std::string title;
  std::string about;  // HTML: what one builds; empty as long as the project's README does not say
  std::string url;    // of the lesson
  bool lesson = false;
  std::string deck;  // a URL; empty if it is not built
  bool deck_written = false;
  bool quiz = false;
  std::vector<Exercise> exercises;
  int solved = 0;
};
TORNADO_FIELDS(Chapter, number, folder, title, about, url, lesson, deck, deck_written, quiz,
               exercises, solved)

struct Link {
  std::string title;
  std::string url;
  std::string about;  // HTML
};
TORNADO_FIELDS(Link, title, url, about)

struct Course {
  std::vector<Chapter> chapters;
  std::vector<Link> pages;  // of the framework itself
  std::vector<Link> demos;
};

// Reads the folders, the titles of the pages, the tables of README.md and docs/demos.md, and the
// file in which exercises/run.py keeps the reader's progress. Omits what is missing or broken.
Course read_course(const Repository& repository);

// Where `make docs` puts the reference of the public headers.
std::filesystem::path reference_path(const Repository& repository);

// The deck of a chapter as `make slides` has built it; nothing if it has not.
std::optional<std::string> read_deck(const Repository& repository, const std::string& folder);

}  // namespace course
