// Internal header: the UI modules of the page that a handler renders.
#pragma once

#include <tornado/uimodule.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tornado::web::detail {

class PageModules {
 public:
  explicit PageModules(RequestHandler& handler) : handler_(handler) {}

  // Returns the module of that name, created on first use; null if there is no such class. `result`
  // is the template function that renders it.
  bool find(const std::string& name, template_::Value& result);

  // Inserts the modules' resources into the page. Throws std::runtime_error if the page has no
  // place for them.
  void add_parts(std::string& page) const;

 private:
  struct Active {
    std::string name;
    const UIModuleClass* type;
    std::unique_ptr<UIModule> module;
  };

  RequestHandler& handler_;
  std::vector<Active> active_;  // in order of first use
};

// A template's `modules` and `_tt_modules`.
template_::Value modules_value(PageModules& modules);
// A template's `handler`.
template_::Value handler_value(RequestHandler& handler);

}  // namespace tornado::web::detail
