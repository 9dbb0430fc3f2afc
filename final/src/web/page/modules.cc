#include "web/page/modules.h"

#include <algorithm>
#include <stdexcept>

#include "web/template/builtins.h"

namespace tornado::web {
namespace {

using template_::Arguments;
using template_::RenderError;
using template_::Value;

// ---- the modules that every application has -----------------------------------------------------

class LinkifyModule final : public UIModule {
 public:
  Value render(const Arguments& arguments) {
    return template_::detail::find_builtin("linkify")->call(arguments);
  }
};

class XsrfFormModule final : public UIModule {
 public:
  std::string render() { return handler().xsrf_form_html(); }
};

class TemplateModule final : public UIModule {
 public:
  Value render(const Arguments& arguments) {
    if (arguments.positional.size() != 1) {
      throw RenderError("TypeError", "Template() takes a file's name, and keywords");
    }
    const auto path = arguments.positional[0].get<std::string>();
    template_::Namespace names;
    names.set("set_resources",
              [this, path](const Arguments& given) { return set_resources(path, given); });
    for (const auto& [name, value] : arguments.keywords) names.set(name, value);
    return render_string(path, names);
  }

  std::string embedded_javascript() override { return joined("embedded_javascript", "\n"); }
  std::vector<std::string> javascript_files() override { return listed("javascript_files"); }
  std::string embedded_css() override { return joined("embedded_css", "\n"); }
  std::vector<std::string> css_files() override { return listed("css_files"); }
  std::string html_head() override { return joined("html_head", ""); }
  std::string html_body() override { return joined("html_body", ""); }

 private:
  using Resources = std::vector<std::pair<std::string, Value>>;

  // All uses of a file in one page must set the same resources.
  Value set_resources(const std::string& path, const Arguments& given) {
    const auto known = std::find_if(files_.begin(), files_.end(),
                                    [&](const auto& file) { return file.first == path; });
    if (known == files_.end()) {
      files_.emplace_back(path, given.keywords);
    } else if (known->second != given.keywords) {
      throw RenderError("ValueError",
                        "set_resources called with different resources for the same template");
    }
    return std::string();
  }

  // The resources of one kind, of all files.
  std::vector<std::string> listed(std::string_view kind) const {
    std::vector<std::string> all;
    for (const auto& [path, resources] : files_) {
      for (const auto& [name, value] : resources) {
        if (name != kind) continue;
        if (value.type() == template_::Type::kString) {
          all.push_back(value.str());
        } else {
          for (auto& one : value.get<std::vector<std::string>>()) all.push_back(std::move(one));
        }
      }
    }
    return all;
  }

  std::string joined(std::string_view kind, std::string_view between) const {
    std::string all;
    bool first = true;
    for (const std::string& one : listed(kind)) {
      if (!first) all += between;
      all += one;
      first = false;
    }
    return all;
  }

  std::vector<std::pair<std::string, Resources>> files_;
};

const detail::UIModuleClass* find_class(const Settings& settings, std::string_view name) {
  const auto found = settings.ui_modules.find(name);
  if (found != settings.ui_modules.end()) return found->second;
  if (name == "Template") return ui_module<TemplateModule>;
  if (name == "linkify") return ui_module<LinkifyModule>;
  if (name == "xsrf_form_html") return ui_module<XsrfFormModule>;
  return nullptr;
}

class Modules final : public template_::Object {
 public:
  explicit Modules(detail::PageModules& modules) : modules_(modules) {}
  bool attribute(std::string_view name, Value& result) const override {
    return modules_.find(std::string(name), result);
  }
  std::string_view type_name() const override { return "modules"; }

 private:
  detail::PageModules& modules_;
};

void insert(std::string& page, std::string_view tag, bool last, const std::string& html) {
  const auto at = last ? page.rfind(tag) : page.find(tag);
  if (at == std::string::npos) {
    throw std::runtime_error("a UI module adds to the page, which has no " + std::string(tag));
  }
  page.insert(at, html + "\n");
}

void append(std::vector<std::string>& all, std::string part) {
  if (!part.empty()) all.push_back(std::move(part));
}

std::string concatenated(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

}  // namespace

namespace detail {

bool PageModules::find(const std::string& name, Value& result) {
  auto known = std::find_if(active_.begin(), active_.end(),
                            [&](const Active& one) { return one.name == name; });
  if (known == active_.end()) {
    const UIModuleClass* type = find_class(handler_.settings(), name);
    if (type == nullptr) return false;
    known = active_.insert(active_.end(), {name, type, type->make()});
    known->module->handler_ = &handler_;
  }
  result = [module = known->module.get(), type = known->type](const Arguments& arguments) {
    return type->render(*module, arguments);
  };
  return true;
}

void PageModules::add_parts(std::string& page) const {
  std::vector<std::string> js_embed;
  std::vector<std::string> js_files;
  std::vector<std::string> css_embed;
  std::vector<std::string> css_files;
  std::vector<std::string> heads;
  std::vector<std::string> bodies;
  for (const Active& active : active_) {
    append(js_embed, active.module->embedded_javascript());
    for (std::string& file : active.module->javascript_files()) append(js_files, std::move(file));
    append(css_embed, active.module->embedded_css());
    for (std::string& file : active.module->css_files()) append(css_files, std::move(file));
    append(heads, active.module->html_head());
    append(bodies, active.module->html_body());
  }
  // The places are Tornado's: scripts before the last </body>, html_body() before the first.
  if (!js_files.empty()) insert(page, "</body>", true, handler_.render_linked_js(js_files));
  if (!js_embed.empty()) insert(page, "</body>", true, handler_.render_embed_js(js_embed));
  if (!css_files.empty()) insert(page, "</head>", false, handler_.render_linked_css(css_files));
  if (!css_embed.empty()) insert(page, "</head>", false, handler_.render_embed_css(css_embed));
  if (!heads.empty()) insert(page, "</head>", false, concatenated(heads));
  if (!bodies.empty()) insert(page, "</body>", false, concatenated(bodies));
}

template_::Value modules_value(PageModules& modules) {
  return template_::Value::object(new Modules(modules));
}

}  // namespace detail
}  // namespace tornado::web
