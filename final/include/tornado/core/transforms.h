// Internal header, a part of tornado/web.h: what responses go through before they are sent.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/httputil.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tornado::web {

// Changes what handlers send, on its way to the connection: one object a response, made with its
// request. Tornado: OutputTransform.
class OutputTransform {
 public:
  virtual ~OutputTransform() = default;
  // The head and the first piece of the body; all of it if `finishing`. With HEAD the body is shown
  // too, and dropped afterwards.
  virtual void transform_first_chunk(int& status_code, httputil::HTTPHeaders& headers,
                                     std::string& chunk, bool finishing);
  // Each piece after that.
  virtual void transform_chunk(std::string& chunk, bool finishing);
};

// Sends bodies with gzip to clients that accept it, if their type is worth it and they are not
// small; and says in every response that it might have (Vary). A part of a resource (206), and what
// has a Content-Encoding, stays as it is. The Etag is that of the plain body.
class GZipContentEncoding final : public OutputTransform {
 public:
  struct Options {
    Options();
    int level = 6;                  // zlib's, 1 (fast) to 9 (small)
    std::size_t min_length = 1024;  // bytes; for bodies that are sent in one piece
    // Besides text/*. JavaScript, JSON, XML, Atom, XHTML and SVG.
    std::vector<std::string> content_types;
  };
  explicit GZipContentEncoding(const httputil::HTTPServerRequest& request, Options options = {});
  ~GZipContentEncoding() override;
  void transform_first_chunk(int& status_code, httputil::HTTPHeaders& headers, std::string& chunk,
                             bool finishing) override;
  void transform_chunk(std::string& chunk, bool finishing) override;

 private:
  class Compressor;
  bool is_worth_it(int status_code, const httputil::HTTPHeaders& headers, std::size_t size,
                   bool finishing) const;

  Options options_;
  bool accepted_;
  core::Owned<Compressor> compressor_;  // null: the body stays as it is
};

}  // namespace tornado::web
