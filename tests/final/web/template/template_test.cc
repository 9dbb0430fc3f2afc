#include <gtest/gtest.h>
#include <tornado/json.h>
#include <tornado/template.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace library {

struct Comment {
  std::string author;
  std::optional<int> stars;
};
TORNADO_FIELDS(Comment, author, stars)

struct Story {
  int id = 0;
  std::string title;
  std::vector<Comment> comments;
  std::string summary() const { return title + "..."; }
};
TORNADO_FIELDS(Story, id, title, comments, summary)

}  // namespace library

namespace tornado::template_ {
namespace {

using library::Comment;
using library::Story;

std::string render(std::string_view text, const Namespace& names = {}) {
  return Template(text).generate(names);
}

// Returns the whole text of a RenderError.
std::string failure(std::string_view text, const Namespace& names = {}) {
  try {
    Template(text).generate(names);
  } catch (const RenderError& error) {
    return error.what();
  }
  return "no error";
}

std::string parse_failure(std::string_view text, std::string name = "t.txt") {
  try {
    const Template t(text, std::move(name));
  } catch (const ParseError& error) {
    return error.what();
  }
  return "no error";
}

// ---- values -------------------------------------------------------------------------------------

// TP-01
TEST(Template, generate_with_names) {
  const Template t("<b>{{ name }}</b>");
  EXPECT_EQ(t.generate({{"name", "<you>"}}), "<b>&lt;you&gt;</b>");
  EXPECT_EQ(t.generate({{"name", 5}}), "<b>5</b>");
  EXPECT_EQ(t.name(), "<string>");
}

// TP-01
TEST(Template, what_a_program_has_becomes_a_value) {
  const std::vector<std::map<std::string, std::string>> rows = {{{"a", "1"}}, {{"a", "<"}}};
  EXPECT_EQ(render("{% for r in rows %}{{ r['a'] }}{{ r.a }}{% end %}", {{"rows", rows}}),
            "11&lt;&lt;");
  EXPECT_EQ(render("{{ v }}", {{"v", std::vector<bool>{true, false}}}), "[True, False]");
  EXPECT_EQ(render("{% raw v %}", {{"v", std::set<std::string>{"b", "a"}}}), "['a', 'b']");
  EXPECT_EQ(render("{% raw v %}", {{"v", std::unordered_map<int, double>{{1, 2.5}}}}), "{1: 2.5}");
  EXPECT_EQ(render("{% raw v %}", {{"v", std::tuple(1, "x", 'c')}}), "(1, 'x', 'c')");
  EXPECT_EQ(render("{% raw v %}", {{"v", std::pair(1, std::optional<int>())}}), "(1, None)");
  EXPECT_EQ(render("{{ v }}", {{"v", std::optional<std::string>("x")}}), "x");
  EXPECT_EQ(render("{{ v }}", {{"v", nullptr}}), "None");
  EXPECT_EQ(render("{{ v }}", {{"v", static_cast<const char*>(nullptr)}}), "None");
  EXPECT_EQ(render("{{ v }}", {{"v", std::make_shared<int>(7)}}), "7");
  EXPECT_EQ(render("{% raw v %}", {{"v", json{{"k", {1, nullptr, 2.0}}}}}),
            "{'k': [1, None, 2.0]}");
  const int numbers[] = {1, 2};
  EXPECT_EQ(render("{{ v }}", {{"v", numbers}}), "[1, 2]");
  EXPECT_EQ(render("{{ v }}", {{"v", std::numeric_limits<std::int64_t>::min()}}),
            "-9223372036854775808");
  EXPECT_THROW(static_cast<void>(Value(std::numeric_limits<std::uint64_t>::max())), RenderError);
}

// TP-01
TEST(Template, keys_of_every_kind_are_found_in_a_large_dict) {
  std::string items;
  for (int i = 0; i < 20; ++i) items += "'k" + std::to_string(i) + "': " + std::to_string(i) + ", ";
  items += "1: 'one', (1, 2): 'pair', None: 'none'";
  EXPECT_EQ(render("{% set d = {" + items +
                   "} %}{{ d['k7'] }} {{ d['k19'] }} {{ d[True] }} "
                   "{{ d[1.0] }} {{ d[(1, 2)] }} {{ d[None] }} {{ len(d) }} {{ 'k20' in d }}"),
            "7 19 one one pair none 23 False");
}

// Texts whose std::hash is the same, a MurmurHash64A with a seed that everybody knows.
std::vector<std::string> colliding(std::uint64_t count) {
  constexpr std::uint64_t kMul = 0xc6a4a7935bd1e995U;
  std::uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i) inverse *= 2 - kMul * inverse;
  const auto block = [&](std::uint64_t mixed) {
    const std::uint64_t word = mixed * inverse;
    return (word ^ (word >> 47U)) * inverse;
  };
  const std::uint64_t seed = 0xc70f6907U ^ (16 * kMul);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t words[] = {block(i), block((seed ^ i) * kMul)};
    texts.emplace_back(reinterpret_cast<const char*>(words), sizeof words);
  }
  return texts;
}

// In quadratic time this takes minutes.
TEST(Template, keys_that_a_client_has_chosen_are_found_quickly) {
  const std::vector<std::string> names = colliding(200'000);
  std::vector<Value::Pair> items;
  for (const std::string& name : names) {
    ASSERT_EQ(std::hash<std::string>()(name), std::hash<std::string>()(names[0]));
    items.emplace_back(name, 1);
  }
  EXPECT_EQ(render("{{ len(d) }}", {{"d", Value::dict(std::move(items))}}), "200000");
}

TEST(Template, keys_of_dicts_in_JSON) {
  EXPECT_EQ(render("{% raw json_encode({True: 1, None: 2, 3: 4, 'a': 5}) %}"),
            R"({"true": 1, "null": 2, "3": 4, "a": 5})");
  EXPECT_THROW(render("{{ json_encode({(1, 2): 3}) }}"), RenderError);
}

TEST(Template, floats_are_divided_as_in_Python) {
  EXPECT_EQ(render("{{ 1.0 // 0.1 }} {{ -4.0 % 2.0 }} {{ 4.0 % -2.0 }} {{ -7.5 // 2 }} "
                   "{{ -1.0 // (1e308 * 10) }} {{ -0.0 // 4.0 }}"),
            "9.0 0.0 -0.0 -4.0 -1.0 -0.0");
}

// In quadratic time this takes minutes.
TEST(Template, split_is_linear) {
  std::string words;
  for (int i = 0; i < 500'000; ++i) words += "a ";
  EXPECT_EQ(render("{{ len(text.split()) }}", {{"text", words}}), "500000");
  EXPECT_EQ(render("{{ ' a \u3000b  c '.split(None, 1)[1] }}"), "b  c ");
}

TEST(Template, times_become_datetimes_in_UTC) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(1795254600500)};
  EXPECT_EQ(render("{{ t }} {{ t.strftime('%d.%m.%Y') }} {{ t.year + 1 }}", {{"t", time}}),
            "2026-11-21 09:50:00.500000 21.11.2026 2027");
}

// TP-01
TEST(Template, a_struct_is_shown_by_one_line) {
  const std::vector<Story> stories = {{1, "One", {{"ada", 5}, {"<bob>", {}}}}, {2, "Two", {}}};
  EXPECT_EQ(render("{% for s in stories %}{{ s.id }} {{ s['title'] }} {{ s.summary() }}"
                   "{% for c in s.comments %} {{ c.author }}:{{ c.stars }}{% end %};{% end %}",
                   {{"stories", stories}}),
            "1 One One... ada:5 &lt;bob&gt;:None;2 Two Two...;");
  EXPECT_EQ(render("{{ s }}", {{"s", stories[0]}}), "&lt;Story object&gt;");
  EXPECT_EQ(render("{{ s.title }}", {{"s", &stories[1]}}), "Two");
  EXPECT_EQ(failure("{{ s.nothing }}", {{"s", stories[0]}}),
            "AttributeError: 'Story' object has no attribute 'nothing' at <string>:1");
}

// TP-03
TEST(Template, functions_take_what_their_parameters_say) {
  Namespace names;
  names.set("add", [](int a, int b) { return a + b; });
  names.set("greet", [](const std::string& name, std::optional<std::string> word) {
    return word.value_or("Hello") + ", " + name;
  });
  names.set("title", [](const Story& story) { return story.title; });
  names.set("total", [](const std::vector<double>& v) { return v.at(0) + v.at(1); });
  names.set("raw", [](const Arguments& arguments) {
    return arguments.positional.size() * 10 + arguments.keywords.size();
  });
  names.set("story", Story{3, "Three", {}});
  EXPECT_EQ(render("{{ add(1, 2) }} {{ greet('you') }} {{ greet('you', 'Bye') }}", names),
            "3 Hello, you Bye, you");
  EXPECT_EQ(render("{{ title(story) }} {{ total([1, 2.5]) }} {{ raw(1, 2, a=3) }}", names),
            "Three 3.5 21");
  EXPECT_EQ(failure("{{ add(1) }}", names),
            "TypeError: the function takes 2 arguments, not 1 at <string>:1");
  EXPECT_EQ(failure("{{ add(1, 'x') }}", names), "TypeError: expected int, not str at <string>:1");
  EXPECT_EQ(failure("{{ add(1, 3000000000) }}", names),
            "OverflowError: 3000000000 does not fit the function's parameter at <string>:1");
  EXPECT_EQ(failure("{{ title(5) }}", names), "TypeError: expected Story, not int at <string>:1");
  EXPECT_EQ(failure("{{ add(1, b=2) }}", names),
            "TypeError: the function takes no keyword argument 'b' at <string>:1");
}

struct Counter final : Object {
  bool attribute(std::string_view name, Value& result) const override {
    if (name == "count") result = count;
    return name == "count";
  }
  std::string str() const override { return "counter"; }
  int count = 3;
};

// TP-03
TEST(Template, an_object_of_your_own_class) {
  const Namespace names = {{"c", Value::object(new Counter)}};
  EXPECT_EQ(render("{{ c }} {{ c.count }} {{ c['count'] }}", names), "counter 3 3");
  EXPECT_EQ(failure("{{ c() }}", names),
            "TypeError: 'object' object is not callable at <string>:1");
}

// TP-03
TEST(Template, a_dict_of_many_keys_finds_each) {
  std::map<std::string, int> many;
  for (int i = 0; i < 1000; ++i) many.emplace("key" + std::to_string(i), i);
  EXPECT_EQ(render("{{ m['key0'] }} {{ m['key999'] }} {{ m.key500 }} {{ 'x' in m }} {{ len(m) }} "
                   "{{ {k: v for k, v in m.items() if v > 996}['key998'] }} {{ m.get(1) }}",
                   {{"m", many}}),
            "0 999 500 False 1000 998 None");
  EXPECT_EQ(render("{% raw {1: 'a', True: 'b', 1.0: 'c', '1': 'd', (1, 2): 'e'} %}"),
            "{1: 'c', '1': 'd', (1, 2): 'e'}");
}

// TP-03
TEST(Template, integers_of_64_bits_overflow_with_an_error) {
  for (const char* text :
       {"9223372036854775807 + 1", "2 ** 63", "-9223372036854775807 - 2", "9223372036854775807 * 2",
        "abs(-9223372036854775807 - 1)", "(-9223372036854775807 - 1) // -1"}) {
    EXPECT_TRUE(failure("{{ " + std::string(text) + " }}").starts_with("OverflowError")) << text;
  }
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
  EXPECT_TRUE(failure("{{ 'x' * 10 ** 12 }}").starts_with("MemoryError"));
  EXPECT_TRUE(failure("{{ [0] * 10 ** 12 }}").starts_with("MemoryError"));
  EXPECT_TRUE(failure("{{ list(range(10 ** 15)) }}").starts_with("MemoryError"));
  EXPECT_TRUE(failure("{{ '%99999999999d' % 1 }}").starts_with("ValueError"));
}

// TP-03
TEST(Template, an_order_with_NaN_sorts_without_harm) {
  const std::string out = render(
      "{% set nan = float('nan') %}{{ len(sorted([i if i % 3 else nan for i in range(100)])) }}");
  EXPECT_EQ(out, "100");
}

// TP-03
TEST(Template, variables_of_comprehensions_stay_inside) {
  EXPECT_EQ(render("{% set x = 'out' %}{{ [x for x in [1, 2]] }}{{ x }}"), "[1, 2]out");
  EXPECT_EQ(render("{{ x + str(sum([x for x in [1, 2]])) + x }}", {{"x", "a"}}), "a3a");
  EXPECT_EQ(render("{% try %}{{ [1 // x for x in [1, 0]] }}{% except %}{{ x }}{% end %}",
                   {{"x", "same"}}),
            "same");
}

// TP-03
TEST(Template, syntax_of_Python_that_is_not_known_here_says_what_to_use) {
  const std::pair<const char*, const char*> wrong[] = {
      {"lambda x: x",
       "templates have no lambda: use a comprehension, or pass a function to the template"},
      {"f(*items)", "templates have no * and ** in calls: name the arguments"},
      {"f(**names)", "templates have no * and ** in calls: name the arguments"},
      {"n & 1", "templates have no bitwise operators such as &: pass the result to the template"},
      {"1 << n", "templates have no bitwise operators such as <<: pass the result to the template"},
      {"~n", "templates have no bitwise operators such as ~: pass the result to the template"},
      {"f'{n}'", "templates have no f-strings: use format() or %"},
      {"r'x'", "strings have no prefix here: leave the r out"},
      {"b'x'", "strings have no prefix here: leave the b out"},
      {"\"\"\"x\"\"\"", "templates have no strings in triple quotes: use \\n"},
      {"'\\d'", "only n r t x u, a quote or a backslash may follow a backslash"},
      {"0x1F", "numbers are decimal here, without letters and _"},
      {"1_000", "numbers are decimal here, without letters and _"},
      {"{1, 2}", "templates have no sets: use a list or a dict"},
      {"'%r' % n", "the format '%r': use %s %d %f %e %g %x %o with - + 0, a width and a precision"},
      {"'%*d' % (n, n)",
       "the format '%*': use %s %d %f %e %g %x %o with - + 0, a width and a precision"},
      {"'{0[1]}'.format(items)",
       "the format '{0[1]}': a field is a name or a number; give format() the part itself"},
      {"'{s.title}'.format(s=s)",
       "the format '{s.title}': a field is a name or a number; give format() the part itself"},
      {"'{!r}'.format(n)",
       "the format '{!r}': a field is a name or a number; give format() the part itself"},
      {"'{:{} }'.format(n, n)", "the format '{:{} }': a width is a number, not a field"}};
  for (const auto& [expression, message] : wrong) {
    EXPECT_EQ(parse_failure("{{ " + std::string(expression) + " }}"),
              std::string(message) + " at t.txt:1");
  }
}

// TP-03
TEST(Template, names_of_Python_that_are_not_known_here_say_what_to_use) {
  EXPECT_EQ(failure("{{ map(str, [1]) }}"),
            "NameError: name 'map' is not defined: use a comprehension at <string>:1");
  EXPECT_EQ(failure("{{ 'a'.center(9) }}"),
            "AttributeError: 'str' object has no attribute 'center': use '{:^9}'.format(text) at "
            "<string>:1");
  EXPECT_EQ(failure("{{ [1].append(2) }}"),
            "AttributeError: 'list' object has no attribute 'append': values are immutable: use + "
            "at <string>:1");
  EXPECT_EQ(failure("{{ 'a'.upper }}"),
            "AttributeError: 'str' object has no attribute 'upper': call the method, upper() at "
            "<string>:1");
  // A program may use the names for its own things.
  const Namespace names = {{"map", "a map"}, {"row", std::map<std::string, int>{{"items", 3}}}};
  EXPECT_EQ(render("{{ map }} {{ row.items }} {{ len(row.items()) }}", names), "a map 3 1");
}

// TP-03
TEST(Template, fmt_writes_the_fields_of_a_text) {
  EXPECT_EQ(render("{{ '{:>6.2f}|{:<4}|{:^5}|{:04}'.format(2.5, 'ab', 'x', 7) }}"),
            "  2.50|ab  |  x  |0007");
  EXPECT_EQ(render("{{ '{0}{1}{0}'.format('a', 1.0) }}{{ '{{{x}'.format(x=None) }}"), "a1.0a{None");
  EXPECT_EQ(failure("{{ '{:,}'.format(1) }}"),
            "ValueError: the format ',': invalid for a value of type int at <string>:1");
  EXPECT_EQ(failure("{{ '{:d}'.format('x') }}"),
            "ValueError: the format 'd': invalid for a value of type str at <string>:1");
  EXPECT_EQ(failure("{{ '{:c}'.format(255) }}"),
            "ValueError: the format 'c': a number is not a character at <string>:1");
  EXPECT_EQ(failure("{{ '{:99999}'.format(1) }}"),
            "ValueError: the format '99999': wider than 9999 at <string>:1");
  EXPECT_EQ(failure("{{ '{} {}'.format(1) }}"),
            "ValueError: the format '{} {}': argument not found at <string>:1");
  EXPECT_EQ(failure("{{ '{:>5}'.format(None) }}"),
            "TypeError: the format '>5' is for numbers, text and times, not NoneType at "
            "<string>:1");
  EXPECT_EQ(failure("{{ text % 1 }}", {{"text", "%q"}}),
            "ValueError: the format '%q': use %s %d %f %e %g %x %o with - + 0, a width and a "
            "precision at <string>:1");
}

// TP-03
TEST(Template, a_name_set_later_is_the_namespaces_until_then) {
  EXPECT_EQ(render("{{ x }}{% set x = x + 1 %}{{ x }}", {{"x", 1}}), "12");
}

// TP-09
TEST(Template, what_apply_sets_stays_inside) {
  EXPECT_EQ(
      render("{% set x = 1 %}{% apply escape %}{{ x }}{% set x = 2 %}{{ x }}<{% end %}{{ x }}"),
      "12&lt;1");
}

// TP-09
TEST(Template, options_and_functions_for_autoescape) {
  TemplateOptions none;
  none.autoescape.clear();
  EXPECT_EQ(Template("{{ x }}", "t", none).generate({{"x", "<"}}), "<");
  TemplateOptions own;
  own.autoescape = "mine";
  Namespace names = {{"x", "<"}};
  names.set("mine", [](const std::string& text) { return "[" + text + "]"; });
  EXPECT_EQ(Template("{{ x }}{{ 5 }}{% raw x %}", "t", own).generate(names), "[<][5]<");
  EXPECT_EQ(failure("{% autoescape nowhere %}{{ 1 }}"),
            "NameError: name 'nowhere' is not defined at <string>:1");
  // A program's own xhtml_escape replaces the built-in.
  names.set("xhtml_escape", [](const std::string&) { return "mine"; });
  EXPECT_EQ(render("{{ x }}", names), "mine");
}

// TP-10
TEST(Template, import_finds_what_the_namespace_has) {
  const Namespace names = {{"tools", std::map<std::string, int>{{"answer", 42}}}};
  EXPECT_EQ(render("{% import tools %}{{ tools.answer }}{% import tools as t %}{{ t.answer }}"
                   "{% from tools import answer %}{{ answer }}{% from tools import answer as a %}"
                   "{{ a }}",
                   names),
            "42424242");
  EXPECT_EQ(failure("{% import os %}"),
            "ImportError: No module named 'os': give the template a value of that name at "
            "<string>:1");
}

// TP-17
TEST(Template, squeeze_works_under_apply) {
  EXPECT_EQ(render("{% apply squeeze %} a \n\n b  {% end %}"), "a b");
}

// ---- errors -------------------------------------------------------------------------------------

// TP-13
TEST(Template, parse_errors_name_file_and_line) {
  EXPECT_EQ(parse_failure("{{"), "Missing end expression }} at t.txt:1");
  EXPECT_EQ(parse_failure("a\n\n{% if x %}\nb"), "Missing {% end %} block for if at t.txt:3");
  EXPECT_EQ(parse_failure("a\n{{ 1 +\n + }}"), "unexpected end of expression at t.txt:3");
  EXPECT_EQ(parse_failure("a\n\n{% set x = 1 1 %}"), "invalid syntax near '1' at t.txt:3");
  EXPECT_EQ(parse_failure("{% for x items %}{% end %}"), "invalid syntax near 'items' at t.txt:1");
  EXPECT_EQ(parse_failure("{{ f'x' }}"),
            "templates have no f-strings: use format() or % at t.txt:1");
  EXPECT_EQ(parse_failure("{{ {1, 2} }}"),
            "templates have no sets: use a list or a dict at t.txt:1");
  EXPECT_EQ(parse_failure("{% set a.b = 1 %}"),
            "templates assign to variables only, because values are immutable at t.txt:1");
  EXPECT_EQ(parse_failure("\n{% extends 'x' %}"),
            "{% extends %} block found, but no template loader at t.txt:2");
  EXPECT_EQ(parse_failure("{% whitespace none %}"), "invalid whitespace mode none at t.txt:1");
  EXPECT_EQ(parse_failure("{% try %}{% end %}"), "try block without except or finally at t.txt:1");
  EXPECT_EQ(parse_failure("{% if x %}{% else %}{% elif y %}{% end %}"),
            "elif after else at t.txt:1");
  EXPECT_EQ(render("{{ " + std::string(98, '(') + "1" + std::string(98, ')') + " }}"), "1");
  EXPECT_EQ(parse_failure("{{ " + std::string(200, '(') + " }}"),
            "nested deeper than 100 at t.txt:1");
  EXPECT_EQ(parse_failure("{{ 1" + std::string(4000, '-') + "1 }}"),
            "nested deeper than 100 at t.txt:1");
}

// TP-13
TEST(Template, a_long_sum_and_a_deep_block_are_refused) {
  std::string sum = "{{ 0";
  for (int i = 0; i < 2000; ++i) sum += " + 1";
  EXPECT_EQ(parse_failure(sum + " }}"), "more than 1000 operators in one expression at t.txt:1");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{% if x %}";
  EXPECT_EQ(parse_failure(deep), "blocks nested deeper than 100 at t.txt:1");
}

// TP-13
TEST(Template, errors_show_the_chain_of_includes) {
  DictLoader loader(
      {{"index.html", "\n{% include 'part.html' %}"},
       {"part.html", "\n\n{% include 'deep.html' %}"},
       {"deep.html", "\n\n\n{{ items['x'] }}"},
       {"child.html", "{% extends 'base.html' %}\n{% block b %}\n{{ 1 / 0 }}{% end %}"},
       {"base.html", "a\nb\nc{% block b %}{% end %}"},
       {"bad.html", "\n{% include 'broken.html' %}"},
       {"broken.html", "\n\n{% nonsense %}"},
       {"lost.html", "x\n{% include 'nowhere.html' %}"}});
  const auto what = [&](const char* name) -> std::string {
    try {
      return loader.load(name)->generate({{"items", std::map<std::string, int>()}});
    } catch (const std::exception& error) {
      return error.what();
    }
  };
  EXPECT_EQ(what("index.html"), "KeyError: 'x' at deep.html:4 (via part.html:3, index.html:2)");
  EXPECT_EQ(what("child.html"),
            "ZeroDivisionError: division by zero at child.html:3 (via base.html:3)");
  EXPECT_EQ(what("bad.html"), "unknown operator: 'nonsense' at broken.html:3 (via bad.html:2)");
  EXPECT_EQ(what("lost.html"), "cannot load nowhere.html: no template nowhere.html at lost.html:2");
}

// TP-13
TEST(Template, loops_of_includes_and_extends_are_refused) {
  DictLoader loader({{"a.html", "{% include 'b.html' %}"},
                     {"b.html", "{% include 'a.html' %}"},
                     {"c.html", "{% extends 'd.html' %}"},
                     {"d.html", "{% extends 'c.html' %}"}});
  for (const char* name : {"a.html", "c.html"}) {
    try {
      loader.load(name);
      FAIL() << name;
    } catch (const ParseError& error) {
      EXPECT_NE(error.message.find("is this a loop?"), std::string::npos) << error.what();
    }
  }
}

// TP-13
TEST(Template, includes_that_multiply_are_refused) {
  std::map<std::string, std::string, std::less<>> files = {{"0", "x"}};
  for (int i = 1; i < 40; ++i) {
    const std::string include = "{% include '" + std::to_string(i - 1) + "' %}";
    files.emplace(std::to_string(i), include + include);
  }
  DictLoader loader(std::move(files));
  EXPECT_THROW(loader.load("39"), ParseError);
}

// TP-13
TEST(Template, templates_that_render_each_other_end_with_an_error) {
  DictLoader loader({{"t.html", "{{ again() }}"}});
  Namespace names;
  names.set("again", [&] { return loader.load("t.html")->generate(names); });
  EXPECT_THROW(loader.load("t.html")->generate(names), RenderError);
}

struct OwnError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// TP-13
TEST(Template, exceptions_of_functions) {
  Namespace names;
  names.set("own", [] { throw OwnError("mine"); });
  names.set("standard", [] { throw std::out_of_range("no such row"); });
  EXPECT_THROW(render("{{ own() }}", names), OwnError);
  EXPECT_EQ(failure("\n{{ standard() }}", names), "IndexError: no such row at <string>:2");
  EXPECT_EQ(render("{% try %}{{ standard() }}{% except IndexError as e %}{{ e }}{% end %}", names),
            "no such row");
  EXPECT_EQ(render("{% try %}{{ own() }}{% except Exception as e %}{{ e }}{% end %}", names),
            "mine");
  try {
    render("{{ standard() }}", names);
  } catch (const RenderError& error) {
    EXPECT_THROW(std::rethrow_if_nested(error), std::out_of_range);
  }
}

// TP-13
TEST(Template, the_place_is_kept_through_finally) {
  EXPECT_EQ(failure("\n{% try %}\n{{ 1 / 0 }}\n{% finally %}\n\n{{ 5 }}{% end %}"),
            "ZeroDivisionError: division by zero at <string>:3");
}

// ---- loaders ------------------------------------------------------------------------------------

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tornado-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    const auto file = std::filesystem::path(path) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string path;
};

// TP-15
TEST(Template, Loader_reads_once_and_again_after_reset) {
  const Folder folder;
  folder.write("a.html", "one {% include 'sub/b.html' %}");
  folder.write("sub/b.html", "b {% include 'c.html' %}{% include '../d.html' %}");
  folder.write("sub/c.html", "c ");
  folder.write("d.html", "d");
  Loader loader(folder.path);
  EXPECT_EQ(loader.load("a.html")->generate(), "one b c d");
  const auto old = loader.load("a.html");
  folder.write("a.html", "two");
  EXPECT_EQ(loader.load("a.html")->generate(), "one b c d");
  EXPECT_EQ(loader.load("a.html"), old);
  loader.reset();
  EXPECT_EQ(loader.load("a.html")->generate(), "two");
  EXPECT_EQ(old->generate(), "one b c d");
}

// TP-15
TEST(Template, Loader_stays_in_its_folder) {
  const Folder folder;
  folder.write("in/a.html", "a");
  folder.write("in/up.html", "{% include '../secret.html' %}");
  folder.write("secret.html", "secret");
  folder.write("in-evil/x.html", "evil");
  Loader loader(folder.path + "/in");
  EXPECT_EQ(loader.load("a.html")->generate(), "a");
  EXPECT_EQ(loader.load(folder.path + "/in/a.html")->generate(), "a");
  for (const std::string& name : {std::string("../secret.html"), std::string("x/../../secret.html"),
                                  std::string("/etc/passwd"), std::string("../in-evil/x.html"),
                                  folder.path + "/secret.html", std::string(".")}) {
    EXPECT_THROW(loader.load(name), std::system_error) << name;
  }
  EXPECT_THROW(loader.load("up.html"), ParseError);
  EXPECT_THROW(loader.load("nowhere.html"), std::system_error);
}

// TP-15
TEST(Template, loaders_have_options_and_names) {
  TemplateOptions options;
  options.autoescape.clear();
  options.whitespace = "oneline";
  DictLoader loader({{"t.html", "{{ x }}  {{ site }}\n!"}}, options,
                    {{"site", "S"}, {"x", "loader"}});
  EXPECT_EQ(loader.load("t.html")->generate({{"x", "<"}}), "< S !");
  EXPECT_EQ(loader.load("t.html")->generate(), "loader S !");
  EXPECT_THROW(loader.load("none"), std::out_of_range);
}

// TP-16
TEST(Template, filter_whitespace) {
  EXPECT_EQ(filter_whitespace("all", " a \n b"), " a \n b");
  EXPECT_EQ(filter_whitespace("single", "a  b\t\tc \n\n d \r"), "a b c\nd \r");
  EXPECT_EQ(filter_whitespace("oneline", " a \n\n b\t"), " a b ");
  EXPECT_THROW(filter_whitespace("none", ""), std::invalid_argument);
}

// TP-12
TEST(Template, every_prefix_of_a_template_is_a_template_or_an_error) {
  const std::string text =
      "{% extends 'b' %}{# c #}{% import datetime as d %}{% for a, (b, c) in [(1, (2, 3))] %}"
      "{{ 'x\\'' % a if b else {1: [c for c in 'ab' if c]}[1][::-1] }}{% else %}{% end %}"
      "{% try %}{% raw f(a, b=b) %}{% except (A, B) as e %}{% finally %}{% end %}{%! {{! x }}"
      "{% while not x.y[1] %}{% break %}{% end %}{% apply z %}{% set q += 1 %}{% end %}"
      "{% block n %}{% autoescape None %}{% whitespace all %}{% module M(1, a=2) %}{% end %}";
  int errors = 0;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    DictLoader loader(
        {{"t", std::string_view(text).substr(0, size)}, {"b", "{% block n %}{% end %}"}});
    try {
      loader.load("t");
    } catch (const ParseError&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, 100);
}

// The output of python3-tornado 6.2.
// ES-07 TP-14
TEST(Template, linkify_asks_a_function_for_each_link) {
  Namespace names;
  names.set("titled", [](const std::string& url) { return " title=\"" + url + "\" "; });
  names.set("nothing", [](const std::string&) { return ""; });
  names.set("five", [](const std::string&) { return 5; });
  EXPECT_EQ(
      render("{% raw linkify('see http://a.b/c?x=1&y=2 www.x.com', extra_params=titled) %}", names),
      "see <a href=\"http://a.b/c?x=1&amp;y=2\" title=\"http://a.b/c?x=1&amp;y=2\">"
      "http://a.b/c?x=1&amp;y=2</a> "
      "<a href=\"http://www.x.com\" title=\"http://www.x.com\">www.x.com</a>");
  EXPECT_EQ(render("{% raw linkify('http://a.b', extra_params=nothing) %}", names),
            "<a href=\"http://a.b\" >http://a.b</a>");
  EXPECT_EQ(failure("{{ linkify('http://a.b', extra_params=5) }}"),
            "TypeError: 'int' object is not callable at <string>:1");
  EXPECT_EQ(failure("{{ linkify('http://a.b', extra_params=five) }}", names),
            "TypeError: expected str, not int at <string>:1");
}

// TP-03
TEST(Template, what_a_function_of_every_template_refuses) {
  const std::pair<const char*, const char*> kRefused[] = {
      {"linkify()", "TypeError: linkify() misses argument 1"},
      {"linkify(5)", "TypeError: linkify() needs a str, not int"},
      {"linkify('a', True, '', True, [], 1)",
       "TypeError: linkify() takes at most 5 arguments, not 6"},
      {"{[1]: 2}", "TypeError: unhashable type: 'list'"},
      {"json_encode(len)", "TypeError: Object of type function is not JSON serializable"},
      {"datetime.datetime(2026, 2, 30)", "ValueError: day is out of range for month"},
      {"datetime.datetime(2026, 13, 1)", "ValueError: month is out of range"},
      {"datetime.datetime(2026, 1, 'a')", "TypeError: datetime() needs an int, not str"},
      {"datetime.datetime.utcfromtimestamp(1e12)", "OverflowError: date value out of range"},
      {"datetime.datetime.nothing", "AttributeError: 'type' object has no attribute 'nothing'"},
  };
  for (const auto& [expression, message] : kRefused) {
    EXPECT_EQ(failure("{{ " + std::string(expression) + " }}"),
              std::string(message) + " at <string>:1");
  }
  EXPECT_TRUE(failure("{% import json %}{{ json.loads('{') }}").starts_with("ValueError: "));
}

}  // namespace
}  // namespace tornado::template_
