// The transforms that a response passes between its handler and the connection.
#include <tornado/web.h>
#include <zlib.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "http/message/chars.h"
#include "http/message/framing.h"

namespace tornado::web {
namespace {

// "gzip;q=0" excludes it (RFC 9110 12.4.2).
bool is_refused(std::string_view parameters) {
  const auto equals = parameters.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = http::trim_blanks(parameters.substr(0, equals));
  const std::string_view weight = http::trim_blanks(parameters.substr(equals + 1));
  return equals_ignoring_case(name, "q") && !weight.empty() &&
         weight.find_first_not_of("0.") == std::string_view::npos;
}

bool accepts_gzip(std::string_view accepted) {
  while (!accepted.empty()) {
    const auto comma = std::min(accepted.find(','), accepted.size());
    const std::string_view item = accepted.substr(0, comma);
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
    const auto semicolon = std::min(item.find(';'), item.size());
    const std::string_view coding = http::trim_blanks(item.substr(0, semicolon));
    if (!equals_ignoring_case(coding, "gzip") && !equals_ignoring_case(coding, "x-gzip")) continue;
    return semicolon == item.size() || !is_refused(item.substr(semicolon + 1));
  }
  return false;
}

}  // namespace

void OutputTransform::transform_first_chunk(int& /*status_code*/,
                                            httputil::HTTPHeaders& /*headers*/,
                                            std::string& /*chunk*/, bool /*finishing*/) {}
void OutputTransform::transform_chunk(std::string& /*chunk*/, bool /*finishing*/) {}

// A gzip stream. The output for each piece can be decoded without the pieces after it.
class GZipContentEncoding::Compressor {
 public:
  explicit Compressor(int level) {
    constexpr int kGzipWindow = 15 + 16;
    constexpr int kMemory = 8;
    const int code =
        ::deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_OK) throw std::invalid_argument("a gzip level must be from 1 to 9");
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor() { ::deflateEnd(&stream_); }

  std::string compress(std::string_view data, bool finishing) {
    std::string out;
    // zlib's input is not const, but zlib does not write to it.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    const int flush = finishing ? Z_FINISH : Z_SYNC_FLUSH;
    do {
      const std::size_t size = out.size();
      out.resize(size + std::max<std::size_t>(data.size() / 2, 256));
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
      stream_.avail_out = static_cast<uInt>(out.size() - size);
      ::deflate(&stream_, flush);
      out.resize(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

GZipContentEncoding::Options::Options()
    : content_types{"application/javascript", "application/x-javascript", "application/xml",
                    "application/atom+xml",   "application/json",         "application/xhtml+xml",
                    "image/svg+xml"} {}

GZipContentEncoding::GZipContentEncoding(const httputil::HTTPServerRequest& request,
                                         Options options)
    : options_(std::move(options)),
      accepted_(accepts_gzip(request.headers.get("Accept-Encoding"))) {}

GZipContentEncoding::~GZipContentEncoding() = default;

bool GZipContentEncoding::is_worth_it(int status_code, const httputil::HTTPHeaders& headers,
                                      std::size_t size, bool finishing) const {
  if (!accepted_ || http::has_no_body(status_code) || status_code == 206) return false;
  if (headers.contains("Content-Encoding")) return false;
  if (finishing && size < options_.min_length) return false;
  const std::string type = headers.get("Content-Type");
  const auto name = http::trim_blanks(std::string_view(type).substr(0, type.find(';')));
  return name.starts_with("text/") ||
         std::find(options_.content_types.begin(), options_.content_types.end(), name) !=
             options_.content_types.end();
}

void GZipContentEncoding::transform_first_chunk(int& status_code, httputil::HTTPHeaders& headers,
                                                std::string& chunk, bool finishing) {
  const std::string vary = headers.get("Vary");
  if (!http::list_contains(vary, "*") && !http::list_contains(vary, "Accept-Encoding")) {
    headers.set("Vary", vary.empty() ? "Accept-Encoding" : vary + ", Accept-Encoding");
  }
  if (!is_worth_it(status_code, headers, chunk.size(), finishing)) return;
  compressor_ = core::make_owned<Compressor>(options_.level);
  headers.set("Content-Encoding", "gzip");
  transform_chunk(chunk, finishing);
  if (!headers.contains("Content-Length")) return;
  if (finishing) {
    headers.set("Content-Length", std::to_string(chunk.size()));
  } else {
    headers.remove("Content-Length");  // that was the uncompressed length
  }
}

void GZipContentEncoding::transform_chunk(std::string& chunk, bool finishing) {
  if (compressor_ != nullptr) chunk = compressor_->compress(chunk, finishing);
}

}  // namespace tornado::web
