// Internal header. The order in which the course is read, and the position of a page in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue.h"

namespace course {

// Returns the pages in reading order: each lesson, its exercises and its quiz, then the framework.
std::vector<Link> spine_of(const Course& course);

struct Place {
  std::optional<Link> previous;
  std::optional<Link> next;
  std::string chapter;  // "03", if the page belongs to a chapter
};

// Returns the neighbours of the page at `url`. A page outside the order, such as a source file or a
// hint, has the nearest page above it as its previous one.
Place place_of(const Course& course, std::string_view url);

// Returns where to go on: the first exercise that is not solved, the first lesson if none has been
// begun, the framework if all are solved; nothing for a course without lessons.
std::optional<Link> next_step(const Course& course);

}  // namespace course
