#include <tornado/template.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "web/template/program.h"

namespace tornado::template_ {

// ---- Namespace ----------------------------------------------------------------------------------

Namespace::Namespace(std::initializer_list<Entry> entries) {
  entries_.reserve(entries.size());
  for (const Entry& entry : entries) set(entry.name, entry.value);
}

void Namespace::set(std::string_view name, Value value) {
  for (Entry& entry : entries_) {
    if (entry.name != name) continue;
    entry.value = std::move(value);
    return;
  }
  entries_.emplace_back(name, std::move(value));
}

void Namespace::update(const Namespace& other) {
  for (const Entry& entry : other.entries_) set(entry.name, entry.value);
}

const Value* Namespace::find(std::string_view name) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

// ---- Template -----------------------------------------------------------------------------------

namespace {

constexpr int kDeepestRender = 50;

std::string whitespace_mode(const TemplateOptions& options, std::string_view name) {
  if (!options.whitespace.empty()) {
    filter_whitespace(options.whitespace, "");  // throws for an unknown mode
    return options.whitespace;
  }
  return name.ends_with(".html") || name.ends_with(".js") ? "single" : "all";
}

std::shared_ptr<const detail::File> parse(std::string_view text, std::string name,
                                          const TemplateOptions& options) {
  std::string mode = whitespace_mode(options, name);
  return std::make_shared<const detail::File>(
      detail::parse_file(text, std::move(name), options.autoescape, std::move(mode)));
}

// How many templates of this thread are running inside each other.
class RenderDepth {
 public:
  RenderDepth() {
    if (depth_ == kDeepestRender) {
      throw RenderError("RecursionError", "templates render each other 50 deep");
    }
    ++depth_;
  }
  RenderDepth(const RenderDepth&) = delete;
  RenderDepth& operator=(const RenderDepth&) = delete;
  ~RenderDepth() { --depth_; }

 private:
  static thread_local int depth_;
};
thread_local int RenderDepth::depth_ = 0;

}  // namespace

Template::Template(std::shared_ptr<const detail::File> file, BaseLoader* loader)
    : file_(std::move(file)),
      program_(std::make_unique<detail::Program>(file_, loader)),
      loader_(loader) {}

Template::Template(std::string_view text, std::string name, BaseLoader* loader)
    : Template(
          parse(text, std::move(name), loader == nullptr ? TemplateOptions() : loader->options()),
          loader) {}

Template::Template(std::string_view text, std::string name, const TemplateOptions& options)
    : Template(parse(text, std::move(name), options), nullptr) {}

Template::~Template() = default;

const std::string& Template::name() const noexcept {
  return file_->name;
}

std::string Template::generate() const {
  return generate(Namespace());
}

std::string Template::generate(const Namespace& names) const {
  const RenderDepth depth;
  detail::Frame frame(program_->slot_names(), names,
                      loader_ == nullptr ? nullptr : &loader_->names());
  frame.out.reserve(usual_size_ + usual_size_ / 8);
  try {
    program_->run(frame);
  } catch (...) {
    detail::rethrow_with_place(frame);
  }
  usual_size_ = frame.out.size();
  return std::move(frame.out);
}

// ---- loaders ------------------------------------------------------------------------------------

namespace {

// Whether `name` is to be looked up relative to the template `parent`, by Tornado's rule.
bool is_relative(std::string_view name, std::string_view parent) {
  return !parent.empty() && parent[0] != '<' && parent[0] != '/' && !name.starts_with('/');
}

std::string beside(std::string_view name, std::string_view parent) {
  const std::filesystem::path folder = std::filesystem::path(parent).parent_path();
  return (folder / name).lexically_normal().string();
}

}  // namespace

BaseLoader::BaseLoader(const TemplateOptions& options, Namespace names)
    : options_(options), names_(std::move(names)) {}

BaseLoader::~BaseLoader() = default;

std::shared_ptr<const Template> BaseLoader::load(std::string_view name,
                                                 std::string_view parent_path) {
  const std::string resolved = resolve_path(name, parent_path);
  if (const auto found = templates_.find(resolved); found != templates_.end()) {
    return found->second;
  }
  std::shared_ptr<const Template> compiled(new Template(load_file(resolved), this));
  templates_.emplace(resolved, compiled);
  return compiled;
}

std::shared_ptr<const detail::File> BaseLoader::load_file(const std::string& resolved) {
  if (const auto found = files_.find(resolved); found != files_.end()) return found->second;
  auto file = parse(read(resolved), resolved, options_);
  files_.emplace(resolved, file);
  return file;
}

void BaseLoader::reset() noexcept {
  files_.clear();
  templates_.clear();
}

Loader::Loader(const std::string& root_directory, const TemplateOptions& options, Namespace names)
    : BaseLoader(options, std::move(names)),
      root_(std::filesystem::absolute(root_directory).lexically_normal().string()) {
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
}

std::string Loader::resolve_path(std::string_view name, std::string_view parent_path) const {
  return is_relative(name, parent_path) ? beside(name, parent_path) : std::string(name);
}

std::string Loader::read(const std::string& name) const {
  const std::filesystem::path path = (std::filesystem::path(root_) / name).lexically_normal();
  const std::string inside = root_ == "/" ? root_ : root_ + "/";
  if (!path.string().starts_with(inside)) {
    throw std::system_error(EACCES, std::generic_category(),
                            name + " is outside the template path " + root_);
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && std::filesystem::is_regular_file(path)) text << file.rdbuf();
  if (!file || !std::filesystem::is_regular_file(path)) {
    throw std::system_error(errno == 0 ? ENOENT : errno, std::generic_category(), path.string());
  }
  return std::move(text).str();
}

DictLoader::DictLoader(Files dict, const TemplateOptions& options, Namespace names)
    : BaseLoader(options, std::move(names)), dict_(dict.begin(), dict.end()) {}

DictLoader::DictLoader(std::map<std::string, std::string, std::less<>> dict,
                       const TemplateOptions& options, Namespace names)
    : BaseLoader(options, std::move(names)), dict_(std::move(dict)) {}

std::string DictLoader::resolve_path(std::string_view name, std::string_view parent_path) const {
  return is_relative(name, parent_path) ? beside(name, parent_path) : std::string(name);
}

std::string DictLoader::read(const std::string& name) const {
  const auto found = dict_.find(name);
  if (found == dict_.end()) throw std::out_of_range("no template " + name);
  return found->second;
}

}  // namespace tornado::template_
