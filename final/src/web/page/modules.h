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

  // The module of that name, made when it is first asked for; null if there is no such class.
  // `result` renders it, as a template's function.
  bool find(const std::string& name, template_::Value& result);

  // Puts what the modules need into the page. Throws std::runtime_error if it has no place for it.
  void add_parts(std::string& page) const;

 private:
  struct Active {
    std::string name;
    const UIModuleClass* type;
    std::unique_ptr<UIModule> module;
  };

  RequestHandler& handler_;
  std::vector<Active> active_;  // in the order of their first use
};

// `modules` and `_tt_modules` of a template.
template_::Value modules_value(PageModules& modules);
// `handler` of a template.
template_::Value handler_value(RequestHandler& handler);

}  // namespace tornado::web::detail
