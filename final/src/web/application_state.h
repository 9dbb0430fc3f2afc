// Internal header. The state that an application and its handlers share: a handler may outlive the
// application, in a coroutine that still waits.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/core/run_queue.h>
#include <tornado/web.h>

#include <array>
#include <ctime>

#include "web/routing/rule_table.h"

namespace tornado::web::detail {

// The methods that have a verb of their own, in the order of Verb.
inline constexpr std::array<std::string_view, 7> kMethodNames = {
    "GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS"};

// Where the traceback of a request's exception begins: the frames outside it are the same for all.
inline constexpr std::string_view kOutermostCall = "tornado::web::RequestHandler::execute";

struct ApplicationState final : core::Counted {
  ApplicationState(Application& owner, std::vector<Rule> handlers, Settings app_settings);

  // Finds the handler for a request. Never null.
  routing::detail::Destination find(const httputil::HTTPServerRequest& request) const;
  // Like Application::reverse.
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const;

  // Server, Content-Type and Date. Rewritten once a second; a response copies them.
  const httputil::HTTPHeaders& default_headers();

  bool keeps_templates() const {
    return settings.compiled_template_cache.value_or(!settings.debug);
  }

  // Starts autoreload on the current loop if the settings ask for it. Called only once there is a
  // loop, because an application may be created earlier.
  void begin_autoreload();

  bool serves_tracebacks() const { return settings.serve_traceback.value_or(settings.debug); }

  Application* application;  // null once it is gone
  const Settings settings;
  routing::detail::RuleTable hosts;   // of add_handlers(): tried first
  routing::detail::RuleTable routes;  // for every host
  const routing::RuleTarget not_found;
  std::vector<Application::MakeTransform> transforms;
  // By the folder that they load from.
  std::map<std::string, std::shared_ptr<template_::BaseLoader>, std::less<>> template_loaders;
  core::ListHook open_handlers;  // asynchronous handlers that have not finished

 private:
  bool autoreload_is_due_;
  httputil::HTTPHeaders default_headers_;
  std::time_t default_headers_second_ = -1;
};

}  // namespace tornado::web::detail
