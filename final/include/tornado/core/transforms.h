// Internal header, a part of tornado/web.h: transforms, which responses pass through before they
// are sent.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/httputil.h>

#include <cstddef>
#include <string>
#include <vector>

namespace tornado::web {

// Changes a response on its way to the connection. Each response has its own object, made from its
// request. Tornado: OutputTransform.
class OutputTransform {
 public:
  virtual ~OutputTransform() = default;
  // Transforms the head and the first piece of the body, or all of it if `finishing`. For HEAD it
  // also receives the body, which is dropped afterwards.
  virtual void transform_first_chunk(int& status_code, httputil::HTTPHeaders& headers,
                                     std::string& chunk, bool finishing);
  // Transforms each further piece.
  virtual void transform_chunk(std::string& chunk, bool finishing);
};

// Compresses bodies with gzip for clients that accept it, if they are large enough and of a type
// that benefits, and marks every response as dependent on that (Vary). A partial response (206), or
// one with a Content-Encoding, is not changed. The Etag is that of the uncompressed body.
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
