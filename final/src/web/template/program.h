// Internal header: a compiled template: its own file, those it extends, and those they include.
#pragma once

#include <tornado/template.h>

#include <deque>
#include <memory>
#include <string>

#include "web/template/file.h"
#include "web/template/statements.h"

namespace tornado::template_::detail {

class Program {
 public:
  // Throws ParseError. Does not keep references to `file`.
  Program(const std::shared_ptr<const File>& file, BaseLoader* loader);

  // Runs the template, and appends to frame.out.
  void run(Frame& frame) const { detail::run(body_, frame); }
  const std::vector<std::string>& slot_names() const noexcept { return scope_.names(); }

 private:
  friend class Composer;
  static std::shared_ptr<const File> load(BaseLoader& loader, const std::string& name,
                                          const std::string& parent);

  Scope scope_;
  std::deque<Location> locations_;  // the statements point to them
  Section body_;
};

}  // namespace tornado::template_::detail
