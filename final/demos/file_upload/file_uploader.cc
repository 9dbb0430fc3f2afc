// Uploads files: all of them as one multipart form, or each as the body of a PUT. They are sent
// while they are being read, so their size does not matter.
//
//   file_uploader [--put] [--server=http://localhost:8888] [--path=/post] FILE ...
#include <tornado/escape.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace tornado;

constexpr std::size_t kPiece = 16384;

// Escapes a name as browsers do between the quotes of a part's header.
std::string form_name(const std::string& path) {
  std::string name;
  for (const char c : std::filesystem::path(path).filename().string()) {
    const bool plain = c != '"' && c != '\r' && c != '\n';
    name += plain ? std::string(1, c) : escape::url_escape(std::string(1, c));
  }
  return name;
}

// [producers]
// Writes the contents of the file. If the file cannot be opened, the fetch fails.
Future<void> produce_file(httpclient::BodyWriter write, std::string path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::string piece(kPiece, '\0');
  while (file.read(piece.data(), kPiece), file.gcount() > 0) {
    co_await write(piece.substr(0, static_cast<std::size_t>(file.gcount())));
  }
}

// Writes a form that contains all the files (RFC 7578).
Future<void> produce_form(httpclient::BodyWriter write, std::vector<std::string> paths,
                          std::string boundary) {
  for (const std::string& path : paths) {
    const std::string name = form_name(path);
    co_await write("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name +
                   "\"; filename=\"" + name + "\"\r\nContent-Type: application/octet-stream" +
                   "\r\n\r\n");
    co_await produce_file(write, path);
    co_await write("\r\n");
  }
  co_await write("--" + boundary + "--\r\n");
}
// [/producers]

// A text that no file contains by chance.
std::string make_boundary() {
  std::random_device random;
  std::string boundary;
  while (boundary.size() < 32) boundary += "0123456789abcdef"[random() % 16];
  return boundary;
}

Future<void> send(httpclient::HTTPRequest request) {
  request.request_timeout = 0;  // no limit
  const httpclient::AsyncHTTPClient client;
  const auto response = co_await client.fetch(request);
  std::puts(response.body.c_str());
}

// [requests]
Future<void> post(std::string url, std::vector<std::string> paths) {
  httpclient::HTTPRequest request(url, "POST");
  const std::string boundary = make_boundary();
  request.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
  request.body_producer = [paths, boundary](httpclient::BodyWriter write) {
    return produce_form(write, paths, boundary);
  };
  return send(request);
}

Future<void> put(std::string url, std::string path) {
  httpclient::HTTPRequest request(url, "PUT");
  request.headers.set("Content-Type", "application/octet-stream");
  request.body_producer = [path](httpclient::BodyWriter write) {
    return produce_file(write, path);
  };
  return send(request);
}
// [/requests]

Future<void> upload(std::vector<std::string> paths) {
  const std::string server = options::get<std::string>("server");
  if (!options::get<bool>("put")) {
    co_await post(server + options::get<std::string>("path"), paths);
    co_return;
  }
  for (const std::string& path : paths) {
    const std::string name = std::filesystem::path(path).filename();
    co_await put(server + "/" + escape::url_escape(name, false), path);
  }
}

int main(int argc, char** argv) {
  options::define<bool>("put", false, "a PUT for each file, instead of one form");
  options::define<std::string>("server", "http://localhost:8888", "where to");
  options::define<std::string>("path", "/post", "which page takes the form");
  const auto paths = options::parse_command_line(argc, argv);
  if (paths.empty()) {
    std::fprintf(stderr, "usage: file_uploader [--put] FILE ...\n");
    return 2;
  }
  try {
    ioloop::IOLoop::current().run_sync([&] { return upload(paths); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
