// Public header: StaticFileHandler, which serves files, and StaticFiles, their names and versions.
// A part of tornado.web. The setting static_path and static_url() need only <tornado/web.h>.
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

// Finds the file of a path, its version, and the URL for both, as RequestHandler::static_url()
// needs them without a request for the file. In Tornado these are class methods of
// StaticFileHandler. To change one, derive from this class and set StaticFileHandler::Init::files.
// One object serves all requests, so its functions are const.
class StaticFiles {
 public:
  virtual ~StaticFiles() = default;

  // Returns the absolute path of `path` below `root`, without "." and "..". The result may be
  // outside of root; validate_absolute_path() checks that.
  virtual std::string get_absolute_path(const std::string& root, const std::string& path) const;
  // Returns text that changes when the file does, used as its Etag and as the "v" of its URL: the
  // SHA-512 of the bytes, in hex. For a file of more than 4 MiB, size and time are hashed instead.
  // A version is cached until the file changes. Throws std::system_error if the file cannot be
  // read.
  virtual std::string get_content_version(const std::string& absolute_path) const;
  // Returns the version of a path below the setting static_path. If there is no such file, logs
  // that and returns nullopt.
  virtual std::optional<std::string> get_version(const Settings& settings,
                                                 const std::string& path) const;
  // Returns the URL of a path, starting with the setting static_url_prefix: percent-encoded,
  // followed by "?v=" and the version if `include_version`.
  virtual std::string make_static_url(const Settings& settings, const std::string& path,
                                      bool include_version = true) const;

  // Drops the versions that this thread has cached.
  static void reset();
};

// Serves the files of a folder:
//
//   web::url<web::StaticFileHandler>("/files/(.*)", {.path = "/srv/files"})
//
// The route's one group is the path below the folder. Responds to GET and HEAD, with Etag,
// Last-Modified, Accept-Ranges, parts (Range) and the conditions of RFC 9110 13. The bytes are not
// copied through this process, so a response to a slow client holds an open file but no memory.
// With the argument "v", clients may cache the response for ten years.
//
// Never serves a file outside of the folder, whatever the path and the folder contain: not by "..",
// not by an absolute path, not through symbolic links. Tornado follows links to anywhere, which is
// fine until somebody else may write to the folder; here that is an option. Only regular files are
// served. Other kinds, and paths outside of the folder, get a 403; missing files get a 404.
//
// To change its behaviour, derive from it and override; each function says when it is called.
class StaticFileHandler : public RequestHandler {
 public:
  struct Init {
    std::string path = {};              // the folder
    std::string default_filename = {};  // served for a folder: "index.html"; empty: a 403
    bool follow_symlinks = false;       // also those that lead out of the folder
    std::shared_ptr<const StaticFiles> files = nullptr;  // null: StaticFiles itself
  };
  // Keeps the route's Init. A derived class that hides this function must call it.
  void initialize(const Init& init);

  // Respond with the file at `path`, which is what the route's group matched.
  Future<void> get(std::string path);
  Future<void> head(std::string path);

  // Seconds of ten years.
  static constexpr std::int64_t CACHE_MAX_AGE = 86'400LL * 365 * 10;

  StaticFileHandler();

 protected:
  ~StaticFileHandler() override;

  // In the order in which they are called. Each may throw HTTPError.

  // Turns the text that the route's group matched into a path below the folder. The default returns
  // it unchanged.
  virtual std::string parse_url_path(std::string url_path);
  // Returns the path to serve, `absolute_path` or another one, or nullopt if it has already
  // responded. Throws HTTPError for paths that must not be served. The default redirects a folder's
  // URL without a slash to the one with it, if there is a default_filename.
  virtual std::optional<std::string> validate_absolute_path(const std::string& root,
                                                            const std::string& absolute_path);
  // Returns when the file was last changed, in seconds since 1970; nullopt for no Last-Modified.
  virtual std::optional<std::int64_t> get_modified_time();
  // Sets the headers, also for a 304 and for parts. Calls the next four.
  virtual void set_headers();
  // Returns get_content_version() in quotes.
  std::optional<std::string> compute_etag() const override;
  // Returns the type for the name's extension.
  virtual std::string get_content_type();
  // Returns the seconds for which clients may use the file without asking again; 0 leaves that to
  // them.
  virtual std::int64_t get_cache_time(const std::string& path, std::optional<std::int64_t> modified,
                                      const std::string& mime_type);
  // Sets more headers. The default sets none.
  virtual void set_extra_headers(const std::string& path);
  // Returns whether the client already has this version, by If-None-Match, or by If-Modified-Since
  // if there is no If-None-Match.
  virtual bool should_return_304();
  // Returns the size of the whole content in bytes.
  virtual std::uint64_t get_content_size();
  // Returns the bytes from `start` to `end` - 1. The default returns nullopt, which sends the file.
  // A class whose content is not in files returns the bytes, at most 64 KiB at a time, and also
  // overrides validate_absolute_path(), get_modified_time(), get_content_size() and compute_etag().
  virtual std::optional<std::string> get_content(const std::string& absolute_path,
                                                 std::uint64_t start, std::uint64_t end);

  // Return Init::path as an absolute path, and Init::default_filename.
  const std::string& root() const noexcept { return root_; }
  const std::string& default_filename() const noexcept { return init_.default_filename; }
  // The results of parse_url_path(), validate_absolute_path() and get_modified_time().
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

// Serves the setting static_path, and makes its URLs.
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

// Returns the value of the setting static_handler_class: H then serves static_path. `init`
// corresponds to Tornado's static_handler_args; its `path` is replaced by the setting.
template <std::derived_from<StaticFileHandler> H>
StaticHandlerClass static_handler(typename H::Init init = {}) {
  return std::make_shared<const detail::StaticRouteOf<H>>(std::move(init));
}

}  // namespace tornado::web
