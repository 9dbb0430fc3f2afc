// Runs one program of the seeds: seeds 004-4, or seeds 003-5 --port=8000.
#include "seeds.h"

#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/template.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string_view>

using namespace tornado;

int seeds::port(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);
  return options::get<int>("port");
}

void seeds::listen(web::Application& app, int port) {
  auto& server = app.listen(port);
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  auto& loop = ioloop::IOLoop::current();
  for (const int signal : {SIGINT, SIGTERM}) {
    loop.add_signal_handler(signal, [&loop](int) { loop.stop(); });
  }
}

web::Settings seeds::with_template() {
  web::Settings settings;
  settings.template_loader = std::make_shared<template_::DictLoader>(
      template_::DictLoader::Files{{"template.html", "<pre>{{ page }}</pre>\n"}});
  return settings;
}

namespace {

struct Entry {
  std::string_view number;
  std::string_view shows;
  seeds::Program* run;
};

constexpr Entry kPrograms[] = {
    {"000-1", "an asynchronous handler that never finishes", seeds::never_finished},
    {"000-2", "an asynchronous handler that finishes", seeds::finished_by_hand},
    {"000-3", "an image, in the asynchronous style", seeds::file_by_callback},
    {"000-4", "an image, by a coroutine and a future", seeds::file_by_coroutine},
    {"001-1", "a fetch in callbacks", seeds::fetch_with_callback},
    {"001-2", "a fetch in a coroutine", seeds::fetch_in_coroutine},
    {"001-3", "a callback and a wait for it", seeds::callback_and_wait},
    {"001-4", "a task", seeds::task},
    {"001-5", "two fetches at once", seeds::two_fetches},
    {"001-6", "hello world on IOLoop::instance()", seeds::hello_instance},
    {"002-1", "a synchronous fetch", seeds::synchronous},
    {"002-2", "a fetch with a callback", seeds::with_callback},
    {"002-3", "a fetch with a future", seeds::with_future},
    {"002-4", "callback, future, queue, signal", seeds::four_interfaces},
    {"003-1", "hello world", seeds::hello_index},
    {"003-2", "hello world with make_app", seeds::hello_make_app},
    {"003-3", "options, named routes, initialize()", seeds::subjects},
    {"003-4", "a number in the path, a database", seeds::stories},
    {"003-5", "a form", seeds::form},
    {"003-6", "JSON arguments in prepare()", seeds::json_arguments},
    {"003-7", "a redirect as a route", seeds::redirect_app},
    {"003-8", "a redirect with a part of the path", seeds::redirect_pictures},
    {"003-9", "the FriendFeed API, in callbacks", seeds::feed_with_callback},
    {"003-10", "the FriendFeed API, in a coroutine", seeds::feed_in_coroutine},
    {"004-1", "hello world with make_app", seeds::hello_make_app},
    {"004-2", "a function that wants a callback", seeds::with_callbacks},
    {"004-3", "a blocking function in a thread", seeds::blocking_function},
    {"004-4", "waiting side by side", seeds::parallel},
    {"004-5", "working while the next comes in", seeds::interleaving},
    {"004-6", "a loop that awaits", seeds::looping},
    {"004-7", "coroutines in the background", seeds::in_the_background},
};

int usage() {
  std::fputs("usage: seeds PROGRAM [--port=8888]\n\n", stderr);
  for (const Entry& entry : kPrograms) {
    std::fprintf(stderr, "  %-6s  %s\n", entry.number.data(), entry.shows.data());
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const Entry& entry : kPrograms) {
    if (entry.number != wanted) continue;
    try {
      entry.run(argc - 1, argv + 1);
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "error: %s\n", error.what());
      return 1;
    }
  }
  return usage();
}
