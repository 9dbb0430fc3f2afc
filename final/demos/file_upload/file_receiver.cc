// Three ways to receive a file: as a part of a form in memory, as a part of a form on disk, and as
// the body of a PUT, piece by piece.
#include <tornado/escape.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/multipart.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

using namespace tornado;

constexpr std::uint64_t kMaxUpload = 10'000'000'000;

// The description of a file for the log and the response.
std::string line_about(const std::string& method, const std::string& filename,
                       const std::string& content_type, std::uint64_t size) {
  return method + " \"" + filename + "\" \"" + content_type + "\" " + std::to_string(size) +
         " bytes";
}

// The beginning of both pages.
constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 2rem auto; padding: 0 1rem; }
  label, input { display: block; margin-bottom: 1rem; }
  input, button { font: inherit; }
  input { width: 100%; box-sizing: border-box; }
  li { overflow-wrap: anywhere; }
</style>
)";

// [page]
struct PageHandler : web::RequestHandler {
  void get() {
    write(kHead);
    write(R"(<title>Upload</title>
<h1>Upload</h1>
<form action="/big" method="post" enctype="multipart/form-data">
  <label>Files <input type="file" name="files" multiple></label>
  <label>Note <input type="text" name="note"></label>
  <button>Upload</button>
</form>
)");
  }
};
// [/page]

// [post]
// The whole form is in memory before the verb is called.
struct PostHandler : web::RequestHandler {
  void post() {
    for (const auto& [field, files] : request.files()) {
      for (const httputil::HTTPFile& file : files) {
        log::app_log.info(line_about("POST", file.filename, file.content_type, file.body.size()));
      }
    }
    write("OK");
  }
};
// [/post]

// [big]
// The form is read as it arrives; files longer than 64 KiB are stored only on disk.
struct BigHandler : web::RequestHandler {
  void prepare() {
    request.connection->set_max_body_size(kMaxUpload);
    form_.emplace(request.headers);
  }
  Future<void> data_received(std::string chunk) { return form_->feed(std::move(chunk)); }
  void post() {
    form_->finish();
    write(kHead);
    write("<title>Uploaded</title>\n<h1>Uploaded</h1>\n<ul>\n");
    for (const auto& [field, files] : form_->files()) {
      for (const web::UploadedFile& file : files) {
        const std::string line =
            line_about("POST", file.filename(), file.content_type(), file.size());
        log::app_log.info(line);
        write("<li>" + escape::xhtml_escape(line) + "</li>\n");
      }
    }
    write("</ul>\n<p><a href=\"/\">Upload more</a></p>\n");
  }

  std::optional<web::MultipartForm> form_;
};
// [/big]

// [put]
// The body is the file. No piece of it is kept.
struct PutHandler : web::RequestHandler {
  void prepare() { request.connection->set_max_body_size(kMaxUpload); }
  void data_received(std::string_view chunk) { bytes_read_ += chunk.size(); }
  void put(std::string filename) {
    const std::string type = request.headers.get("Content-Type");
    log::app_log.info(line_about("PUT", filename, type, bytes_read_));
    write("OK");
  }

  std::uint64_t bytes_read_ = 0;
};
// [/put]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  web::Application app({
      web::url<PageHandler>("/"),
      web::url<PostHandler>("/post"),
      web::url<BigHandler>("/big"),
      web::url<PutHandler>("/(.*)"),
  });
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
