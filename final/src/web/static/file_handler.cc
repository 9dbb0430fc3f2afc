#include <tornado/iostream.h>
#include <tornado/static_file_handler.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <typeinfo>

#include "http/message/date.h"
#include "http/message/range.h"
#include "web/static/content.h"
#include "web/static/files.h"
#include "web/static/mime_types.h"
#include "web/static/version.h"

namespace tornado::web {
namespace {

constexpr std::uint64_t kPieceSize = 65'536;

Future<void> ready() {
  Future<void> future;
  future.set_result();
  return future;
}

std::optional<std::int64_t> date_of(const httputil::HTTPHeaders& headers, std::string_view name) {
  const auto value = headers.find(name);
  return value ? http::parse_date(*value, std::time(nullptr)) : std::nullopt;
}

bool is_missing(int error) {
  return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP;
}

// Not allowed: forbidden, a link to elsewhere, or not a regular file.
bool is_refused(int error) {
  return error == EACCES || error == EPERM || error == EXDEV || error == ENXIO || error == ENODEV;
}

}  // namespace

// The part of the content to send.
struct StaticFileHandler::Part {
  std::uint64_t begin;
  std::uint64_t end;
};

StaticFileHandler::StaticFileHandler() = default;
StaticFileHandler::~StaticFileHandler() = default;

void StaticFileHandler::initialize(const Init& init) {
  init_ = init;
  root_ = detail::absolute_path(init.path);
}

const StaticFiles& StaticFileHandler::files() const noexcept {
  return init_.files != nullptr ? *init_.files : detail::default_static_files();
}

Future<void> StaticFileHandler::get(std::string path) {
  return serve(std::move(path), true);
}

Future<void> StaticFileHandler::head(std::string path) {
  return serve(std::move(path), false);
}

Future<void> StaticFileHandler::serve(std::string path, bool include_body) {
  path_ = parse_url_path(std::move(path));
  auto place = validate_absolute_path(root_, files().get_absolute_path(root_, path_));
  if (!place) return ready();
  absolute_path_ = std::move(*place);
  modified_ = get_modified_time();
  set_headers();
  if (has_failed_condition()) throw HTTPError(412);
  if (should_return_304()) {
    set_status(304);
    return ready();
  }
  const auto part = choose_part();
  if (!part) return ready();
  set_header("Content-Length", part->end - part->begin);
  return include_body ? send_content(*part) : ready();
}

// ---- the path -----------------------------------------------------------------------------------

std::string StaticFileHandler::parse_url_path(std::string url_path) {
  return url_path;
}

std::optional<std::string> StaticFileHandler::validate_absolute_path(
    const std::string& root, const std::string& absolute_path) {
  if (!detail::is_below(root, absolute_path)) {
    throw HTTPError(403, path_ + " is not in root static directory");
  }
  if (absolute_path.find('\0') != std::string::npos) throw HTTPError(404);
  open_below_root(absolute_path);
  if (content_->is_folder() && !default_filename().empty()) {
    if (redirects_to_folder()) return std::nullopt;
    open_below_root(absolute_path + "/" + default_filename());
  }
  if (!content_->is_regular()) throw HTTPError(403, path_ + " is not a file");
  return content_->path;
}

void StaticFileHandler::open_below_root(const std::string& path) {
  auto opened = core::make_owned<detail::StaticContent>();
  const int error = detail::open_content(root_, path, init_.follow_symlinks, *opened);
  if (is_missing(error)) throw HTTPError(404);
  if (error == EXDEV) throw HTTPError(403, path_ + " leads out of the root static directory");
  if (is_refused(error)) throw HTTPError(403, path_ + " cannot be opened");
  if (error != 0) throw std::system_error(error, std::generic_category(), path);
  content_ = std::move(opened);
}

// Relative URLs in a folder's page are resolved against the trailing slash.
bool StaticFileHandler::redirects_to_folder() {
  const std::string& url = request.path;
  if (url.ends_with('/')) return false;
  // "//host" is another site's URL, and browsers read "/\host" as the same (CVE-2023-28370).
  if (url.starts_with("//") || url.starts_with("/\\")) {
    throw HTTPError(403, "cannot redirect path with two initial slashes");
  }
  redirect(url + "/", true);
  return true;
}

// The file at absolute_path_: the one that validate_absolute_path() opened, unless a derived class
// returned another path.
const detail::StaticContent& StaticFileHandler::content() {
  if (content_ == nullptr || content_->path != absolute_path_) open_below_root(absolute_path_);
  return *content_;
}

// ---- headers ------------------------------------------------------------------------------------

std::optional<std::int64_t> StaticFileHandler::get_modified_time() {
  return content().status.st_mtim.tv_sec;
}

void StaticFileHandler::set_headers() {
  set_header("Accept-Ranges", "bytes");
  set_etag_header();
  char date[http::kDateSize];
  if (modified_ && http::write_date(*modified_, date)) {
    set_header("Last-Modified", std::string_view(date, sizeof date));
  }
  const std::string type = get_content_type();
  if (!type.empty()) set_header("Content-Type", type);
  if (const auto seconds = get_cache_time(path_, modified_, type); seconds > 0) {
    set_header("Expires", httputil::format_timestamp(std::time(nullptr) + seconds));
    set_header("Cache-Control", "max-age=" + std::to_string(seconds));
  }
  set_extra_headers(path_);
}

std::optional<std::string> StaticFileHandler::compute_etag() const {
  if (!detail::keeps_versions(settings())) detail::forget_version(absolute_path_);
  // The version of the open file: the name may refer to another file by now.
  const StaticFiles& names = files();
  const bool is_plain = typeid(names) == typeid(StaticFiles);
  const std::string version = is_plain && content_ != nullptr && content_->path == absolute_path_
                                  ? detail::content_version(*content_)
                                  : names.get_content_version(absolute_path_);
  if (version.empty()) return std::nullopt;
  return '"' + version + '"';
}

std::string StaticFileHandler::get_content_type() {
  return std::string(detail::guess_type(absolute_path_));
}

std::int64_t StaticFileHandler::get_cache_time(const std::string& /*path*/,
                                               std::optional<std::int64_t> /*modified*/,
                                               const std::string& /*mime_type*/) {
  return !request.query.empty() && request.arguments().contains("v") ? CACHE_MAX_AGE : 0;
}

void StaticFileHandler::set_extra_headers(const std::string& /*path*/) {}

// ---- conditions ---------------------------------------------------------------------------------

// RFC 9110 13.2.2, steps 1 and 2. Tornado ignores them.
bool StaticFileHandler::has_failed_condition() const {
  if (request.headers.contains("If-Match")) {
    const std::string wanted = request.headers.get("If-Match");  // of all its lines
    return !http::has_strong_tag(wanted, headers().find("Etag").value_or(""));
  }
  const auto unmodified_since = date_of(request.headers, "If-Unmodified-Since");
  return unmodified_since && modified_ && *modified_ > *unmodified_since;
}

bool StaticFileHandler::should_return_304() {
  if (const auto tags = request.headers.find("If-None-Match"); tags && !tags->empty()) {
    return check_etag_header();
  }
  const auto since = date_of(request.headers, "If-Modified-Since");
  return since && modified_ && *since >= *modified_;
}

// Whether the client wants a part of this very version (RFC 9110 13.1.5 and 14.2). Tornado treats
// HEAD like GET here, and ignores If-Range.
bool StaticFileHandler::range_applies() const {
  if (request.method != "GET" || !request.headers.contains("Range")) return false;
  const auto condition = request.headers.find("If-Range");
  if (!condition) return true;
  if (condition->find('"') != std::string_view::npos) {
    return http::has_strong_tag(*condition, headers().find("Etag").value_or(""));
  }
  // The current second does not identify a version, because the file may still change (RFC 9110
  // 8.8.2.2).
  const auto date = date_of(request.headers, "If-Range");
  return date && date == modified_ && *date < std::time(nullptr);
}

// Returns the bytes to send; nothing if the response is already complete.
std::optional<StaticFileHandler::Part> StaticFileHandler::choose_part() {
  const std::uint64_t size = get_content_size();
  if (!range_applies()) return Part{0, size};
  http::ByteRange range;
  switch (http::parse_range(*request.headers.find("Range"), size, range)) {
    case http::RangeStatus::kAll:
      return Part{0, size};
    case http::RangeStatus::kPart:
      set_status(206);
      set_header("Content-Range", "bytes " + std::to_string(range.begin) + "-" +
                                      std::to_string(range.end - 1) + "/" + std::to_string(size));
      return Part{range.begin, range.end};
    case http::RangeStatus::kUnsatisfiable:
      break;
  }
  set_status(416);
  set_header("Content-Type", "text/plain");
  set_header("Content-Range", "bytes */" + std::to_string(size));
  return std::nullopt;
}

// ---- the body -----------------------------------------------------------------------------------

std::uint64_t StaticFileHandler::get_content_size() {
  return content().size();
}

std::optional<std::string> StaticFileHandler::get_content(const std::string& /*absolute_path*/,
                                                          std::uint64_t /*start*/,
                                                          std::uint64_t /*end*/) {
  return std::nullopt;
}

Future<void> StaticFileHandler::send_content(const Part& part) {
  if (part.begin == part.end) return ready();
  auto piece = get_content(absolute_path_, part.begin, std::min(part.end, part.begin + kPieceSize));
  if (!piece && !is_transformed()) {
    const auto file = content().file;
    flush();
    request.connection->write_file({file, part.begin, part.end - part.begin});
    return ready();
  }
  if (!piece) piece = read_piece(part.begin, part.end);
  return send_pieces(*this, part.begin, part.end, std::move(*piece));
}

// Sends one piece at a time, as fast as the client takes them.
Future<void> StaticFileHandler::send_pieces(StaticFileHandler& self, std::uint64_t start,
                                            std::uint64_t end, std::string piece) {
  try {
    for (;;) {
      start += piece.size();
      self.write(piece);
      const Future<void> sent = self.flush();
      co_await sent;
      if (start >= end || piece.empty()) co_return;
      auto next = self.get_content(self.absolute_path_, start, std::min(end, start + kPieceSize));
      piece = next ? std::move(*next) : self.read_piece(start, end);
    }
  } catch (const iostream::StreamClosedError&) {
    // The client has gone: nothing is left to do.
  }
}

std::string StaticFileHandler::read_piece(std::uint64_t start, std::uint64_t end) {
  std::string piece(std::min(kPieceSize, end - start), '\0');
  const auto count = content().file->read_at(piece.data(), piece.size(), start);
  if (count < 0) throw std::system_error(errno, std::generic_category(), absolute_path_);
  piece.resize(static_cast<std::size_t>(count));
  return piece;
}

}  // namespace tornado::web
