// Internal header. Cookies, signed cookies, tokens against forged requests, and logging in, for
// tests/clients/test_signing.py. signing_handlers.py has the same for Python's Tornado.
#pragma once

#include <tornado/web.h>

#include <vector>

// Appends the routes to `routes`.
void add_signing_routes(std::vector<tornado::web::URLSpec>& routes);
// Defines the options that signing_settings() reads.
void define_signing_options();
void set_signing_settings(tornado::web::Settings& settings);
