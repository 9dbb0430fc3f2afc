// Public header: pieces of a page. Mirrors tornado.web's UIModule and the settings ui_modules and
// ui_methods.
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
// Then a template shows one with {% module Entry(entry) %}. Without being named there, every
// application has Template("file.html", name=value), which renders a template with names of its own
// and in which set_resources(css_files="x.css") does what the virtual functions below do;
// linkify(text); and xsrf_form_html().
#pragma once

#include <tornado/template.h>
#include <tornado/web.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::web {

// One object serves all uses of the module in a page. What its functions below return is put into
// the page once, by render(): empty means nothing.
class UIModule {
 public:
  UIModule() = default;
  UIModule(const UIModule&) = delete;
  UIModule& operator=(const UIModule&) = delete;
  virtual ~UIModule() = default;

  // Found by its name, like a verb: `std::string render(...)`. Its result is not escaped. Its
  // parameters are converted as a function's are (tornado/template.h); one const
  // template_::Arguments& takes keywords too.

  // JavaScript for a <script> of its own, at the end of <body>.
  virtual std::string embedded_javascript() { return {}; }
  // Files that <script> loads there. Relative ones are static_url()s.
  virtual std::vector<std::string> javascript_files() { return {}; }
  // CSS for a <style> of its own, at the end of <head>; and files that <link> loads there.
  virtual std::string embedded_css() { return {}; }
  virtual std::vector<std::string> css_files() { return {}; }
  // HTML for the end of <head>, and of <body>.
  virtual std::string html_head() { return {}; }
  virtual std::string html_body() { return {}; }

 protected:
  // The handler that renders the page, and its request.
  RequestHandler& handler() const { return *handler_; }
  httputil::HTTPServerRequest& request() const { return handler_->request; }
  const CurrentUser& current_user() const { return handler_->current_user(); }
  // RequestHandler::render_string.
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

// A function of the handler and what the template gives it.
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

// A module class, for the setting ui_modules.
template <class M>
inline constexpr const detail::UIModuleClass* ui_module = &detail::ui_module_class<M>;

// A function that every template has, for the setting ui_methods; it gets the handler first:
//
//   settings.ui_methods = {{"greeting", web::ui_method([](web::RequestHandler& handler,
//                                                         std::string name) { ... })}};
template <class F>
std::shared_ptr<const detail::UIMethod> ui_method(F function) {
  return std::make_shared<const detail::TypedMethod<F>>(std::move(function));
}

}  // namespace tornado::web
