// Public header. Multipart forms, parsed as they arrive, for handlers that receive their body piece
// by piece. Large files go to disk, so that a form of any size needs little memory. Not in Tornado,
// where request.files, as here, holds every upload in memory.
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
  std::string name;               // of the form's field
  std::string filename;           // as sent by the client: text to display, never a path to open
  std::string content_type;       // "application/unknown" if the part has none
  httputil::HTTPHeaders headers;  // all fields of the part, including those above

  // Returns false for an empty filename, which browsers send for a file input that was left empty:
  // as in request.files, such a part is an argument, not a file.
  bool is_file() const noexcept { return !filename.empty(); }
};

// ---- parts by callbacks -------------------------------------------------------------------------

struct MultipartReaderOptions {
  MultipartReaderOptions() {}

  std::size_t max_parts = 100;               // one more is an HTTPError(413)
  std::size_t max_part_header_size = 10240;  // bytes of one part's header lines
};

// The callbacks of a MultipartReader, called in this order for each part. on_data and on_part_end
// may be coroutines: until they have ended, parsing pauses and, if feed() is awaited, so does
// reading from the client. Their exceptions come out of feed().
struct MultipartCallbacks {
  MultipartCallbacks() {}

  core::Function<void(const MultipartPart&)> on_part;  // when a part begins
  core::MaybeCoroutine<std::string> on_data;           // any number of times, never empty
  core::MaybeCoroutine<> on_part_end;                  // when all its data has been passed on
};

// Parses a multipart/form-data body and passes on its pieces without keeping them.
//
//   struct HashHandler : web::RequestHandler {
//     void prepare() { reader_.emplace(request.headers, callbacks()); }
//     Future<void> data_received(std::string chunk) { return reader_->feed(std::move(chunk)); }
//     void post() { reader_->finish(); }
//     ...
//   };
class MultipartReader {
 public:
  // `headers` are the request's. Throws HTTPError(400) if they do not announce a multipart form
  // with a usable boundary.
  MultipartReader(const httputil::HTTPHeaders& headers, MultipartCallbacks callbacks,
                  const MultipartReaderOptions& options = {});
  ~MultipartReader();
  MultipartReader(MultipartReader&&) noexcept;
  MultipartReader& operator=(MultipartReader&&) noexcept;

  // Parses the next piece of the body. The future is done when the callbacks have ended. Fails with
  // HTTPError(400) for a malformed form, HTTPError(413) if a limit is exceeded, and with a
  // callback's exception; after that, every call fails. Throws std::logic_error while the previous
  // call's future is not done. If the reader is destroyed, the callbacks continue until that piece
  // is used up.
  Future<void> feed(std::string chunk);
  // Call it when the body is complete. Throws HTTPError(400) if the form is not.
  void finish() const;

 private:
  struct State;
  static Future<void> take_apart(std::shared_ptr<State> state, std::string chunk);

  std::shared_ptr<State> state_;
};

// ---- whole forms, big files on disk -------------------------------------------------------------

// A file of a MultipartForm. A handle: copies mean the same file, which lives as long as one of
// them.
class UploadedFile {
 public:
  // Returns the client's name of the file: text to display, never a path to open.
  const std::string& filename() const noexcept;
  // Returns the type that the client sent, unchecked; "application/unknown" if it sent none.
  const std::string& content_type() const noexcept;
  // Returns the number of bytes.
  std::uint64_t size() const noexcept;
  // Returns the file's descriptor, open for reading and writing, without a name in any folder; -1
  // if the file is small and in memory.
  int fileno() const noexcept;

  // Reads `size` bytes from `offset` on, fewer at the end, on a thread of the loop's pool.
  Future<std::string> read(std::uint64_t offset, std::size_t size) const;
  // Gives the file the name `path`, without copying if that is on the same file system. Never
  // replaces an existing file: fails with std::system_error (EEXIST), as for every other system
  // error, and may then be called again, for example with another name. After it has succeeded,
  // this object and the file at `path` are one. Calling it after that, or before the last call has
  // ended, throws std::logic_error. Runs on a thread of the loop's pool. The program must choose
  // `path` itself: filename() may contain "../" or worse.
  Future<void> save(std::string path) const;

 private:
  friend class MultipartForm;
  struct Data;
  explicit UploadedFile(std::shared_ptr<Data> data) : data_(std::move(data)) {}
  std::shared_ptr<Data> data_;
};

struct MultipartFormOptions : MultipartReaderOptions {
  MultipartFormOptions() {}

  std::size_t max_fields_size = 1'048'576;  // bytes of all arguments, including their names
  std::size_t memory_per_file = 65536;      // bytes; a longer file goes to disk
  // Bytes of one file. The request's max_body_size limits all of them together.
  std::uint64_t max_file_size = std::numeric_limits<std::uint64_t>::max();
  // The folder for the unnamed files; empty: $TMPDIR, or else /var/tmp (not /tmp, which is in
  // memory on many systems).
  std::string directory;
};

// Parses a multipart/form-data body into arguments and files.
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
// Memory holds the arguments, at most memory_per_file of each file, and 256 KiB on their way to the
// disk. A file on disk costs a descriptor. Nothing stays on disk when the form is destroyed,
// however the request ends, even if the program dies.
class MultipartForm {
 public:
  using Files = std::map<std::string, std::vector<UploadedFile>, std::less<>>;

  // See MultipartReader.
  explicit MultipartForm(const httputil::HTTPHeaders& headers,
                         const MultipartFormOptions& options = {});
  ~MultipartForm();
  MultipartForm(MultipartForm&&) noexcept;
  MultipartForm& operator=(MultipartForm&&) noexcept;

  // See MultipartReader; also fails with std::system_error if the disk does. Writes to disk on a
  // thread of the loop's pool.
  Future<void> feed(std::string chunk) { return reader_.feed(std::move(chunk)); }
  void finish() const { reader_.finish(); }

  // The arguments and files that have arrived completely, by the parts' names.
  const httputil::Arguments& arguments() const noexcept;
  const Files& files() const noexcept;

 private:
  struct State;
  MultipartForm(const httputil::HTTPHeaders& headers, std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
  MultipartReader reader_;
};

}  // namespace tornado::web
