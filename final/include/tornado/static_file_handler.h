// Public header: StaticFileHandler, files as responses, and StaticFiles, their names and versions.
// A part of tornado.web. The setting static_path and static_url() need nothing but <tornado/web.h>.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/web.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tornado::web {

namespace detail {
struct StaticContent;
}

// Where the file of a path is, which version of it there is, and the URL of both: what
// RequestHandler::static_url() needs without a request for the file. These are class methods of
// Tornado's StaticFileHandler. To change one, derive from this and give an object to
// StaticFileHandler::Init::files. One object serves all requests: its functions change nothing.
class StaticFiles {
 public:
  virtual ~StaticFiles() = default;

  // Where `path` leads from `root`: an absolute path without "." and "..". It may be outside of
  // root; validate_absolute_path() sees to that.
  virtual std::string get_absolute_path(const std::string& root, const std::string& path) const;
  // Text that changes when the file does: its Etag, and the "v" of its URL. The SHA-512 of the
  // bytes, in hex; a file of more than 4 MiB is not read, and its size and time are hashed. A
  // version is kept until the file changes. Throws std::system_error if the file cannot be read.
  virtual std::string get_content_version(const std::string& absolute_path) const;
  // The version of a path below the setting static_path; nothing, and a line in the log, if there
  // is no such file.
  virtual std::optional<std::string> get_version(const Settings& settings,
                                                 const std::string& path) const;
  // The URL of a path, from the setting static_url_prefix on: percent-encoded, and with "?v=" and
  // the version if `include_version`.
  virtual std::string make_static_url(const Settings& settings, const std::string& path,
                                      bool include_version = true) const;

  // Forgets the versions that this thread keeps.
  static void reset();
};

// Serves the files of a folder:
//
//   web::url<web::StaticFileHandler>("/files/(.*)", {.path = "/srv/files"})
//
// The route's one group is the path below the folder. Answers GET and HEAD, with Etag,
// Last-Modified, Accept-Ranges, parts (Range) and the conditions of RFC 9110 13. The bytes are not
// copied through this process, and a response that a slow client reads holds an open file and no
// memory. A request with the argument "v" may be kept by the client for ten years.
//
// Nothing outside of the folder is served, whatever the path and the folder hold: not by "..", not
// by an absolute path, not through symbolic links. Tornado follows links to anywhere, which is
// fine until somebody else may write to the folder; here that is an option. Only regular files are
// served. What is not: 403, as is what is not below the folder; 404 for what is not there.
//
// To change what it does, derive from it and override; each function says when it is called.
class StaticFileHandler : public RequestHandler {
 public:
  struct Init {
    std::string path = {};              // of the folder
    std::string default_filename = {};  // served for a folder: "index.html"; empty: that is a 403
    bool follow_symlinks = false;       // also those that lead out of the folder
    std::shared_ptr<const StaticFiles> files = nullptr;  // null: StaticFiles itself
  };
  void initialize(const Init& init);

  Future<void> get(std::string path);
  Future<void> head(std::string path);

  // Seconds of ten years.
  static constexpr std::int64_t CACHE_MAX_AGE = 86'400LL * 365 * 10;

  StaticFileHandler();

 protected:
  ~StaticFileHandler() override;

  // In the order of their calls. Each may throw HTTPError.

  // Makes a path below the folder of what the route's group has matched: nothing is to do.
  virtual std::string parse_url_path(std::string url_path);
  // Says which path is to be served, `absolute_path` or another one; nothing if it has answered the
  // request itself. Throws HTTPError for paths that are not served. The default sends a folder's
  // URL without a slash to the one with it, if there is a default_filename.
  virtual std::optional<std::string> validate_absolute_path(const std::string& root,
                                                            const std::string& absolute_path);
  // When it was last changed, in seconds since 1970; nothing for no Last-Modified.
  virtual std::optional<std::int64_t> get_modified_time();
  // Sets the headers that a 304 and a part have too: the next five are called by it.
  virtual void set_headers();
  // get_content_version() in quotes.
  std::optional<std::string> compute_etag() const override;
  // By the name's extension.
  virtual std::string get_content_type();
  // For how many seconds clients may use it without asking; 0 leaves it to them.
  virtual std::int64_t get_cache_time(const std::string& path, std::optional<std::int64_t> modified,
                                      const std::string& mime_type);
  // For more headers.
  virtual void set_extra_headers(const std::string& path);
  // Whether the client has this version already. If-None-Match is asked first, If-Modified-Since
  // only without it.
  virtual bool should_return_304();
  // Bytes, all of them.
  virtual std::uint64_t get_content_size();
  // The bytes from `start` to `end` - 1. The default gives nothing: then the file is sent. A class
  // whose content is not in files gives the bytes, at most 64 KiB at a time, and overrides
  // validate_absolute_path(), get_modified_time(), get_content_size() and compute_etag() too.
  virtual std::optional<std::string> get_content(const std::string& absolute_path,
                                                 std::uint64_t start, std::uint64_t end);

  const std::string& root() const noexcept { return root_; }
  const std::string& default_filename() const noexcept { return init_.default_filename; }
  // What parse_url_path(), validate_absolute_path() and get_modified_time() have given.
  const std::string& path() const noexcept { return path_; }
  const std::string& absolute_path() const noexcept { return absolute_path_; }
  std::optional<std::int64_t> modified() const noexcept { return modified_; }

 private:
  struct Part;

  Future<void> serve(std::string path, bool include_body);
  const StaticFiles& files() const noexcept;
  const detail::StaticContent& content();
  void open_below_root(const std::string& path);
  bool redirects_to_folder();
  bool has_failed_condition() const;
  bool range_applies() const;
  std::optional<Part> choose_part();
  Future<void> send_content(const Part& part);
  static Future<void> send_pieces(StaticFileHandler& self, std::uint64_t start, std::uint64_t end,
                                  std::string piece);
  std::string read_piece(std::uint64_t start, std::uint64_t end);

  Init init_;
  std::string root_;
  std::string path_;
  std::string absolute_path_;
  std::optional<std::int64_t> modified_;
  core::Owned<detail::StaticContent> content_;
};

namespace detail {

// What serves the setting static_path, and how its URLs are made.
class StaticRoute {
 public:
  virtual ~StaticRoute() = default;
  virtual URLSpec route(const std::string& pattern, const std::string& static_path) const = 0;
  virtual const StaticFiles& files() const = 0;
};

const StaticFiles& default_static_files();

template <class H>
class StaticRouteOf final : public StaticRoute {
 public:
  explicit StaticRouteOf(typename H::Init init) : init_(std::move(init)) {}
  URLSpec route(const std::string& pattern, const std::string& static_path) const override {
    auto init = init_;
    init.path = static_path;
    return url<H>(pattern, std::move(init));
  }
  const StaticFiles& files() const override {
    return init_.files != nullptr ? *init_.files : default_static_files();
  }

 private:
  typename H::Init init_;
};

}  // namespace detail

// The setting static_handler_class: H serves static_path. Its `path` is the setting's, the rest of
// `init` is what Tornado calls static_handler_args.
template <std::derived_from<StaticFileHandler> H>
StaticHandlerClass static_handler(typename H::Init init = {}) {
  return std::make_shared<const detail::StaticRouteOf<H>>(std::move(init));
}

}  // namespace tornado::web
