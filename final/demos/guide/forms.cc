// A page with a form and an upload, for the guide's pages about forms and about templates.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/template.h>
#include <tornado/web.h>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tornado;

// [struct]
struct Picture {
  std::string name;
  std::string caption;
  std::size_t bytes = 0;
};
TORNADO_FIELDS(Picture, name, caption, bytes)
// [/struct]

// [templates]
constexpr std::string_view kLayout = R"(<!doctype html>
<title>{% block title %}Pictures{% end %}</title>
{% block body %}{% end %}
)";

constexpr std::string_view kPictures = R"({% extends "layout.html" %}
{% block body %}
<ul>
{% for picture in pictures %}<li>{{ picture.caption }} ({{ picture.name }}, {{ picture.bytes }} bytes)</li>
{% end %}{% if not pictures %}<li>none yet</li>
{% end %}</ul>
<form method="post" enctype="multipart/form-data">
{% module xsrf_form_html() %}
<input name="caption"> <input type="file" name="picture"> <button>Send</button>
</form>
{% end %})";
// [/templates]

// [loader]
web::Settings settings() {
  web::Settings settings;
  settings.template_loader =
      std::make_shared<template_::DictLoader>(std::map<std::string, std::string, std::less<>>{
          {"layout.html", std::string(kLayout)}, {"pictures.html", std::string(kPictures)}});
  settings.xsrf_cookies = true;
  return settings;
}
// [/loader]

// [handler]
struct PicturesHandler : web::RequestHandler {
  struct Init {
    std::vector<Picture>* pictures;
  };
  void initialize(const Init& init) { pictures = init.pictures; }

  void get() { render("pictures.html", {{"pictures", *pictures}}); }

  void post() {
    const std::string caption = get_body_argument("caption");
    const auto files = request.files().find("picture");
    if (caption.empty() || files == request.files().end()) {
      throw web::HTTPError(400, "a caption and a picture are required");
    }
    for (const httputil::HTTPFile& file : files->second) {
      pictures->push_back({file.filename, caption, file.body.size()});
    }
    redirect("/");
  }

  std::vector<Picture>* pictures = nullptr;
};
// [/handler]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  std::vector<Picture> pictures;
  web::Application app({web::url<PicturesHandler>("/", {.pictures = &pictures})}, settings());
  // [limit]
  httpserver::HTTPServerOptions limits;
  limits.max_body_size = 1'000'000;  // bytes; the default is 100 MB
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1", limits);
  // [/limit]
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
