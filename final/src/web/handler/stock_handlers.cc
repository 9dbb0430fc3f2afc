// The handlers and conditions that come with the library.
#include <tornado/web.h>

#include <charconv>
#include <stdexcept>

#include "http/message/request_id.h"

namespace tornado::web {

void ErrorHandler::prepare() {
  throw HTTPError(get_status());
}

void FallbackHandler::initialize(const Init& init) {
  if (!init.fallback) throw std::invalid_argument("a FallbackHandler without a fallback");
  fallback_ = init.fallback;
}

void FallbackHandler::prepare() {
  const auto fallback = std::move(fallback_);
  leave_response();
  const std::string id = request.request_id();
  httputil::HTTPServerRequest passed = std::move(request);
  // What the fallback fetches asks this handler for the id.
  request.headers.set(http::kRequestIdField, id);
  fallback(std::move(passed));
}

void HealthHandler::initialize(const Init& init) {
  ready_ = init.ready;
}

void HealthHandler::get() {
  const bool ready = !ready_ || ready_();
  if (!ready) set_status(503);
  set_header("Content-Type", "text/plain; charset=UTF-8");
  set_header("Cache-Control", "no-store");
  finish(ready ? "ok\n" : "not ready\n");
}

// ---- slashes ------------------------------------------------------------------------------------

namespace {

bool is_get_or_head(const httputil::HTTPServerRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Makes a Location from a path of this server. One that begins with two slashes would name another
// host (RFC 3986 4.2), and browsers take "\" for "/". "/.//x" is the same path as "//x" and cannot
// be taken for a host. The Host field cannot be trusted for this: caches would keep the redirect.
std::string location_of(const httputil::HTTPServerRequest& request, std::string path) {
  if (path.starts_with("//")) {
    path.insert(0, "/.");
  } else if (path.starts_with("/\\")) {
    path.replace(1, 1, "%5C");
  }
  if (!request.query.empty()) path += "?" + request.query;
  return path;
}

}  // namespace

bool addslash::admits(RequestHandler& handler) {
  const httputil::HTTPServerRequest& request = handler.request;
  if (request.path.ends_with('/')) return true;
  if (!is_get_or_head(request)) throw HTTPError(404);
  handler.redirect(location_of(request, request.path + "/"), true);
  return false;
}

bool removeslash::admits(RequestHandler& handler) {
  const httputil::HTTPServerRequest& request = handler.request;
  if (!request.path.ends_with('/')) return true;
  if (!is_get_or_head(request)) throw HTTPError(404);
  const auto last = request.path.find_last_not_of('/');
  if (last == std::string::npos) return true;  // not from "/" to an empty path
  handler.redirect(location_of(request, request.path.substr(0, last + 1)), true);
  return false;
}

// ---- RedirectHandler ----------------------------------------------------------------------------

namespace {

// Inserts the groups into "/photos/{0}".
class Substitution {
 public:
  Substitution(std::string_view text, const PathArgs& args, const PathKwargs& kwargs)
      : rest_(text), args_(args), kwargs_(kwargs) {}

  std::string run() {
    while (!rest_.empty()) {
      const char c = take();
      if ((c == '{' || c == '}') && rest_.starts_with(c)) {
        result_ += take();
      } else if (c == '{') {
        const auto end = rest_.find('}');
        if (end == std::string_view::npos) throw std::invalid_argument("'{' without '}' in a url");
        put_field(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
      } else if (c == '}') {
        throw std::invalid_argument("'}' without '{' in a url");
      } else if (c == '\\' && !rest_.empty() && rest_[0] >= '1' && rest_[0] <= '9') {
        put(static_cast<std::size_t>(take() - '1'));
      } else {
        result_ += c;
      }
    }
    return std::move(result_);
  }

 private:
  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  void put_field(std::string_view field) {
    if (field.empty()) {
      put(next_++);
      return;
    }
    std::size_t number = 0;
    const char* const end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(field.data(), end, number);
    if (error == std::errc() && stop == end) {
      put(number);
      return;
    }
    const auto found = kwargs_.find(field);
    if (found == kwargs_.end()) {
      throw std::out_of_range("a redirect's url names a group that its route does not have: {" +
                              std::string(field) + "}");
    }
    put(found->second);
  }

  void put(std::size_t group) {
    if (group >= args_.size()) {
      throw std::out_of_range("a redirect's url uses more groups than its route has");
    }
    put(args_[group]);
  }
  void put(const std::optional<std::string>& value) { result_ += value.value_or(""); }

  std::string_view rest_;
  const PathArgs& args_;
  const PathKwargs& kwargs_;
  std::size_t next_ = 0;
  std::string result_;
};

// If the url's author lets a group supply the beginning, the result must not become another host's
// address: "//elsewhere" is reduced to one slash. Leading blanks are removed; browsers drop tabs
// anywhere, and take "\" for "/".
std::string stay_here(std::string_view written, std::string url) {
  const bool open = written.empty() || written[0] == '{' || written[0] == '\\' || written == "/" ||
                    written.starts_with("/{") || written.starts_with("/\\");
  if (!open) return url;
  url.erase(0, url.find_first_not_of(" \t"));
  if (url.empty() || (url[0] != '/' && url[0] != '\\')) return url;
  const auto text = url.find_first_not_of("/\\\t");
  return "/" + (text == std::string::npos ? "" : url.substr(text));
}

}  // namespace

void RedirectHandler::initialize(const Init& init) {
  init_ = init;
}

void RedirectHandler::get(const PathArgs& args) {
  std::string url = stay_here(init_.url, Substitution(init_.url, args, path_kwargs()).run());
  const auto& query = request.query_arguments();
  if (!query.empty()) url = httputil::url_concat(url, httputil::qs_to_qsl(query));
  redirect(url, init_.permanent);
}

}  // namespace tornado::web
