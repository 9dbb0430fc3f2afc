#include <tornado/ioloop.h>
#include <tornado/multipart.h>
#include <tornado/web.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "web/handler/spool_file.h"

namespace tornado::web {
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

// ---- reading ------------------------------------------------------------------------------------

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

// ---- the results --------------------------------------------------------------------------------

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
