// What you write besides the feature: its test.
#pragma once

#include <tornado/concurrent.h>

#include <functional>
#include <string>

using Get = std::function<tornado::Future<std::string>(std::string key)>;

// Makes something that claims to be a SharedFetch around `fetch`, and returns its get(). What it
// makes lives as long as the function that is returned.
using Make = std::function<Get(Get fetch)>;

// Returns whether something that `make` makes breaks a promise of SharedFetch::get(). Runs on a
// thread with an IOLoop.
bool notices_a_fault(const Make& make);
