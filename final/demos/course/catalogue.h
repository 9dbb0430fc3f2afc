// Internal header. The lessons and exercises of the project, read again on each request.
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
  std::string stars;  // as many as its difficulty
  int minutes = 0;
  int hints = 0;      // how many there are
  std::string state;  // "solved", "3 of 5 tests", or empty: not begun
  bool solved = false;
};
TORNADO_FIELDS(Exercise, id, title, url, kind, stars, minutes, hints, state, solved)

struct Chapter {
  std::string number;  // "01"
  std::string folder;  // "01-blocking-server"
  std::string title;
  std::string about;  // HTML: what the reader builds; empty if the project's README does not say
  std::string url;    // of the lesson
  bool lesson = false;
  std::string deck;  // a URL; empty if the deck is not built
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
  std::vector<Exercise> final_exercises;  // "F-1"
  std::vector<Link> pages;                // of the framework itself: final first, then its rooms
  int solved = 0;                         // of all exercises
  int exercises = 0;
};

// Reads the folders, the titles of the pages, the table of README.md, and the file in which
// exercises/run.py stores the reader's progress. Omits anything missing or broken.
Course read_course(const Repository& repository);

// The folder in which `make docs` puts the reference of the public headers.
std::filesystem::path reference_path(const Repository& repository);

// Returns the deck of a chapter that `make slides` has built; nothing if it has not.
std::optional<std::string> read_deck(const Repository& repository, const std::string& folder);

}  // namespace course
