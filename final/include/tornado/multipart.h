// Public header. Multipart forms, read as they arrive: for handlers that take their body piece by
// piece. Big files go to disk, so that a form of any size needs little memory. Not in Tornado,
// whose request.files holds every upload in memory, as request.files here does.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/function.h>
#include <tornado/core/maybe_coroutine.h>
#include <tornado/httputil.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tornado::web {

// One part of a form, without its data.
struct MultipartPart {
  std::string name;
  std::string filename;  // as the client says it: a text to show, never a path to open
  std::string content_type;
  httputil::HTTPHeaders headers;

  // Browsers send a file input that was left empty as a part with an empty filename: as in
  // request.files, that is no file but an argument.
  bool is_file() const noexcept { return !filename.empty(); }
};

// ---- parts by callbacks -------------------------------------------------------------------------

struct MultipartReaderOptions {
  MultipartReaderOptions() {}

  std::size_t max_parts = 100;
  std::size_t max_part_header_size = 10240;  // bytes of one part's header lines
};

// What a MultipartReader calls, in this order for each part. on_data may be a coroutine: nothing
// more is taken apart, and if feed() is awaited nothing more is read from the client, before it has
// ended. What they throw comes out of feed().
struct MultipartCallbacks {
  MultipartCallbacks() {}

  core::Function<void(const MultipartPart&)> on_part;
  core::MaybeCoroutine<std::string> on_data;  // any number of times, never empty
  core::MaybeCoroutine<> on_part_end;
};

// Takes a multipart/form-data body apart and hands its pieces on; keeps none of them.
//
//   struct HashHandler : web::RequestHandler {
//     void prepare() { reader_.emplace(request.headers, callbacks()); }
//     Future<void> data_received(std::string chunk) { return reader_->feed(std::move(chunk)); }
//     void post() { reader_->finish(); }
//     ...
//   };
class MultipartReader {
 public:
  // `headers` are the request's. Throws HTTPError(400) if they announce no multipart form, or one
  // without a usable boundary.
  MultipartReader(const httputil::HTTPHeaders& headers, MultipartCallbacks callbacks,
                  const MultipartReaderOptions& options = {});
  ~MultipartReader();
  MultipartReader(MultipartReader&&) noexcept;
  MultipartReader& operator=(MultipartReader&&) noexcept;

  // Takes the next piece of the body. The future is done when the callbacks have ended. It fails
  // with HTTPError(400) for what is no form, HTTPError(413) for a limit, and with what a callback
  // throws; after that every call fails. Throws std::logic_error while the last call's future is
  // not done. The callbacks may run on after the reader is destroyed, until that piece is used up.
  [[nodiscard]] Future<void> feed(std::string chunk);
  // The body is complete. Throws HTTPError(400) if the form is not.
  void finish() const;

 private:
  struct State;
  static Future<void> take_apart(std::shared_ptr<State> state, std::string chunk);

  std::shared_ptr<State> state_;
};

// ---- whole forms, big files on disk -------------------------------------------------------------

// A file of a MultipartForm. A handle: copies are the same file, which lives as long as one does.
class UploadedFile {
 public:
  const std::string& filename() const noexcept;  // a text to show, never a path to open
  const std::string& content_type() const noexcept;
  std::uint64_t size() const noexcept;
  // Its descriptor, open for reading and writing, without a name in any folder; -1 if the file is
  // small and in memory.
  int fileno() const noexcept;

  // `size` bytes from `offset` on, fewer at the end. Read on a thread of the loop's pool.
  [[nodiscard]] Future<std::string> read(std::uint64_t offset, std::size_t size) const;
  // Gives the file the name `path`: without copying where that is on the same file system. A file
  // of that name stays as it is, and the call fails with std::system_error (EEXIST), as for every
  // other error of the system; then it may be called again, with another name, say. When it has
  // succeeded, the file here and there are one; calling it after that, or before it has ended,
  // throws std::logic_error. Runs on a thread of the loop's pool. `path` is the program's:
  // filename() may hold "../" or worse.
  [[nodiscard]] Future<void> save(std::string path) const;

 private:
  friend class MultipartForm;
  struct Data;
  explicit UploadedFile(std::shared_ptr<Data> data) : data_(std::move(data)) {}
  std::shared_ptr<Data> data_;
};

struct MultipartFormOptions : MultipartReaderOptions {
  MultipartFormOptions() {}

  std::size_t max_fields_size = 1'048'576;  // bytes of all arguments, their names included
  std::size_t memory_per_file = 65536;      // bytes; a file that is longer goes to disk
  // Of one file. All of them together the request's max_body_size bounds.
  std::uint64_t max_file_size = std::numeric_limits<std::uint64_t>::max();
  // Where files without a name are made; empty: $TMPDIR, else /var/tmp (not /tmp, which is memory
  // on many systems).
  std::string directory;
};

// Reads a multipart/form-data body into arguments and files.
//
//   struct UploadHandler : web::RequestHandler {
//     void prepare() {
//       request.connection->set_max_body_size(5'000'000'000);
//       form_.emplace(request.headers);
//     }
//     Future<void> data_received(std::string chunk) { return form_->feed(std::move(chunk)); }
//     void post() {
//       form_->finish();
//       for (const auto& [name, files] : form_->files()) ...
//     }
//     std::optional<web::MultipartForm> form_;
//   };
//
// In memory are the arguments, at most memory_per_file of each file, and 256 KiB on their way to
// the disk. A file on disk costs a descriptor. Nothing is left on disk when the form goes, whatever
// way the request ends, the program's own end included.
class MultipartForm {
 public:
  using Files = std::map<std::string, std::vector<UploadedFile>, std::less<>>;

  // As MultipartReader's.
  explicit MultipartForm(const httputil::HTTPHeaders& headers,
                         const MultipartFormOptions& options = {});
  ~MultipartForm();
  MultipartForm(MultipartForm&&) noexcept;
  MultipartForm& operator=(MultipartForm&&) noexcept;

  // As MultipartReader's; also fails with std::system_error if the disk does. The disk is written
  // on a thread of the loop's pool.
  [[nodiscard]] Future<void> feed(std::string chunk) { return reader_.feed(std::move(chunk)); }
  void finish() const { reader_.finish(); }

  // What has arrived completely, by the parts' names.
  const httputil::Arguments& arguments() const noexcept;
  const Files& files() const noexcept;

 private:
  struct State;
  MultipartForm(const httputil::HTTPHeaders& headers, std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
  MultipartReader reader_;
};

}  // namespace tornado::web
