// The response of a handler: head, body, Etag, error pages, and the transforms it passes through.
// OpenSSL 3 wants digests to go through EVP, which costs more than hashing a small page. The
// functions beneath it are declared for programs that ask for the 1.1 interface.
#define OPENSSL_API_COMPAT 0x10101000L
#include "web/handler/response.h"

#include <openssl/sha.h>
#include <tornado/escape.h>
#include <tornado/httputil.h>
#include <tornado/middleware.h>
#include <tornado/web.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#include "base/log/traceback.h"
#include "base/text/hex.h"
#include "http/message/chars.h"
#include "http/message/framing.h"
#include "http/message/request_id.h"
#include "loop/error_text.h"
#include "web/application_state.h"
#include "web/handler/json_body.h"

namespace tornado::web {

namespace {

// Makes a phrase for the status line (RFC 9112 4) that is also harmless in a page.
bool is_reason(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f && byte != '<');
  });
}

}  // namespace

void RequestHandler::make_response() {
  response_ = core::Owned(new Response);
}

const httputil::HTTPHeaders& RequestHandler::headers() const noexcept {
  static const httputil::HTTPHeaders none;
  return response_ != nullptr ? response_->headers : none;
}

void RequestHandler::clear() {
  Response& response = this->response();
  response.headers = state_->default_headers();
  set_default_headers();
  response.body.clear();
  status_code_ = 200;
  response.status_line.reason = "OK";
}

void RequestHandler::set_status(int status_code, std::string_view reason) {
  if (status_code < 100 || status_code > 999) {
    throw std::invalid_argument("a status code must have three digits");
  }
  status_code_ = status_code;
  std::string& sent = response().status_line.reason;
  if (reason.empty()) {
    sent = httputil::responses(status_code);
  } else {
    sent = is_reason(reason) ? reason : "Unknown";
  }
}

void RequestHandler::set_header(std::string_view name, std::string_view value) {
  response().headers.set(name, value);
}

void RequestHandler::add_header(std::string_view name, std::string_view value) {
  response().headers.add(name, value);
}

void RequestHandler::clear_header(std::string_view name) {
  response().headers.remove(name);
}

void RequestHandler::write(std::string_view chunk) {
  if (finished_) throw std::runtime_error("Cannot write() after finish()");
  response().body += chunk;
}

void RequestHandler::write_json(std::string_view text) {
  if (finished_) throw std::runtime_error("Cannot write() after finish()");
  set_header("Content-Type", "application/json; charset=UTF-8");
  response().body += text;
}

concurrent::Sent RequestHandler::flush() {
  return send(false);
}

// Sends the output so far; if `finishing`, it is the rest.
Future<void> RequestHandler::send(bool finishing) {
  const bool is_head = request.method == "HEAD";
  Response& response = this->response();
  if (headers_written_) {
    for (const auto& transform : response.transforms) {
      transform->transform_chunk(response.body, finishing);
    }
    if (is_head) response.body.clear();
    Future<void> sent = request.connection->write(response.body);
    response.body.clear();
    return sent;
  }
  if (!state_->transforms.empty()) transform_head(finishing);
  add_new_cookies();
  if (state_->settings.request_ids)
    response.headers.set(http::kRequestIdField, request.request_id());
  const auto& middleware = state_->settings.middleware;
  for (auto one = middleware.rbegin(); one != middleware.rend(); ++one) {
    (*one)->transform_head(request, status_code_, response.headers);
  }
  const std::string_view body = is_head ? std::string_view() : std::string_view(response.body);
  response.status_line.code = status_code_;
  Future<void> sent =
      request.connection->write_headers(response.status_line, response.headers, body);
  headers_written_ = true;  // not set if that threw: an error page can still be sent
  response.body.clear();
  return sent;
}

void RequestHandler::transform_head(bool finishing) {
  Response& response = this->response();
  response.transforms.clear();  // they belong to a head that could not be sent
  for (const auto& make : state_->transforms) {
    auto& transform = *response.transforms.emplace_back(make(request));
    transform.transform_first_chunk(status_code_, response.headers, response.body, finishing);
  }
}

// [finish]
concurrent::Sent RequestHandler::finish() {
  if (finished_) throw std::runtime_error("finish() called twice");
  if (!headers_written_) finish_headers();
  Future<void> sent = send(true);
  finished_ = true;
  try {
    request.connection->finish();
  } catch (...) {
    log_and_end();
    throw;
  }
  log_and_end();
  return sent;
}
// [/finish]

concurrent::Sent RequestHandler::finish(std::string_view chunk) {
  if (finished_) throw std::runtime_error("finish() called twice");
  write(chunk);
  return finish();
}

// [finish_headers]
void RequestHandler::finish_headers() {
  Response& response = this->response();
  add_etag();
  if (http::has_no_body(status_code_)) {
    if (status_code_ < 200) throw std::runtime_error("A response cannot end with a 1xx");
    if (!response.body.empty()) {
      throw std::runtime_error("Cannot send body with " + std::to_string(status_code_));
    }
    for (const char* name : {"Content-Encoding", "Content-Language", "Content-Type"}) {
      response.headers.remove(name);
    }
  } else if (!response.headers.contains("Content-Length")) {
    response.headers.add_known("Content-Length", std::to_string(response.body.size()));
  }
}
// [/finish_headers]

void RequestHandler::redirect(std::string_view url, bool permanent, int status) {
  if (headers_written_) throw std::runtime_error("Cannot redirect after headers have been written");
  if (status == 0) status = permanent ? 301 : 302;
  if (status < 300 || status > 399) throw std::invalid_argument("a redirect needs a 3xx status");
  set_status(status);
  set_header("Location", url);
  finish();
}

void RequestHandler::write_error(int status_code, const ErrorInfo& info) {
  const std::string& reason = response().status_line.reason;
  if (const auto problem = detail::json_problem(status_code, reason, info.exception)) {
    set_header("Content-Type", "application/problem+json");
    write(*problem);
    return;
  }
  if (state_->serves_tracebacks() && info.exception != nullptr) {
    set_header("Content-Type", "text/plain");
    write(core::traceback(info.exception, detail::kOutermostCall) + describe(info.exception) +
          "\n");
    return;
  }
  const std::string text =
      std::to_string(status_code) + ": " + escape::xhtml_escape(std::string_view(reason));
  write("<html><title>" + text + "</title><body>" + text + "</body></html>");
}

// ---- Etag ---------------------------------------------------------------------------------------

namespace {

std::array<unsigned char, SHA_DIGEST_LENGTH> sha1(std::string_view data) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, data.data(), data.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

std::string_view without_weak_prefix(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

using Tag = std::array<char, 2 * SHA_DIGEST_LENGTH + 2>;

Tag quoted_sha1(std::string_view data) {
  const auto digest = sha1(data);
  Tag tag;
  tag.front() = '"';
  *write_hex(digest.data(), digest.size(), tag.data() + 1) = '"';
  return tag;
}

}  // namespace

// [etag]
// A response gets an Etag if it is sent in one piece (this is called by finish(), if no head has
// left), as the 200 to a GET or HEAD, unless the handler has set one or its compute_etag() returns
// none. A client that has that version already gets a 304 instead.
void RequestHandler::add_etag() {
  const bool is_get = verb_ == detail::Verb::kGet || verb_ == detail::Verb::kHead;
  if (status_code_ != 200 || !is_get) return;
  set_etag_header();
  if (!check_etag_header()) return;
  response().body.clear();
  set_status(304);
}

void RequestHandler::set_etag_header() {
  Response& response = this->response();
  if (response.headers.contains("Etag")) return;
  if (handler_class_->usual_etag) {  // without allocating the string
    const Tag tag = quoted_sha1(response.body);
    response.headers.add_known("Etag", {tag.data(), tag.size()});
  } else if (const auto tag = compute_etag()) {
    response.headers.add_known("Etag", *tag);
  }
}

std::optional<std::string> RequestHandler::compute_etag() const {
  const Tag tag = quoted_sha1(response_ != nullptr ? response_->body : std::string());
  return std::string(tag.data(), tag.size());
}

bool RequestHandler::check_etag_header() const {
  if (!request.headers.contains("If-None-Match")) return false;
  const auto own = headers().find("Etag");
  if (!own || own->empty()) return false;
  const std::string wanted = request.headers.get("If-None-Match");
  std::string_view rest = wanted;
  const auto first = rest.find_first_not_of(" \t,");
  if (first != std::string_view::npos && rest[first] == '*') return true;
  // Weak comparison: tags are equal if their opaque parts are.
  const std::string_view tag = without_weak_prefix(*own);
  for (auto open = rest.find('"'); open != std::string_view::npos; open = rest.find('"')) {
    const auto close = rest.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (rest.substr(open, close - open + 1) == tag) return true;
    rest.remove_prefix(close + 1);
  }
  return false;
}
// [/etag]

// ---- transforms ---------------------------------------------------------------------------------

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

// ---- errors -------------------------------------------------------------------------------------

HTTPError::HTTPError(int code, std::string message, std::string error_reason)
    : status_code(code), log_message(std::move(message)), reason(std::move(error_reason)) {
  what_ = "HTTP " + std::to_string(status_code) + ": ";
  what_ += reason.empty() ? httputil::responses(status_code) : std::string_view(reason);
  if (!log_message.empty()) what_ += " (" + log_message + ")";
}

MissingArgumentError::MissingArgumentError(std::string_view name)
    : HTTPError(400, "Missing argument " + std::string(name)), arg_name(name) {}

// ---- Server-Sent Events -------------------------------------------------------------------------

namespace {

void add_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\n");
}

void add_plain_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw std::invalid_argument("a line break or NUL in an event's " + std::string(name));
  }
  add_field(out, name, value);
}

}  // namespace

std::string server_sent_event(std::string_view data, std::string_view event, std::string_view id) {
  std::string out;
  add_plain_field(out, "id", id);
  add_plain_field(out, "event", event);
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    add_field(out, "data", data.substr(0, end));
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  out += '\n';
  return out;
}

}  // namespace tornado::web
