// Internal header: the programs of the seeds, and the functions that several of them share.
#pragma once

#include <tornado/web.h>

#include <string>
#include <thread>

namespace seeds {

// Returns the number given by --port; 8888 by default.
int port(int argc, char** argv);

// Calls app.listen(port), and prints the address. Ctrl-C stops the loop gracefully.
void listen(tornado::web::Application& app, int port);

// Settings with text 001's template.html, which shows a `page`.
tornado::web::Settings with_template();

// A server that stands in for the network: the seeds fetch from it. It has a thread and a loop of
// its own, so that a program that blocks can use it too.
//
//   /              a page
//   /one, /two     the words "one" and "two"
//   /feed/bret     {"entries": [..]}, as the FriendFeed API had it
class OtherServer {
 public:
  OtherServer();
  OtherServer(const OtherServer&) = delete;
  OtherServer& operator=(const OtherServer&) = delete;
  ~OtherServer();

  std::string url(const std::string& path) const;

 private:
  tornado::ioloop::IOLoop* loop_ = nullptr;
  int port_ = 0;
  std::thread thread_;
};

// One function per program, in the file with its number.
using Program = void(int argc, char** argv);
// Text 000.
Program never_finished, finished_by_hand, file_by_callback, file_by_coroutine;
// Text 001.
Program fetch_with_callback, fetch_in_coroutine, callback_and_wait, task, two_fetches,
    hello_instance;
// Text 002.
Program synchronous, with_callback, with_future, four_interfaces;
// Text 003.
Program hello_index, subjects, stories, form, json_arguments, redirect_app, redirect_pictures,
    feed_with_callback, feed_in_coroutine;
// Text 004.
Program hello_make_app, with_callbacks, blocking_function, parallel, interleaving, looping,
    in_the_background;

}  // namespace seeds
