// The application: its handlers, routes and settings.
#pragma once

#include <tornado/web.h>

#include <memory>
#include <string>

// Makes the application. `templates` is the folder of its pages; empty means the folder in the
// sources.
std::unique_ptr<tornado::web::Application> make_application(const std::string& templates = {});
