// Internal header. Pieces that several pages share.
#pragma once

#include <tornado/uimodule.h>

#include <optional>
#include <string>

#include "entry.h"

namespace blog {

// [module]
// {% module Entry(entry) %} is an entry in a list; {% module Entry(entry, True) %} is one on a page
// of its own.
struct EntryModule : tornado::web::UIModule {
  std::string render(const Entry& entry, std::optional<bool> alone) {
    return render_string("modules/entry.html",
                         {{"entry", entry}, {"alone", alone.value_or(false)}});
  }
  // Appears once, in the head of pages with entries.
  std::string embedded_css() override {
    return "article + article { border-top: 1px solid var(--line); margin-top: 2.5rem; }";
  }
};
// [/module]

}  // namespace blog
