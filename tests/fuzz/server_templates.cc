// What the mutator inserts into scripts for a server: requests, parts of requests, frames.
#include "templates.h"

namespace tornado::fuzz {

namespace {

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

std::vector<Step> requests() {
  std::vector<Step> all;
  for (const char* path : {"/5/now", "/50000/now", "/13/later", "/900/stream", "/700/length",
                           "/1/throw", "/1/moved", "/1/nothing", "/1/late"}) {
    all.push_back(sends("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  all.push_back(sends("HEAD /900/now HTTP/1.1\r\nHost: x\r\n\r\n"));
  all.push_back(sends("GET /5/now HTTP/1.0\r\n\r\n"));
  all.push_back(sends("GET /5/now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  all.push_back(sends("GET http://y/5/now HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  all.push_back(sends("OPTIONS * HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"));
  all.push_back(
      sends("POST /3/form HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b"));
  all.push_back(
      sends("POST /3/form HTTP/1.1\r\nHost: x\r\nContent-Length: 59\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b--\r\n"));
  all.push_back(
      sends("PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
            "Expect: 100-continue\r\n\r\n"));
  all.push_back(sends("POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  all.push_back(
      sends("POST /9/now HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            "Trailer: A\r\n\r\n"));
  all.push_back(
      sends("POST /9/now HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
            "Content-Length: 21\r\n\r\n" +
            std::string(kGzipped)));
  return all;
}

std::vector<Step> all_templates() {
  std::vector<Step> all = requests();
  all.push_back(sends("GET /2/now HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"));
  all.push_back(sends("0\r\n\r\n"));
  all.push_back(sends("0\r\nA: b\r\n\r\n"));
  all.push_back(sends("5;a=b\r\nhello\r\n"));
  all.push_back(sends("0123456789"));
  all.push_back(sends("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"));
  all.push_back(sends("\r\n"));
  all.push_back(step(Action::kChunk, "a chunk"));
  all.push_back(sends(std::string(kUpgrade) + "\r\n"));
  all.push_back(
      sends(std::string(kUpgrade) +
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"));
  all.push_back(sends(std::string(kUpgrade) +
                      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                      "server_max_window_bits=9\r\nSec-WebSocket-Protocol: a, b\r\n\r\n"));
  for (const char* frame :
       {"\x81hello", "\x82hello", "\x01hel", "\x80lo", "\x89ping", "\x8Apong", "\x81later",
        "\x81"
        "close",
        "\x81throw", "\x81ping",
        "\x88\x03\xE8"
        "bye",
        "\x88"}) {
    all.push_back(step(Action::kFrame, frame));
  }
  all.push_back(step(Action::kDeflated, "\x81hello hello hello"));
  all.push_back(step(Action::kDeflated, "\x81" + std::string(19'000, 'z')));
  add_silent_steps(all);
  return all;
}

}  // namespace

std::span<const Step> templates() {
  static const std::vector<Step> all = all_templates();
  return all;
}

}  // namespace tornado::fuzz
