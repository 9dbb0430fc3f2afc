#include "app.h"

#include <tornado/template.h>

using namespace tornado;

namespace {

struct HomeHandler : web::RequestHandler {
  void get() { render("home.html", {{"name", get_argument("name", "world")}}); }
};

}  // namespace

std::unique_ptr<web::Application> make_application(const std::string& templates) {
  web::Settings settings;
  settings.template_path = templates.empty() ? TEMPLATES : templates;
  std::vector<web::URLSpec> routes = {web::url<HomeHandler>("/")};
  return std::make_unique<web::Application>(std::move(routes), std::move(settings));
}
