// What the mutator inserts into scripts for a client: responses, parts of responses, frames.
#include "templates.h"

namespace tornado::fuzz {

namespace {

std::vector<Step> responses() {
  std::vector<Step> all;
  for (const char* text :
       {"HTTP/1.1 200 OK\r\nX-Id: @@\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX-Id: @@\r\nTransfer-Encoding: chunked\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n", "0\r\nTrailer: x\r\n\r\n", "5\r\nhel",
        "HTTP/1.1 200 OK\r\nX-Id: @@\r\n\r\nuntil the end",
        "HTTP/1.0 200 OK\r\nX-Id: @@\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nX-Id: @@\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nX-Id: @@\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 302 Found\r\nX-Id: @@\r\nLocation: /3\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 303 See Other\r\nLocation: http://other/3?a#b\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: ../x y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nX-Id: @@\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 417 No\r\nX-Id: @@\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: @K\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: @K\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"}) {
    all.push_back(sends(text));
  }
  all.push_back(
      sends("HTTP/1.1 200 OK\r\nX-Id: @@\r\nContent-Encoding: gzip\r\n"
            "Content-Length: 21\r\n\r\n" +
            std::string(kGzipped)));
  return all;
}

std::vector<Step> all_templates() {
  std::vector<Step> all = responses();
  for (const char* frame : {"\x81hello", "\x82hello", "\x01hel", "\x80lo", "\x89ping", "\x8Apong",
                            "\x81"
                            "close",
                            "\x81six by 3",
                            "\x88\x03\xE8"
                            "bye",
                            "\x88"}) {
    all.push_back(step(Action::kFrame, frame));
  }
  all.push_back(step(Action::kDeflated, "\x81hello hello hello"));
  all.push_back(step(Action::kDeflated, "\x81" + std::string(60'000, 'z')));
  all.push_back(step(Action::kChunk, "a chunk"));
  add_silent_steps(all);
  return all;
}

}  // namespace

std::span<const Step> templates() {
  static const std::vector<Step> all = all_templates();
  return all;
}

}  // namespace tornado::fuzz
