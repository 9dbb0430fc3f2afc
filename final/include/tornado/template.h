// Public header: templates. Mirrors tornado.template; the namespace ends in "_" because `template`
// is a keyword.
//
//   template_::Template t("<b>{{ name }}</b>");
//   t.generate({{"name", "<you>"}});            // <b>&lt;you&gt;</b>
//
// Most programs keep templates in files and call RequestHandler::render(), which uses a Loader.
//
// The language is Tornado's: {{ }} {% %} {# #}, and "{{!" "{%!" "{#!" for literal braces; apply
// autoescape block comment extends for from if import include module raw set try while whitespace,
// with elif, else, except, finally, break, continue and end. Expressions are a subset of Python:
// decimal numbers, text, names, attributes, indexes, slices, calls with keywords, + - * / // % **,
// comparison chains, and or not, in, is, x if y else z, lists, tuples, dicts, comprehensions; the
// methods
//
//   of a str    capitalize count decode encode endswith find format isdigit join lower lstrip
//               replace rstrip split splitlines startswith strip title upper
//   of a list   count index
//   of a dict   get items keys values
//
// the functions
//
//   abs all any bool dict enumerate float int len list max min range repr reversed round sorted str
//   sum tuple zip
//
// and Tornado's escape xhtml_escape url_escape json_encode squeeze linkify. datetime.datetime has
// now utcnow utcfromtimestamp, and its values strftime isoformat weekday year month day hour minute
// second microsecond; they are compared, but not added.
//
// The rest of Python is an error that says what to use instead. Compiling the template reports
// lambda, * and ** in calls, sets, bitwise operators, f-strings and other prefixes; running it
// reports other functions and methods, because a program may define those names.
//
// text.format(...) and text % values pass the values to fmt. The first has fmt's fields, by number
// or name, the second %s %d %f %e %g %x %o, also as %(name)s, with the flags - + 0, a width and a
// precision. A field without a specification shows what {{ }} does.
//
// It differs from Python as follows. An int has 64 bits; beyond that it raises OverflowError.
// Values are immutable, so there is no append(). A dict's items are also attributes (row.title),
// and a struct's fields are also items (row["title"]). A method is called at once and is not a
// value. A name that is not yet a variable of the template is looked up in the namespace, even if
// the template sets it later. Generators, range(), zip() and keys() are lists. `import` finds
// datetime, json and the names in the namespace.
//
// A handler's pages also have the names of RequestHandler::get_template_namespace(). There,
// `request` has the attributes method uri path query version host host_name body protocol remote_ip
// headers arguments query_arguments body_arguments cookies files, full_url() and request_time().
// Header fields are found by name in any case; repeated ones are joined with commas. `handler` has
// request current_user locale cookies path_args path_kwargs xsrf_token, `settings` with the
// program's own settings (Settings::extra), and the functions
//
//   get_argument get_arguments get_body_argument get_body_arguments get_cookie get_login_url
//   get_query_argument get_query_arguments get_secure_cookie get_signed_cookie get_status
//   reverse_url static_url xsrf_form_html
//
// with Tornado's parameters. A program's class adds more by overriding get_template_namespace().
//
// A template is a program and may contain endless loops, so it must come from a trusted author:
// never build one from user input. Nesting is limited: blocks and parentheses to 100 levels,
// includes to 50, templates that render templates to 50.
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
  ParseError(std::string message, std::string filename, int lineno, const std::string& via = {});
  // Returns message and place, and the files that include that one. Valid as long as the error.
  const char* what() const noexcept override { return what_.c_str(); }

  std::string message;   // what is wrong
  std::string filename;  // the template's name
  int lineno;            // from 1 on

 private:
  std::string what_;
};

// Names and their values: {{"title", "News"}, {"rows", rows}}. If a name occurs twice, the later
// value counts.
class Namespace {
 public:
  struct Entry {
    Entry(std::string_view entry_name, Value entry_value)
        : name(entry_name), value(std::move(entry_value)) {}
    std::string name;  // as templates write it
    Value value;       // what they find under it
  };

  Namespace() = default;
  Namespace(std::initializer_list<Entry> entries);

  // Adds a name, or replaces its value.
  void set(std::string_view name, Value value);
  // Adds the entries of `other`, which replace those of the same name.
  void update(const Namespace& other);
  // Returns the value, or null. Valid until the namespace changes.
  const Value* find(std::string_view name) const noexcept;
  // Returns all names with their values. Valid until the namespace changes.
  const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// Returns `text` with its white space reduced. "all" changes nothing, "single" turns each run of
// blanks into one blank and each run with a newline into one newline, "oneline" turns each run into
// one blank. Throws std::invalid_argument for another mode. Tornado: filter_whitespace.
std::string filter_whitespace(std::string_view mode, std::string_view text);

// The function that escapes the output of `{{ }}`, unless a file chooses another.
inline constexpr std::string_view kDefaultAutoescape = "xhtml_escape";

// Options of Template and of the loaders, with the names of Tornado's arguments.
struct TemplateOptions {
  TemplateOptions() {}
  // Name of a function; empty: no escaping (Tornado: None).
  std::string autoescape = std::string(kDefaultAutoescape);
  // A mode of filter_whitespace(). Empty: "single" for names that end in .html or .js, else "all".
  std::string whitespace;
};

// A compiled template. Like its values, it belongs to one thread.
class Template {
 public:
  // Compiles `text`. `name` appears in messages. include and extends need a loader, which must
  // outlive the template; its options are then used. Throws ParseError.
  explicit Template(std::string_view text, std::string name = "<string>",
                    BaseLoader* loader = nullptr);
  Template(std::string_view text, std::string name, const TemplateOptions& options);
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;
  ~Template();

  // Runs the template. Looks up names in `names`, then in the loader's namespace, then among the
  // built-in ones. Throws RenderError. Exceptions of the standard library from functions in `names`
  // become RenderErrors that nest them; other exceptions propagate unchanged.
  std::string generate(const Namespace& names) const;
  std::string generate() const;

  // Returns the name that messages show. A loader's templates have the names of resolve_path().
  const std::string& name() const noexcept;

 private:
  friend class BaseLoader;
  Template(std::shared_ptr<const detail::File> file, BaseLoader* loader);

  std::shared_ptr<const detail::File> file_;
  std::unique_ptr<detail::Program> program_;
  BaseLoader* loader_ = nullptr;
  mutable std::size_t usual_size_ = 0;  // of the last page
};

// Loads templates and caches them. Derive from it to store templates elsewhere.
class BaseLoader {
 public:
  explicit BaseLoader(const TemplateOptions& options = {}, Namespace names = {});
  BaseLoader(const BaseLoader&) = delete;
  BaseLoader& operator=(const BaseLoader&) = delete;
  virtual ~BaseLoader();

  // Returns the template `name`, relative to the template `parent_path` if that is given. Compiles
  // it on the first call. Throws ParseError and the errors of read(). The template stays valid
  // after reset().
  std::shared_ptr<const Template> load(std::string_view name, std::string_view parent_path = {});
  // Drops the compiled templates, so that changed files are read again.
  void reset() noexcept;

  // Returns the name under which a template is cached.
  virtual std::string resolve_path(std::string_view name, std::string_view parent_path) const = 0;

  // Return the constructor's arguments. Templates find `names` after those passed to generate().
  const TemplateOptions& options() const noexcept { return options_; }
  const Namespace& names() const noexcept { return names_; }

 protected:
  // Returns the text of the template with a resolved name. Throws if there is none.
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

// Loads templates from the files of a folder. Throws std::system_error if a file cannot be read,
// and with EACCES for names that lead out of the folder.
class Loader : public BaseLoader {
 public:
  explicit Loader(const std::string& root_directory, const TemplateOptions& options = {},
                  Namespace names = {});
  std::string resolve_path(std::string_view name, std::string_view parent_path) const override;
  // Returns the folder, as an absolute path.
  const std::string& root() const noexcept { return root_; }

 protected:
  std::string read(const std::string& name) const override;

 private:
  std::string root_;
};

// Loads templates from a map, for tests and small programs. Throws std::out_of_range for names that
// it lacks.
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
