// Public header: reusable parts of a page. Mirrors tornado.web's UIModule and the settings
// ui_modules and ui_methods.
//
//   struct EntryModule : web::UIModule {
//     std::string render(const Entry& entry, std::optional<bool> full) {
//       return render_string("modules/entry.html", {{"entry", entry}, {"full", full}});
//     }
//     std::vector<std::string> css_files() override { return {"entry.css"}; }
//   };
//
//   settings.ui_modules = {{"Entry", web::ui_module<EntryModule>}};
//
// A template inserts the module with {% module Entry(entry) %}. Every application also has these
// modules: Template("file.html", name=value), which renders a template with its own names, and in
// which set_resources(css_files="x.css") does the same as the virtual functions below;
// linkify(text); and xsrf_form_html().
#pragma once

#include <tornado/template.h>
#include <tornado/web.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::web {

// One object serves all uses of the module in a page. The results of its functions below are
// inserted into the page once, by render(). Empty ones add nothing.
class UIModule {
 public:
  UIModule() = default;
  UIModule(const UIModule&) = delete;
  UIModule& operator=(const UIModule&) = delete;
  virtual ~UIModule() = default;

  // render() is found by its name, like a verb: `std::string render(...)`. Its result is not
  // escaped. Its parameters are converted like those of a function (tornado/template.h); to receive
  // keywords too, take one const template_::Arguments&.

  // Returns JavaScript for its own <script>, at the end of <body>.
  virtual std::string embedded_javascript() { return {}; }
  // Returns files for <script> to load there. Relative ones are passed to static_url().
  virtual std::vector<std::string> javascript_files() { return {}; }
  // Return CSS for its own <style>, and files for <link> to load, at the end of <head>.
  virtual std::string embedded_css() { return {}; }
  virtual std::vector<std::string> css_files() { return {}; }
  // Return HTML for the end of <head>, and of <body>.
  virtual std::string html_head() { return {}; }
  virtual std::string html_body() { return {}; }

 protected:
  // Return the handler that renders the page, its request, and its user.
  RequestHandler& handler() const { return *handler_; }
  httputil::HTTPServerRequest& request() const { return handler_->request; }
  const CurrentUser& current_user() const { return handler_->current_user(); }
  // Calls RequestHandler::render_string.
  std::string render_string(std::string_view template_name,
                            const template_::Namespace& names = {}) {
    return handler_->render_string(template_name, names);
  }

 private:
  friend class detail::PageModules;
  RequestHandler* handler_ = nullptr;
};

namespace detail {

struct UIModuleClass {
  std::unique_ptr<UIModule> (*make)();
  template_::Value (*render)(UIModule& module, const template_::Arguments& arguments);
};

template <class M>
std::unique_ptr<UIModule> make_module() {
  return std::make_unique<M>();
}

template <class M>
template_::Value render_module(UIModule& base, const template_::Arguments& arguments) {
  auto& module = static_cast<M&>(base);
  auto call = [&module](auto&&... values) {
    return module.render(std::forward<decltype(values)>(values)...);
  };
  return template_::detail::Signature<decltype(&M::render)>::run(call, arguments);
}

template <class M>
inline constexpr UIModuleClass ui_module_class = {&make_module<M>, &render_module<M>};

// A function that receives the handler and the template's arguments.
class UIMethod {
 public:
  virtual ~UIMethod() = default;
  virtual template_::Value call(RequestHandler& handler,
                                const template_::Arguments& arguments) const = 0;
};

template <class Member>
struct MethodSignature;
template <class C, class R, class H, class... P>
struct MethodSignature<R (C::*)(H, P...) const> : template_::detail::Signature<R (*)(P...)> {
  static_assert(std::is_same_v<H, RequestHandler&>,
                "the first parameter of a ui method is a RequestHandler&");
};

template <class F>
class TypedMethod final : public UIMethod {
 public:
  explicit TypedMethod(F function) : function_(std::move(function)) {}
  template_::Value call(RequestHandler& handler,
                        const template_::Arguments& arguments) const override {
    auto call = [&](auto&&... values) {
      return function_(handler, std::forward<decltype(values)>(values)...);
    };
    return MethodSignature<decltype(&F::operator())>::run(call, arguments);
  }

 private:
  F function_;
};

}  // namespace detail

// A module class, as a value for the setting ui_modules.
template <class M>
inline constexpr const detail::UIModuleClass* ui_module = &detail::ui_module_class<M>;

// Makes a function available to every template, by the setting ui_methods. It receives the handler
// first:
//
//   settings.ui_methods = {{"greeting", web::ui_method([](web::RequestHandler& handler,
//                                                         std::string name) { ... })}};
template <class F>
std::shared_ptr<const detail::UIMethod> ui_method(F function) {
  return std::make_shared<const detail::TypedMethod<F>>(std::move(function));
}

}  // namespace tornado::web
