// Text 002, 1: a synchronous function: it returns when it has the body, and nothing else happens in
// this thread meanwhile.
#include <tornado/httpclient.h>
#include <tornado/options.h>

#include <cstdio>

#include "seeds.h"

using namespace tornado;

namespace {

std::string synchronous_fetch(const std::string& url) {
  httpclient::HTTPClient http_client;
  const auto response = http_client.fetch(url);
  return response.body;
}

}  // namespace

void seeds::synchronous(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  const OtherServer elsewhere;
  std::puts(synchronous_fetch(elsewhere.url("/one")).c_str());
}
