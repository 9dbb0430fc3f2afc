"""Mistakes that a user of the library makes, and what the compiler says of each: the table of final/docs/wrong-uses.md.

Each row is compiled with g++, and with clang. `test_wrong_uses.py --update` writes the table into the page.
"""

import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "final" / "docs" / "wrong-uses.md"

BEGIN = """#include <tornado/gen.h>
#include <tornado/queues.h>
#include <tornado/web.h>
using namespace tornado;
struct Database {};
struct Story : web::RequestHandler { void get() {} };
"""
HANDLER = "struct H : web::RequestHandler { %s };\n"
ROUTE = HANDLER + 'auto route = web::url<H>("/");\n'


class Row:
    """`wrong` as the page shows it, in `program`; "error" or "warning", and a part of the text that both compilers give."""

    def __init__(self, wrong, program, kind, says):
        self.wrong, self.program, self.kind, self.says = wrong, program, kind, says


def in_handler(wrong, kind, says):
    return Row(wrong, ROUTE % wrong, kind, says)


ROWS = [
    Row('web::url<Database>("/")', 'auto route = web::url<Database>("/");', "error",
        "not a handler: a class that is routed derives from web::RequestHandler"),
    in_handler("explicit H(Database*) {}", "error",
               "a handler's constructor takes nothing: pass its arguments in a struct Init, to void initialize(const Init&)"),
    in_handler("struct Init { Database& db; }; void initialize(const Init&) {}", "error",
               "this handler's Init has no default: pass one, url<H>(pattern, {.member = value}), or give each of its members a "
               "default"),
    in_handler("struct Init { Database* db; }; void initialize(const Init&) {}", "error",
               "this handler's Init has no default: pass one, url<H>(pattern, {.member = value}), or give each of its members a "
               "default"),
    Row('web::url<Story>("/", {.db = &db})', 'Database db; auto route = web::url<Story>("/", {.db = &db});', "error",
        "ThisHandlerHasNoStructInit"),
    Row('web::url<Story>("/", &db)', 'Database db; auto route = web::url<Story>("/", &db);', "error",
        "this handler takes no arguments: it has no struct Init and initialize(const Init&)"),
    in_handler("struct Init { int n = 0; }; void get() {}", "error",
               "a handler with a struct Init has a public initialize(const Init&)"),
    in_handler("virtual void fill() = 0;", "error",
               "a handler that is routed has no pure virtual functions left to implement"),
    in_handler("void get() { co_await gen::sleep(1); }", "error",
               "a handler's method with co_await returns Future<void>, not void or web::asynchronous"),
    in_handler("int get() { return 1; }", "error", "a verb or prepare() returns void, Future<void> or web::asynchronous"),
    in_handler("void get() {} void get(int) {}", "error", "the handler's get() must be public, and must not be overloaded"),
    in_handler("void Get() {}", "warning",
               "this handler has a method that nothing calls: verbs are get, head, post, delete_, patch, put and options, hooks "
               "are initialize and prepare"),
    in_handler("void get() { write(42); }", "error", "delete;  // write(std::to_string(number))"),
    in_handler('void get() { write({{"id", 7}}); }', "error", "void write(std::initializer_list<detail::UseJson>) = delete;"),
    in_handler('void get() { render("a.html", {{"n", 1}}); }', "error", "// include <tornado/template.h>"),
    in_handler('std::string page() { return render_string("a.html", {{"n", 1}}); }', "error", "// include <tornado/template.h>"),
    in_handler("void post() { get_json_body<int>(); }", "error", "reading JSON needs a line #include <tornado/json.h>"),
    in_handler("Future<void> get() { gen::sleep(1); co_return; }", "warning",
               "await this Future, keep it, or pass it to gen::spawn"),
    Row("queue.put(1);", "void run(queues::Queue<int>& queue) { queue.put(1); }", "warning",
        "await this Future, keep it, or pass it to gen::spawn"),
    Row('web::Application({web::url<Story>("/")}).listen(80);',
        'void run() { web::Application({web::url<Story>("/")}).listen(80); }', "error", "void listen(Args&&...) && = delete;"),
]


def table():
    rows = ["| you write | the compiler says |", "|---|---|"]
    rows += [f"| `{row.wrong}` | {row.kind}: `{row.says}` |" for row in ROWS]
    return "\n".join(rows)


def page_with_table(page):
    return re.sub(r"\| you write \|.*?\n(?=\n|$)", lambda _: table() + "\n", page, flags=re.S)


@pytest.mark.parametrize("row", ROWS, ids=[row.wrong for row in ROWS])
def test_the_compiler_says(precompiled, row):
    done = precompiled.compile(row.program)
    assert done.returncode == (1 if row.kind == "error" else 0), done.stderr
    assert f"{row.kind}: " in done.stderr and row.says in done.stderr, done.stderr


def test_the_page_has_this_table():
    assert table() in PAGE.read_text()


if __name__ == "__main__":
    assert sys.argv[1:] == ["--update"], __doc__
    PAGE.write_text(page_with_table(PAGE.read_text()))
