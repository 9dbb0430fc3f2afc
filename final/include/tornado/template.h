// Public header: templates. Mirrors tornado.template; the namespace ends in "_" because `template`
// is a keyword.
//
//   template_::Template t("<b>{{ name }}</b>");
//   t.generate({{"name", "<you>"}});            // <b>&lt;you&gt;</b>
//
// Most programs have files and call RequestHandler::render(), which uses a Loader.
//
// The language is Tornado's: {{ }} {% %} {# #}, and "{{!" "{%!" "{#!" for the braces themselves;
// apply autoescape block comment extends for from if import include module raw set try while
// whitespace, with elif, else, except, finally, break, continue and end. What stands in an
// expression is a part of Python: literals, names, attributes, indexes, slices, calls with
// keywords, arithmetic, comparison chains, and or not, in, is, x if y else z, lists, tuples, dicts,
// comprehensions, lambda, `%` formatting; most methods of str, list and dict that change nothing;
//
//   abs all any bool chr dict divmod enumerate filter float getattr hasattr int len list map max
//   min ord range repr reversed round sorted str sum tuple zip
//
// and Tornado's escape xhtml_escape url_escape json_encode squeeze linkify datetime. It differs
// from Python in this: an int has 64 bits, and OverflowError beyond; values do not change, so there
// is no append(); a dict's items are attributes too (row.title), and a struct's fields are items
// (row["title"]); what is no variable of the template yet is looked up in the namespace, also if it
// is set later; generators, zip() and keys() are lists; a lambda that is kept loses the variables
// of what it stood in; `import` finds datetime, json and what is in the namespace.
//
// A handler's pages also have what RequestHandler::get_template_namespace() lists. In them,
// `request` has the attributes method uri path query version host host_name body protocol remote_ip
// headers arguments query_arguments body_arguments cookies files, full_url() and request_time().
// Header fields are found by their names in any case; repeated ones are joined with commas.
// `handler` has request current_user locale cookies path_args path_kwargs xsrf_token, as settings
// the program's own (Settings::extra), and the functions
//
//   get_argument get_arguments get_body_argument get_body_arguments get_cookie get_login_url
//   get_query_argument get_query_arguments get_secure_cookie get_signed_cookie get_status
//   reverse_url static_url xsrf_form_html
//
// with Tornado's parameters. What else a program's class has, its get_template_namespace() adds.
//
// A template may contain endless loops: it is a program, and its author's. Never make one from what
// a user has sent. Nesting is limited: of blocks and parentheses to 100, of includes to 50, and of
// templates that render templates to 50.
#pragma once

#include <tornado/template_value.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado::template_ {

class BaseLoader;
class Namespace;

namespace detail {
struct File;
class Program;
}  // namespace detail

// A template that cannot be compiled. what() is "Missing end expression }} at story.html:3", and
// " (via base.html:7)" for each file that includes it.
class ParseError : public std::exception {
 public:
  ParseError(std::string message, std::string filename, int lineno, std::string via = {});
  const char* what() const noexcept override { return what_.c_str(); }

  std::string message;
  std::string filename;
  int lineno;

 private:
  std::string what_;
};

// Names and their values: {{"title", "News"}, {"rows", rows}}. A name given twice has the later
// value.
class Namespace {
 public:
  struct Entry {
    Entry(std::string_view entry_name, Value entry_value)
        : name(entry_name), value(std::move(entry_value)) {}
    std::string name;
    Value value;
  };

  Namespace() = default;
  Namespace(std::initializer_list<Entry> entries);

  void set(std::string_view name, Value value);
  // Takes over what `other` has.
  void update(const Namespace& other);
  // The value, or null. Valid until the namespace changes.
  const Value* find(std::string_view name) const noexcept;
  const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// "all" leaves white space as it is, "single" makes runs of blanks one blank and runs with a
// newline one newline, "oneline" makes each run one blank. Throws std::invalid_argument for another
// mode. Tornado: filter_whitespace.
std::string filter_whitespace(std::string_view mode, std::string_view text);

// The function that escapes what `{{ }}` shows, unless a file says otherwise.
inline constexpr std::string_view kDefaultAutoescape = "xhtml_escape";

// What Template and the loaders may be told. The names are those of Tornado's arguments.
struct TemplateOptions {
  TemplateOptions() {}
  // A function's name, or empty: nothing is escaped (Tornado: None).
  std::string autoescape = std::string(kDefaultAutoescape);
  // A mode of filter_whitespace(); empty: "single" for names that end in .html or .js, else "all".
  std::string whitespace;
};

// A compiled template. It belongs to one thread, as values do.
class Template {
 public:
  // Compiles `text`. `name` is for messages. Without a loader there is no include and no extends;
  // with one, which must outlive the template, its options count. Throws ParseError.
  explicit Template(std::string_view text, std::string name = "<string>",
                    BaseLoader* loader = nullptr);
  Template(std::string_view text, std::string name, const TemplateOptions& options);
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;
  ~Template();

  // Runs it. The names are found in `names`, then in the loader's namespace, then among the
  // built-in ones. Throws RenderError; what else the functions in `names` throw comes out as it is,
  // except the standard library's exceptions, which become RenderErrors that nest them.
  std::string generate(const Namespace& names) const;
  std::string generate() const;

  const std::string& name() const noexcept;

 private:
  friend class BaseLoader;
  Template(std::shared_ptr<const detail::File> file, BaseLoader* loader);

  std::shared_ptr<const detail::File> file_;
  std::unique_ptr<detail::Program> program_;
  BaseLoader* loader_ = nullptr;
  mutable std::size_t usual_size_ = 0;  // of the last page
};

// Loads templates and keeps them. Derive from it to keep templates somewhere else.
class BaseLoader {
 public:
  explicit BaseLoader(const TemplateOptions& options = {}, Namespace names = {});
  BaseLoader(const BaseLoader&) = delete;
  BaseLoader& operator=(const BaseLoader&) = delete;
  virtual ~BaseLoader();

  // The template `name`, relative to the template `parent_path` if there is one. Compiled at the
  // first call. Throws ParseError, and what read() throws. The template stays valid after reset().
  std::shared_ptr<const Template> load(std::string_view name, std::string_view parent_path = {});
  // Forgets the compiled templates, so that changed files are read again.
  void reset() noexcept;

  // The name by which a template is kept.
  virtual std::string resolve_path(std::string_view name, std::string_view parent_path) const = 0;

  const TemplateOptions& options() const noexcept { return options_; }
  const Namespace& names() const noexcept { return names_; }

 protected:
  // The text of the template with a resolved name. Throws if there is none.
  virtual std::string read(const std::string& name) const = 0;

 private:
  friend class Template;
  friend class detail::Program;
  std::shared_ptr<const detail::File> load_file(const std::string& resolved);

  TemplateOptions options_;
  Namespace names_;
  std::map<std::string, std::shared_ptr<const detail::File>, std::less<>> files_;
  std::map<std::string, std::shared_ptr<const Template>, std::less<>> templates_;
};

// Templates in the files of a folder. Names that lead out of it are refused with std::system_error
// (EACCES), which files that cannot be read give too.
class Loader : public BaseLoader {
 public:
  explicit Loader(std::string root_directory, const TemplateOptions& options = {},
                  Namespace names = {});
  std::string resolve_path(std::string_view name, std::string_view parent_path) const override;
  const std::string& root() const noexcept { return root_; }

 protected:
  std::string read(const std::string& name) const override;

 private:
  std::string root_;
};

// Templates in a map, for tests and small programs. A name it lacks throws std::out_of_range.
class DictLoader : public BaseLoader {
 public:
  using Files = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  explicit DictLoader(Files dict, const TemplateOptions& options = {}, Namespace names = {});
  explicit DictLoader(std::map<std::string, std::string, std::less<>> dict,
                      const TemplateOptions& options = {}, Namespace names = {});
  std::string resolve_path(std::string_view name, std::string_view parent_path) const override;

 protected:
  std::string read(const std::string& name) const override;

 private:
  std::map<std::string, std::string, std::less<>> dict_;
};

}  // namespace tornado::template_
