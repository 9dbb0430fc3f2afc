// Internal header: the requests that read and write the chat's messages.
#pragma once

#include <tornado/bus.h>
#include <tornado/web.h>

#include <string>
#include <vector>

namespace chat {

// How many messages the chat remembers, for pages that are opened later or were offline.
inline constexpr std::size_t kRemembered = 200;

// Returns the routes of the chat: its page at `prefix` + "/", and below it its files and the
// requests of its script. The messages go through `bus`, which must outlive the application that
// gets the routes. That application's setting xsrf_cookies must be on.
std::vector<tornado::web::URLSpec> routes(tornado::bus::Bus* bus, const std::string& prefix = "");

}  // namespace chat
