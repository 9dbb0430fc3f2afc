// Ten workers, one queue: fetches every page below a URL once. Without --url it crawls a small site
// that it serves itself.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/queues.h>
#include <tornado/web.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace tornado;

constexpr int kPages = 100;

// Page n links to 2n and 2n+1, to its parent, and to a missing page.
struct PageHandler : web::RequestHandler {
  Future<void> get(int page) {
    if (page < 1 || page > kPages) throw web::HTTPError(404);
    co_await gen::sleep(0.01);  // a page takes time; ten pages take no longer
    const auto link = [this](int to) {
      const std::string number = std::to_string(to);
      write("<a href=\"/page/" + number + "\">" + number + "</a>\n");
    };
    link(page / 2);
    link(2 * page);
    link(2 * page + 1);
    write("<a href=\"https://example.org/\">away</a>\n");
  }
};

// Returns the targets of the links in `html` that belong to `site`, as URLs without fragments.
std::vector<std::string> links_in(std::string_view html, const std::string& site) {
  static constexpr std::string_view kMark = "href=\"";
  std::vector<std::string> links;
  for (auto at = html.find(kMark); at != std::string_view::npos; at = html.find(kMark, at)) {
    at += kMark.size();
    const std::string_view target = html.substr(at, html.find_first_of("\"#", at) - at);
    if (target.starts_with('/')) links.push_back(site + std::string(target));
    if (target.starts_with(site + "/")) links.emplace_back(target);
  }
  return links;
}

struct Spider {
  std::string site;
  queues::Queue<std::string> waiting;
  std::set<std::string> seen;
  int fetched = 0;
  int failed = 0;

  void visit(const std::string& url) {
    if (seen.insert(url).second) waiting.put_nowait(url);
  }
};

// Fetches the URLs from the queue, until the queue is shut down.
Future<void> work(Spider* spider) {
  const httpclient::AsyncHTTPClient client;
  while (const auto url = co_await spider->waiting.next()) {
    try {
      const auto response = co_await client.fetch(*url);
      ++spider->fetched;
      for (const std::string& link : links_in(response.body, spider->site)) spider->visit(link);
    } catch (const std::exception&) {  // no response, a bad one, or what is no URL
      ++spider->failed;
    }
    spider->waiting.task_done();
  }
}

Future<void> crawl(Spider* spider, std::string first, int workers) {
  spider->visit(first);
  std::vector<Future<void>> running;
  for (int i = 0; i < workers; ++i) running.push_back(work(spider));
  co_await spider->waiting.join(std::chrono::minutes(5));
  spider->waiting.shutdown();
  co_await gen::multi(std::move(running));
  std::printf("%d pages, %d links that lead nowhere\n", spider->fetched, spider->failed);
}

int main(int argc, char** argv) {
  options::define<std::string>("url", "", "where to begin; empty: a site of its own");
  options::define<int>("workers", 10, "fetches at the same time");
  options::parse_command_line(argc, argv);

  web::Settings settings;
  settings.log_function = [](const web::RequestHandler&) {};  // no access log
  web::Application app({web::url<PageHandler>("/page/([0-9]+)")}, settings);
  auto& server = app.listen(0, "127.0.0.1");
  std::string url = options::get<std::string>("url");
  if (url.empty()) url = "http://127.0.0.1:" + std::to_string(server.port()) + "/page/1";

  Spider spider;
  spider.site = url.substr(0, url.find('/', url.find("//") + 2));
  const int workers = options::get<int>("workers");
  try {
    ioloop::IOLoop::current().run_sync([&] { return crawl(&spider, url, workers); });
  } catch (const gen::TimeoutError&) {
    std::fprintf(stderr, "stopped after five minutes: %d pages\n", spider.fetched);
    return 1;
  }
}
