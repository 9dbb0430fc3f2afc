"""The reference of the public headers is written without a warning, says what the headers say, and leads everywhere."""

import html
import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as xml

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests" / "clients"))

import doxygen_filter  # noqa: E402  (found by the lines above)
import reference as generator  # noqa: E402
from chromium import start_browser  # noqa: E402, F401  (a fixture)

HEADERS = sorted((ROOT / "final" / "include" / "tornado").glob("*.h"))
GUIDE = sorted((ROOT / "final" / "docs" / "guide").glob("*.md"))
DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
# A comment that begins like this does not describe a declaration: it ends a namespace, is a ruler, or is the rest of a line of code.
BOGUS = re.compile(r"namespace |class |struct |[-<{}]|NOLINT|clang-format|.*\\[@<>#%&]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The reference in HTML and in XML, of a copy whose folder has a name with a blank and a letter outside ASCII."""
    folder = tmp_path_factory.mktemp("reference")
    copy = tmp_path_factory.mktemp("a folder in Logroño")
    for part in ("docs", "scripts", "final/include", "final/docs", "final/demos/course/static"):
        shutil.copytree(ROOT / part, copy / part)
    command = f"import reference, sys; sys.exit(reference.write({str(folder)!r}, 'GENERATE_XML = YES'))"
    done = subprocess.run(["/usr/bin/python3", "-c", command], cwd=copy / "scripts", capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def reference(folder):
    return folder / "docs"


@pytest.fixture(scope="module")
def compounds(folder):
    """The public classes, structs, unions, concepts, namespaces and headers, as XML."""
    return [one for one in generator.compounds_of(folder / "xml") if one.get("kind") not in ("page", "dir") and one.get("prot") != "private"
            and not generator.text_of(one, "compoundname").endswith((".md", ".dox"))]


class Links(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.links, self.ids = set(), set()
        self.feed(page.read_text())

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.ids |= {named[name] for name in ("id", "name") if named.get(name)}
        self.links |= {named[name] for name in ("href", "src") if named.get(name)}


def words(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page.read_text())).split())


def test_a_comment_before_and_one_after_are_there(reference):
    page = words(reference / "classtornado_1_1ioloop_1_1IOLoop.html")
    assert "ask the poller for events (epoll_wait);" in page
    assert "Runs until stop(). Throws std::runtime_error if a loop already runs on this thread" in page
    options = words(reference / "structtornado_1_1ioloop_1_1IOLoopOptions.html")
    assert "empty: the best one here" in options


def test_every_public_header_has_a_page_and_says_what_it_is(reference):
    files = words(reference / "files.html")
    for header in HEADERS:
        assert header.name in files
    assert "IOLoop, one thread's event loop, and PeriodicCallback" in files
    assert "IOLoop, one thread's event loop, and PeriodicCallback" in words(reference / "namespacetornado_1_1ioloop.html")


def test_the_start_page_leads_to_every_public_header_and_every_page_of_the_guide(reference):
    links = Links(reference / "index.html").links
    for header in HEADERS:
        assert header.name.replace("_", "__").replace(".", "_8") + ".html" in links, header.name
    for page in GUIDE:
        assert ("guide.html" if page.stem == "README" else f"guide-{page.stem}.html") in links, page.name


def test_no_link_is_dead(reference):
    pages = {page.name: Links(page) for page in reference.glob("*.html")}
    assert len(pages) > 400
    for name, page in pages.items():
        for link in page.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme in ("http", "https"):
                continue
            target = urllib.parse.unquote(url.path) or name
            if target.startswith("../../"):  # the repository, as seen from build/docs
                assert (ROOT / target.removeprefix("../../")).exists(), (name, link)
            else:
                assert (reference / target).is_file(), (name, link)
                assert not url.fragment or url.fragment in pages[target].ids, (name, link)


def test_what_is_internal_is_not_in_it(reference):
    assert not [*reference.glob("*detail*"), *reference.glob("*tornado_1_1core*"), *reference.glob("*promise*")]
    assert not [page.name for page in reference.glob("*.html") if "tornado/core/" in words(page)]


def test_what_a_header_of_core_adds_to_a_module_is_shown_in_its_public_header(reference):
    page = words(reference / "classtornado_1_1web_1_1HTTPError.html")
    assert "#include <tornado/web.h>" in page


def test_no_brief_is_bogus(compounds):
    seen = 0
    for compound in compounds:
        for one in [compound, *compound.iter("memberdef"), *compound.iter("enumvalue")]:
            brief = generator.text_of(one, "briefdescription")
            seen += brief != ""
            assert not BOGUS.match(brief), (generator.text_of(compound, "compoundname"), generator.text_of(one, "name"), brief)
    assert seen > 1500


def test_every_module_and_every_type_is_described(compounds):
    seen = 0
    for compound in compounds:
        name = generator.text_of(compound, "compoundname")
        types = [one for one in compound.iter("memberdef") if one.get("kind") in ("typedef", "enum") and one.get("prot") != "private"]
        for one in [compound, *types] if name.startswith("tornado") else []:
            seen += 1
            assert generator.text_of(one, "briefdescription"), (name, generator.text_of(one, "name"))
    assert seen > 280


def test_every_function_and_member_is_described(compounds):
    """Also if it only overrides a function: doxygen copies the description of the one it overrides."""
    seen, missing = 0, []
    for compound in compounds:
        for one in compound.iter("memberdef") if generator.text_of(compound, "compoundname").startswith("tornado") else []:
            if one.get("prot") != "private":
                seen += 1
                missing += [f"{generator.text_of(one, 'definition')}{generator.text_of(one, 'argsstring')}"] * (generator.text_of(one, "briefdescription") == "")
    assert missing == []
    assert seen > 1500


def test_a_comment_that_doxygen_does_not_understand_fails(tmp_path):
    (tmp_path / "wrong.h").write_text("/// Adds.\n/// @param nobody is not there\nint add(int a);\n")
    settings = [(ROOT / "docs" / "Doxyfile").read_text(), f"OUTPUT_DIRECTORY = {tmp_path}", f"INPUT = {tmp_path}/wrong.h", "FILTER_PATTERNS ="]
    done = subprocess.run(["doxygen", "-"], input="\n".join(settings), cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "nobody" in done.stderr


# ---- in a browser

LOOK = """
const seen = getComputedStyle(document.body);
return {fits: document.documentElement.scrollWidth <= innerWidth, ground: seen.backgroundColor, text: seen.color,
        small: [...document.querySelectorAll('.contents p, .contents td')].filter(one => one.textContent.trim() && parseFloat(getComputedStyle(one).fontSize) < 12).length};
"""
GROUNDS = {"light": "rgb(253, 252, 248)", "dark": "rgb(20, 23, 28)"}  # --page in the course site's style sheet


def test_pages_fit_a_phone_and_a_desk_by_day_and_by_night(reference, start_browser):  # noqa: F811
    browser = start_browser()
    try:
        for device in (DESK, PHONE):
            for scheme, ground in GROUNDS.items():
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                for name in ("index", "guide-coroutines", "files", "classes", "classtornado_1_1web_1_1RequestHandler", "namespacetornado_1_1gen"):
                    browser.get(f"file://{reference}/{name}.html")
                    look = browser.execute_script(LOOK)
                    assert (look["fits"], look["ground"], look["small"]) == (True, ground, 0), (name, device["width"], scheme, look)
                    assert browser.get_log("browser") == []
    finally:
        browser.quit()


# ---- what doxygen is shown


@pytest.mark.parametrize("header, shown", [
    ("// Public header: x.\n// More.\n#pragma once\n", "/// @file\n/// X.\n/// More.\n#pragma once\n"),
    ("#pragma once\n\n// Gives <b>@it</b>, as `@it`.\nint f();\n", "#pragma once\n\n/// Gives \\<b\\>\\@it\\</b\\>, as `@it`.\nint f();\n"),
    ("#pragma once\n// Code on two lines: `a<b>(\n// c<d>)`, <e>.\nint f();\n", "#pragma once\n/// Code on two lines: `a<b>(\n/// c<d>)`, \\<e\\>.\nint f();\n"),
    ("#pragma once\nint a = 1;  // one\n            // of them\n// Two.\nint b;\n",
     "#pragma once\nint a = 1;  ///< one\n            ///< of them\n/// Two.\nint b;\n"),
    ("#pragma once\nvoid f() {\n  // inside\n  g();  // too\n}\n", "#pragma once\nvoid f() {\n  // inside\n  g();  // too\n}\n"),
    ("#pragma once\n// ---- part ----------\nint a;\n", "#pragma once\n\nint a;\n"),
    ("#pragma once\n// ---- part\n\nint a;\n", "#pragma once\n\n\nint a;\n"),
    ("#pragma once\nnamespace detail {\n}  // namespace detail\nint a;\n", "#pragma once\nnamespace detail {\n}\nint a;\n"),
    ("#pragma once\nclass A;  // <a.h>: for\n          // some\nint b;\n", "#pragma once\nclass A;\n\nint b;\n"),
    ("#pragma once\nstruct A {  // an a\n};\n", "#pragma once\n/// an a\nstruct A {\n};\n"),
    ("#pragma once\nint f() = delete;  // call g()\n", "#pragma once\nint f() = delete;  ///< Deleted: call g()\n"),
    ("#pragma once\n  friend bool operator==(const A&, const A&) = default;\n", "#pragma once\n  bool operator==(const A&) const = default;\n"),
    ('#pragma once\n// "<@b>" <b>\nint a;\n', '#pragma once\n/// "<@b>" \\<b\\>\nint a;\n'),
    ("#pragma once\n  friend class core::A<B>;\n", "#pragma once\n\n"),
    ("#pragma once\nint a;  // (1)\n", "#pragma once\nint a;  ///< Default: 1\n"),
    ("#pragma once\n// About several of them.\n\nint a;\n", "#pragma once\n// About several of them.\n\nint a;\n"),
    ('#pragma once\nconst char* a = "http://x";\n', '#pragma once\nconst char* a = "http://x";\n'),
    ('#pragma once\nconst char* a = "b, // c";\n', '#pragma once\nconst char* a = "b, // c";\n'),
    ('#pragma once\nstd::string a = "b";  // c\n', '#pragma once\nstd::string a = "b";  ///< c\n'),
])
def test_what_doxygen_is_shown(header, shown):
    assert doxygen_filter.filtered(header) == shown


def test_what_follows_a_class_with_a_private_part_is_public():
    text = "class A {\n public:\n  int f();\n\n private:\n  int x_;\n};\nenum class B {\n  b,\n};\nclass C {\n protected:\n  int y_;\n};\n"
    assert doxygen_filter.ending_publicly(text) == text.replace("_;\n};", "_;\n public: };")


def test_a_module_is_described_by_its_header():
    shown = doxygen_filter.filtered("// Public header: x <y>.\n//\n// More.\nnamespace tornado::m {\n}\n", "m")
    assert shown.endswith("}\n/// @namespace tornado::m\n/// X \\<y\\>.\nnamespace tornado::m {}\n")


@pytest.mark.parametrize("line, shown", [
    ("# Forms", "# Forms {#guide-forms}"),
    ("## The token, `x`", "## The token, `x` {#guide-forms-the-token-x}"),
    ("[a](structure.md), [b](README.md)", "[a](@ref guide-structure), [b](@ref guide)"),
    ("[a](json.md#one-two)", "[a](@ref guide-json-one-two)"),
    ("[json.h](../../include/tornado/json.h)", "[json.h](@ref tornado/json.h)"),
    ("[limits](../limits.md#x)", '<a href="../../final/docs/limits.md#x">limits</a>'),
    ("[all\n  limits](../limits.md), [b](README.md)", '<a href="../../final/docs/limits.md">all\n  limits</a>, [b](@ref guide)'),
    ("[web](https://example.org/)", "[web](https://example.org/)"),
    ("`gen::sleep`, `gen::sleep()`", '<code>@ref tornado::gen::sleep "gen::sleep"</code>, <code>@ref tornado::gen::sleep "gen::sleep()"</code>'),
    ("`std::string`, `tornado::testing`", "`std::string`, `tornado::testing`"),
])
def test_a_line_of_the_guide_leads_into_the_reference(line, shown):
    assert doxygen_filter.page(line + "\n", "final/docs/guide/forms.md") == shown + "\n"


def test_blank_lines_of_the_guide_stay():
    text = "One.\n\nTwo.\n\n## Three\n\n```\nx\n\n```\n\nFour.\n"
    assert doxygen_filter.page(text, "a/b.md") == text.replace("```\nx", "```{.txt}\nx")


def test_code_in_the_guide_stays_as_it_is():
    shown = doxygen_filter.page("```cpp file=a.cc\n# [a](b)\n```\n```console x\n$ a\n```\n", "final/docs/guide/forms.md")
    assert shown == "```{.cpp}\n# [a](b)\n```\n```{.txt}\n$ a\n```\n"


# ---- what declarations without a comment are told


@pytest.mark.parametrize("names, text", [
    (["a()"], "Used by a()."), (["a()", "b"], "Used by a() and b."), (["a", "b", "c"], "Used by a, b and c."),
    (["a", "b", "c", "d"], "Used by a, b and others."), ([], ""),
])
def test_a_type_without_a_comment_says_what_uses_it(names, text):
    assert generator.used_by(names) == text


def test_a_private_class_is_hidden():
    compound = xml.fromstring('<compounddef kind="struct" prot="private"><location file="c.h" line="4" bodyend="6"/></compounddef>')
    lines = ["int a;", "", "/// Inside.", "struct P {", "  int b;", "};", "int c;"]
    told = generator.without_private([compound], {"c.h": lines}, {"c.h": {7: "/// Described with a."}})
    assert told == {"c.h": {3: "/// @cond", 7: "/// @endcond\n/// Described with a."}}


def additions(text):
    """What generator.additions() says about the functions of a class C, one a line: `comment | declaration`."""
    lines, members = [], []
    for line in text.splitlines():
        comment, bar, declaration = line.partition("|")
        if comment.strip():
            lines.append(f"/// {comment.strip()}")
        lines.append(declaration.strip() if bar else "")
        if bar:
            name, parenthesis, arguments = declaration.strip().rstrip(";").partition("(")
            members.append(generator.Member("n::C", "function", name, parenthesis + arguments, "c.h", len(lines), False, comment.strip()))
    found = generator.additions(members, {"c.h": lines}).get("c.h", {})
    return {lines[number - 1]: comment for number, comment in found.items()}


@pytest.mark.parametrize("before, declaration", [
    (["int b;"], ["int a();"]), (["int b;", ""], ["template <class T>", "int a();"]), (["int b;  ///< c"], ["int a();"]),
    (["}"], ["template <class T>", "  requires requires(T t) { t; }", "int a();"]), (["/// A."], ["int a(int c,  ///< d", "      int e);"]),
    ([" public:"], ["int a();"]), (["class C {"], ["int a();"]), (["#endif"], ["int a();"]),
])
def test_where_a_declaration_begins(before, declaration):
    assert generator.first_line(before + declaration, len(before + declaration)) == len(before) + 1


@pytest.mark.parametrize("header, told", [
    ("Wakes one.|one();\n|all();", {"all();": "/// Described with one()."}),
    ("Wakes one.|one();\n|one(int);", {"one(int);": "/// Wakes one."}),
    ("Wakes one.|one();\n\n|all();", {}),
    ("|C(const C&)=delete;\n|operator=(const C&)=delete;", {"C(const C&)=delete;": "/// Deleted: it cannot be copied.",
                                                          "operator=(const C&)=delete;": "/// Deleted: it cannot be copied."}),
    ("|C(C&&);\n|C();", {"C(C&&);": "/// Moves.", "C();": "/// Makes one with the default values."}),
    ("|~C();\n|await_ready();", {"~C();": "/// @private", "await_ready();": "/// @private"}),
    ("Ends.|~C();\nMakes.|C(C&&);", {}),
])
def test_a_declaration_without_a_comment(header, told):
    assert additions(header) == told
