// What you write besides the feature: its test.
#pragma once

#include <tornado/concurrent.h>

#include <functional>
#include <string>

using Get = std::function<tornado::Future<std::string>(std::string key)>;

// Makes a candidate: a SharedFetch around `fetch` that may be right or wrong. Returns its get().
// The candidate lives as long as the returned function.
using Make = std::function<Get(Get fetch)>;

// Returns true if a candidate of `make` breaks a promise of SharedFetch::get(). Runs on a thread
// with an IOLoop.
bool notices_a_fault(const Make& make);
