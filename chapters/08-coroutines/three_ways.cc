#include "08-coroutines/three_ways.h"

#include <utility>

namespace mini {
namespace {

// Returns the body of a good response. Otherwise throws, which makes the error page.
const std::string& body_of(const HTTPResponse& response) {
  if (response.code != 200) throw HTTPError(502, response.error);
  return response.body;
}

}  // namespace

// [callbacks]
void CallbackHandler::get(const PathArgs&) {
  asynchronous();
  const std::string url = get_argument("url");
  client_->fetch(url, wrap([this, url](const HTTPResponse& first) {
                   const std::string one = body_of(first);
                   client_->fetch(url, wrap([this, url, one](const HTTPResponse& second) {
                                    const std::string two = one + body_of(second);
                                    client_->fetch(url,
                                                   wrap([this, two](const HTTPResponse& third) {
                                                     finish(two + body_of(third));
                                                   }));
                                  }));
                 }));
}
// [/callbacks]

// [states]
void StateHandler::get(const PathArgs&) {
  asynchronous();
  url_ = get_argument("url");
  ask();
}

void StateHandler::ask() {
  client_->fetch(url_, wrap([this](const HTTPResponse& response) { go_on(response); }));
}

void StateHandler::go_on(const HTTPResponse& response) {
  all_ += body_of(response);
  switch (++state_) {
    case 1:
    case 2:
      return ask();
    default:
      return finish(all_);
  }
}
// [/states]

// [coroutine]
Future<void> CoAwaitHandler::answer(std::string url) {
  std::string all;
  for (int i = 0; i < 3; ++i) {
    const Future<HTTPResponse> fetched = client_->fetch(url);
    try {
      const HTTPResponse response = co_await fetched;
      all += body_of(response);
    } catch (const std::runtime_error& error) {
      throw HTTPError(502, error.what());
    }
  }
  finish(all);
}
// [/coroutine]

}  // namespace mini
