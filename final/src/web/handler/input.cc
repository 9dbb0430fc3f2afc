// What handlers read of a request: arguments, and multipart forms piece by piece.
#include <tornado/escape.h>
#include <tornado/ioloop.h>
#include <tornado/multipart.h>
#include <tornado/web.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/text/unicode.h"
#include "http/message/form.h"
#include "http/message/multipart.h"
#include "web/handler/spool_file.h"

namespace tornado::web {

// ---- arguments ----------------------------------------------------------------------------------

namespace {

std::string clean(std::string text, bool strip) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return (c >= '\0' && c <= '\x08') || (c >= '\x0e' && c <= '\x1f'); }, ' ');
  return strip ? std::string(escape::strip_unicode(text)) : text;
}

// The bytes as Python shows them: the log must not contain a client's control characters.
std::string shown(std::string_view bytes) {
  constexpr std::string_view kLetters = "\n\r\t\\'";
  constexpr std::string_view kEscapes = "nrt\\'";
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "b'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (const auto known = kLetters.find(c); known != kLetters.npos) {
      text.append({'\\', kEscapes[known]});
    } else if (byte < 0x20 || byte > 0x7E) {
      text.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

std::string RequestHandler::decode_argument(std::string_view value, std::string_view name) const {
  if (!escape::is_valid_utf8(value)) {
    throw HTTPError(400, "Invalid unicode in " + std::string(name.empty() ? "url" : name) + ": " +
                             shown(value.substr(0, 40)));
  }
  return std::string(value);
}

std::string RequestHandler::argument(const httputil::Arguments& source, std::string_view name,
                                     bool strip) const {
  std::optional<std::string> value = argument(source, name, std::nullopt, strip);
  if (!value) throw MissingArgumentError(name);
  return std::move(*value);
}

std::string RequestHandler::argument(const httputil::Arguments& source, std::string_view name,
                                     std::string_view fallback, bool strip) const {
  return argument(source, name, std::nullopt, strip).value_or(std::string(fallback));
}

// Returns the last of the values. Decodes the others too, so that a later value does not hide an
// error in an earlier one.
std::optional<std::string> RequestHandler::argument(const httputil::Arguments& source,
                                                    std::string_view name, std::nullopt_t,
                                                    bool strip) const {
  std::vector<std::string> values = arguments(source, name, strip);
  if (values.empty()) return std::nullopt;
  return std::move(values.back());
}

std::vector<std::string> RequestHandler::arguments(const httputil::Arguments& source,
                                                   std::string_view name, bool strip) const {
  std::vector<std::string> values;
  const auto found = source.find(name);
  if (found == source.end()) return values;
  for (const std::string& value : found->second)
    values.push_back(clean(decode_argument(value, name), strip));
  return values;
}

std::string RequestHandler::get_argument(std::string_view name, bool strip) const {
  return argument(request.arguments(), name, strip);
}
std::string RequestHandler::get_argument(std::string_view name, std::string_view fallback,
                                         bool strip) const {
  return argument(request.arguments(), name, fallback, strip);
}
std::optional<std::string> RequestHandler::get_argument(std::string_view name, std::nullopt_t none,
                                                        bool strip) const {
  return argument(request.arguments(), name, none, strip);
}
std::vector<std::string> RequestHandler::get_arguments(std::string_view name, bool strip) const {
  return arguments(request.arguments(), name, strip);
}

std::string RequestHandler::get_query_argument(std::string_view name, bool strip) const {
  return argument(request.query_arguments(), name, strip);
}
std::string RequestHandler::get_query_argument(std::string_view name, std::string_view fallback,
                                               bool strip) const {
  return argument(request.query_arguments(), name, fallback, strip);
}
std::optional<std::string> RequestHandler::get_query_argument(std::string_view name,
                                                              std::nullopt_t none,
                                                              bool strip) const {
  return argument(request.query_arguments(), name, none, strip);
}
std::vector<std::string> RequestHandler::get_query_arguments(std::string_view name,
                                                             bool strip) const {
  return arguments(request.query_arguments(), name, strip);
}

std::string RequestHandler::get_body_argument(std::string_view name, bool strip) const {
  return argument(request.body_arguments(), name, strip);
}
std::string RequestHandler::get_body_argument(std::string_view name, std::string_view fallback,
                                              bool strip) const {
  return argument(request.body_arguments(), name, fallback, strip);
}
std::optional<std::string> RequestHandler::get_body_argument(std::string_view name,
                                                             std::nullopt_t none,
                                                             bool strip) const {
  return argument(request.body_arguments(), name, none, strip);
}
std::vector<std::string> RequestHandler::get_body_arguments(std::string_view name,
                                                            bool strip) const {
  return arguments(request.body_arguments(), name, strip);
}

// ---- MultipartReader ----------------------------------------------------------------------------

struct MultipartReader::State {
  State(std::string_view boundary, MultipartCallbacks program_callbacks,
        const MultipartReaderOptions& options)
      : parser(boundary, {options.max_parts, options.max_part_header_size}),
        callbacks(std::move(program_callbacks)) {}

  http::MultipartParser parser;
  MultipartCallbacks callbacks;
  bool busy = false;  // a piece is being parsed
};

namespace {

std::string boundary_of(const httputil::HTTPHeaders& headers) {
  const std::string type = headers.get("Content-Type");
  if (!http::is_multipart_form(type)) throw HTTPError(400, "the body is not multipart/form-data");
  if (headers.contains("Content-Encoding")) {
    throw HTTPError(400, "unsupported Content-Encoding of a form");
  }
  const std::string_view boundary = http::unquote_boundary(http::find_boundary(type));
  if (!http::MultipartParser::is_boundary(boundary)) {
    throw HTTPError(400, "multipart boundary not found");
  }
  return std::string(boundary);
}

MultipartPart part_of(const httputil::HTTPHeaders& headers) {
  http::FormPart form_part;
  if (const char* reason = http::read_part_headers(headers, form_part)) {
    throw HTTPError(400, reason);
  }
  return {std::move(form_part.name), std::move(form_part.filename),
          std::move(form_part.content_type), headers};
}

}  // namespace

MultipartReader::MultipartReader(const httputil::HTTPHeaders& headers, MultipartCallbacks callbacks,
                                 const MultipartReaderOptions& options)
    : state_(std::make_shared<State>(boundary_of(headers), std::move(callbacks), options)) {}

MultipartReader::~MultipartReader() = default;
MultipartReader::MultipartReader(MultipartReader&&) noexcept = default;
MultipartReader& MultipartReader::operator=(MultipartReader&&) noexcept = default;

Future<void> MultipartReader::feed(std::string chunk) {
  if (state_->busy) throw std::logic_error("feed() called before the last call was done: await it");
  return take_apart(state_, std::move(chunk));
}

// Stays busy after a failure: a callback that threw half-way has lost its place.
Future<void> MultipartReader::take_apart(std::shared_ptr<State> state, std::string chunk) {
  state->busy = true;
  const MultipartCallbacks& callbacks = state->callbacks;
  std::string_view rest = chunk;
  while (true) {
    const http::MultipartResult result = state->parser.next(rest);
    rest.remove_prefix(result.consumed);
    std::optional<Future<void>> ended;
    switch (result.status) {
      case http::MultipartStatus::kPart: {
        const MultipartPart part = part_of(state->parser.headers());
        if (callbacks.on_part) callbacks.on_part(part);
        break;
      }
      case http::MultipartStatus::kData:
        if (callbacks.on_data) ended = callbacks.on_data(std::string(result.content));
        break;
      case http::MultipartStatus::kPartEnd:
        if (callbacks.on_part_end) ended = callbacks.on_part_end();
        break;
      case http::MultipartStatus::kNeedMore:
      case http::MultipartStatus::kDone:
        state->busy = false;
        co_return;
      case http::MultipartStatus::kBad:
        throw HTTPError(400, result.reason);
      case http::MultipartStatus::kTooLarge:
        throw HTTPError(413, result.reason);
    }
    if (ended) co_await *ended;
  }
}

void MultipartReader::finish() const {
  if (const char* reason = state_->parser.end()) throw HTTPError(400, reason);
}

// ---- MultipartForm, UploadedFile ----------------------------------------------------------------

namespace {

// Bytes written to disk at a time: enough that the detour through another thread costs little.
constexpr std::size_t kWritePiece = 262'144;

ioloop::IOLoop& loop() {
  return ioloop::IOLoop::current();
}

}  // namespace

struct UploadedFile::Data {
  std::string filename;
  std::string content_type;
  std::uint64_t size = 0;
  std::string memory;  // the whole file, or the part not yet written
  detail::SpoolFile disk{};
  enum class Saving : std::uint8_t { kNot, kBusy, kDone };
  std::atomic<Saving> saving = Saving::kNot;  // another thread sets the final state

  void save_as(const std::string& path);
};

struct MultipartForm::State {
  explicit State(const MultipartFormOptions& form_options) : options(form_options) {
    if (options.directory.empty()) options.directory = detail::default_spool_directory();
  }

  static MultipartCallbacks callbacks(const std::shared_ptr<State>& state);
  void begin_part(const MultipartPart& part);
  void count_field_bytes(std::size_t bytes);
  static Future<void> add_data(std::shared_ptr<State> state, std::string data);
  static Future<void> end_part(std::shared_ptr<State> state);
  static Future<void> write_out(std::shared_ptr<State> state);

  MultipartFormOptions options;
  httputil::Arguments arguments;
  Files files;
  std::size_t fields_size = 0;
  // The part being read.
  std::string name;
  std::string value;                         // of an argument
  std::shared_ptr<UploadedFile::Data> file;  // null: an argument
};

MultipartForm::MultipartForm(const httputil::HTTPHeaders& headers,
                             const MultipartFormOptions& options)
    : MultipartForm(headers, std::make_shared<State>(options)) {}

MultipartForm::MultipartForm(const httputil::HTTPHeaders& headers, std::shared_ptr<State> state)
    : state_(std::move(state)), reader_(headers, State::callbacks(state_), state_->options) {}

MultipartForm::~MultipartForm() = default;
MultipartForm::MultipartForm(MultipartForm&&) noexcept = default;
MultipartForm& MultipartForm::operator=(MultipartForm&&) noexcept = default;

const httputil::Arguments& MultipartForm::arguments() const noexcept {
  return state_->arguments;
}

const MultipartForm::Files& MultipartForm::files() const noexcept {
  return state_->files;
}

MultipartCallbacks MultipartForm::State::callbacks(const std::shared_ptr<State>& state) {
  MultipartCallbacks callbacks;
  callbacks.on_part = [state](const MultipartPart& part) { state->begin_part(part); };
  callbacks.on_data = [state](std::string data) { return add_data(state, std::move(data)); };
  callbacks.on_part_end = [state] { return end_part(state); };
  return callbacks;
}

void MultipartForm::State::begin_part(const MultipartPart& part) {
  name = part.name;
  if (part.is_file()) {
    file = std::make_shared<UploadedFile::Data>(part.filename, part.content_type);
  } else {
    count_field_bytes(name.size());
  }
}

void MultipartForm::State::count_field_bytes(std::size_t bytes) {
  fields_size += bytes;
  if (fields_size > options.max_fields_size) throw HTTPError(413, "the form's fields are too long");
}

Future<void> MultipartForm::State::add_data(std::shared_ptr<State> state, std::string data) {
  if (state->file == nullptr) {
    state->count_field_bytes(data.size());
    state->value += data;
    co_return;
  }
  UploadedFile::Data& file = *state->file;
  if (data.size() > state->options.max_file_size - file.size) {
    throw HTTPError(413, "a file of the form is too long");
  }
  file.size += data.size();
  file.memory += data;
  const bool on_disk = file.disk.fileno() >= 0;
  const std::size_t room = on_disk ? kWritePiece : state->options.memory_per_file;
  if (file.memory.size() <= room) co_return;
  const Future<void> written = write_out(state);
  co_await written;
}

// Runs on another thread, which has the file to itself meanwhile: the form waits for it.
Future<void> MultipartForm::State::write_out(std::shared_ptr<State> state) {
  const std::shared_ptr<UploadedFile::Data> file = state->file;
  const auto write = [file, directory = state->options.directory] {
    if (file->disk.fileno() < 0) file->disk.open(directory);
    file->disk.append(file->memory);
    file->memory.clear();
  };
  const Future<void> written = loop().run_in_executor(nullptr, write);
  co_await written;
}

Future<void> MultipartForm::State::end_part(std::shared_ptr<State> state) {
  const std::shared_ptr<UploadedFile::Data> file = state->file;
  if (file == nullptr) {
    state->arguments[state->name].push_back(std::exchange(state->value, {}));
    co_return;
  }
  if (file->disk.fileno() >= 0) {
    const Future<void> written = write_out(state);
    co_await written;
    std::string().swap(file->memory);  // an assignment would keep its memory
  }
  state->file.reset();
  state->files[state->name].push_back(UploadedFile(file));
}

const std::string& UploadedFile::filename() const noexcept {
  return data_->filename;
}

const std::string& UploadedFile::content_type() const noexcept {
  return data_->content_type;
}

std::uint64_t UploadedFile::size() const noexcept {
  return data_->size;
}

int UploadedFile::fileno() const noexcept {
  return data_->disk.fileno();
}

Future<std::string> UploadedFile::read(std::uint64_t offset, std::size_t size) const {
  const std::uint64_t from = std::min(offset, data_->size);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, data_->size - from));
  if (fileno() < 0) {
    Future<std::string> ready;
    ready.set_result(data_->memory.substr(static_cast<std::size_t>(from), count));
    return ready;
  }
  return loop().run_in_executor(
      nullptr, [data = data_, from, count] { return data->disk.read(from, count); });
}

// Runs on another thread. A failed attempt may be repeated.
void UploadedFile::Data::save_as(const std::string& path) {
  try {
    if (disk.fileno() >= 0) {
      disk.link_or_copy_to(path);
    } else {
      detail::write_new_file(path, memory);
    }
    saving = Saving::kDone;
  } catch (...) {
    saving = Saving::kNot;
    throw;
  }
}

Future<void> UploadedFile::save(std::string path) const {
  auto before = Data::Saving::kNot;
  if (!data_->saving.compare_exchange_strong(before, Data::Saving::kBusy)) {
    throw std::logic_error(before == Data::Saving::kDone ? "the file was saved before"
                                                         : "the file is being saved");
  }
  return loop().run_in_executor(nullptr,
                                [data = data_, path = std::move(path)] { data->save_as(path); });
}

}  // namespace tornado::web
