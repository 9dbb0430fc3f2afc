// Measures the parser beside a system call, in processor time of this thread.
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string>

#include "05-http/request_parser.h"

namespace {

constexpr int kTimes = 20'000;

const std::string kCurl =
    "GET / HTTP/1.1\r\nHost: localhost:8888\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
const std::string kBrowser =
    "GET /story/17?page=2 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
    "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n";

double processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Returns how many microseconds one call of `work` takes.
template <class Work>
double cost_of(Work work) {
  const double begin = processor_time();
  for (int i = 0; i < kTimes; ++i) work();
  return (processor_time() - begin) * 1e6 / kTimes;
}

// [parse]
double parse_cost(const std::string& bytes, std::size_t size) {
  mini::RequestParser parser;
  return cost_of([&] {
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      parser.feed(bytes.substr(at, size));
      if (parser.next().has_value() != (at + size >= bytes.size())) {
        throw std::logic_error("not the request that was fed");
      }
    }
  });
}
// [/parse]

double system_call_cost() {
  const int counter = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::uint64_t value = 1;
  const double both = cost_of([&] {
    if (::write(counter, &value, sizeof value) < 0 || ::read(counter, &value, sizeof value) < 0) {
      throw std::runtime_error("eventfd");
    }
  });
  ::close(counter);
  return both / 2;
}

}  // namespace

int main() {
  std::printf("a system call                : %.2f us\n", system_call_cost());
  std::printf("a request of curl            : %.2f us\n", parse_cost(kCurl, kCurl.size()));
  std::printf("a request of a browser       : %.2f us\n", parse_cost(kBrowser, kBrowser.size()));
  std::printf("the browser's, byte by byte  : %.2f us\n", parse_cost(kBrowser, 1));
}
