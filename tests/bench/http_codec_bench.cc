// What the HTTP codecs cost: the request head as wrk and as a browser send it, the response head,
// chunks, the Date.
#include <benchmark/benchmark.h>
#include <tornado/httputil.h>

#include <string>
#include <string_view>

#include "http/message/chunked.h"
#include "http/message/date.h"
#include "http/message/head_parser.h"

namespace {

using namespace tornado;

constexpr std::string_view kWrkHead = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n";

constexpr std::string_view kBrowserHead =
    "GET /story/17?page=2&sort=new HTTP/1.1\r\n"
    "Host: www.example.com:8888\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: "
    "user=\"2|1:0|10:1300000000|4:user|8:aGVsbG8=|84de3e41f50325259d37bc92bde4249661ebaa3b\"\r\n"
    "\r\n";

void parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    http::RequestHead head;
    http::HeadScan scan;
    benchmark::DoNotOptimize(http::parse_request_head(text, scan, {}, head));
    benchmark::DoNotOptimize(head.keep_alive);
  }
}
BENCHMARK_CAPTURE(parse, wrk_head, kWrkHead);
BENCHMARK_CAPTURE(parse, browser_head, kBrowserHead);

void make_request(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    http::RequestHead head;
    http::HeadScan scan;
    benchmark::DoNotOptimize(http::parse_request_head(text, scan, {}, head));
    httputil::HTTPServerRequest request(std::move(head.start_line), std::move(head.headers));
    benchmark::DoNotOptimize(request.path.data());
  }
}
BENCHMARK_CAPTURE(make_request, wrk_head, kWrkHead);
BENCHMARK_CAPTURE(make_request, browser_head, kBrowserHead);

void find_field(benchmark::State& state) {
  const httputil::HTTPHeaders headers =
      httputil::HTTPHeaders::parse(kBrowserHead.substr(kBrowserHead.find('\n') + 1));
  for (auto _ : state) benchmark::DoNotOptimize(headers.find("If-None-Match"));
}
BENCHMARK(find_field);

void response_head(benchmark::State& state) {
  for (auto _ : state) {
    httputil::HTTPHeaders headers;
    headers.set("Server", "TornadoServer/0.1.0");
    headers.set("Content-Type", "text/html; charset=UTF-8");
    headers.set("Date", "Sat, 21 Nov 2026 00:00:00 GMT");
    headers.set("Etag", "\"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\"");
    headers.set("Content-Length", "12");
    benchmark::DoNotOptimize(headers.wire().data());
  }
}
BENCHMARK(response_head);

void date(benchmark::State& state) {
  char text[http::kDateSize];
  for (auto _ : state) benchmark::DoNotOptimize(http::write_date(1'795'219'200, text));
}
BENCHMARK(date);

void cached_date(benchmark::State& state) {
  http::DateCache cache;
  for (auto _ : state) benchmark::DoNotOptimize(cache.get(1'795'219'200));
}
BENCHMARK(cached_date);

void decode_chunks(benchmark::State& state) {
  std::string body;
  const std::string piece(static_cast<std::size_t>(state.range(0)), 'x');
  for (int i = 0; i < 64; ++i) http::append_chunk(body, piece);
  body += http::kLastChunk;
  for (auto _ : state) {
    http::ChunkedDecoder decoder;
    std::string_view rest = body;
    http::ChunkedResult result;
    do {
      result = decoder.next(rest);
      rest.remove_prefix(result.consumed);
    } while (result.status == http::ChunkedStatus::kContent);
    benchmark::DoNotOptimize(result.status);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(4096);

}  // namespace
