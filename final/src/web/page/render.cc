// Pages from templates.
#include <tornado/escape.h>
#include <tornado/template.h>
#include <tornado/web.h>

#include <algorithm>
#include <stdexcept>

#include "web/application_state.h"
#include "web/handler/response.h"
#include "web/page/modules.h"

namespace tornado::web {
namespace {

std::string joined_lines(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) {
    if (!all.empty()) all += '\n';
    all += part;
  }
  return all;
}

bool is_absolute(std::string_view path) {
  return path.starts_with('/') || path.starts_with("http:") || path.starts_with("https:");
}

// Returns the URLs of the files, each once, in order.
std::vector<std::string> urls_of(RequestHandler& handler, const std::vector<std::string>& files) {
  std::vector<std::string> urls;
  for (const std::string& file : files) {
    std::string url = is_absolute(file) ? file : handler.static_url(file);
    if (std::find(urls.begin(), urls.end(), url) == urls.end()) urls.push_back(std::move(url));
  }
  return urls;
}

}  // namespace

RequestHandler::Response::Response() = default;
RequestHandler::Response::~Response() = default;

concurrent::Sent RequestHandler::render(std::string_view template_name) {
  return render(template_name, {});
}

concurrent::Sent RequestHandler::render(std::string_view template_name,
                                        const template_::Namespace& names) {
  if (finished_) throw std::runtime_error("Cannot render() after finish()");
  std::string page = render_string(template_name, names);
  if (const auto& modules = response().modules; modules != nullptr) modules->add_parts(page);
  return finish(page);
}

std::string RequestHandler::render_string(std::string_view template_name) {
  return render_string(template_name, {});
}

std::string RequestHandler::render_string(std::string_view template_name,
                                          const template_::Namespace& names) {
  const std::shared_ptr<template_::BaseLoader> loader = template_loader();
  const std::shared_ptr<const template_::Template> page = loader->load(template_name);
  template_::Namespace all = get_template_namespace();
  all.update(names);
  return page->generate(all);
}

std::string RequestHandler::get_template_path() const {
  return settings().template_path;
}

std::shared_ptr<template_::BaseLoader> RequestHandler::create_template_loader(
    const std::string& template_path) const {
  if (settings().template_loader != nullptr) return settings().template_loader;
  template_::TemplateOptions options;
  options.autoescape = settings().autoescape.value_or("");
  options.whitespace = settings().template_whitespace;
  return std::make_shared<template_::Loader>(template_path.empty() ? "." : template_path, options);
}

std::shared_ptr<template_::BaseLoader> RequestHandler::template_loader() {
  const std::string path = get_template_path();
  std::shared_ptr<template_::BaseLoader>& loader = state_->template_loaders[path];
  if (loader == nullptr) {
    loader = create_template_loader(path);
  } else if (response().modules == nullptr && !state_->keeps_templates()) {
    loader->reset();  // the first page of this request reloads its files
  }
  return loader;
}

std::string RequestHandler::render_linked_js(const std::vector<std::string>& js_files) {
  std::string html;
  for (const std::string& url : urls_of(*this, js_files)) {
    html += "<script src=\"" + escape::xhtml_escape(url) + "\" type=\"text/javascript\"></script>";
  }
  return html;
}

std::string RequestHandler::render_embed_js(const std::vector<std::string>& js_embed) {
  return "<script type=\"text/javascript\">\n//<![CDATA[\n" + joined_lines(js_embed) +
         "\n//]]>\n</script>";
}

std::string RequestHandler::render_linked_css(const std::vector<std::string>& css_files) {
  std::string html;
  for (const std::string& url : urls_of(*this, css_files)) {
    html +=
        "<link href=\"" + escape::xhtml_escape(url) + "\" type=\"text/css\" rel=\"stylesheet\"/>";
  }
  return html;
}

std::string RequestHandler::render_embed_css(const std::vector<std::string>& css_embed) {
  return "<style type=\"text/css\">\n" + joined_lines(css_embed) + "\n</style>";
}

}  // namespace tornado::web
