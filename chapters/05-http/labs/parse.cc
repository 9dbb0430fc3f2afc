// Feeds standard input to the parser in pieces of SIZE bytes, or all at once, and prints the
// requests that come out. No socket, no loop.  parse [SIZE]
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

#include "05-http/request_parser.h"

// [parse]
int main(int argc, char** argv) {
  const std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
  const std::size_t size = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : bytes.size();
  mini::RequestParser parser;
  for (std::size_t at = 0; at < bytes.size(); at += std::max<std::size_t>(size, 1)) {
    parser.feed(bytes.substr(at, size));
    while (const auto request = parser.next()) {
      std::printf("%s %s, a body of %zu\n", request->method.c_str(), request->uri.c_str(),
                  request->body.size());
    }
  }
  if (parser.refusal() != 0) std::printf("refused: %d\n", parser.refusal());
}
// [/parse]
