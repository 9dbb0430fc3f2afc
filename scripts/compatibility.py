#!/usr/bin/python3
"""final/COMPATIBILITY.md: Tornado's public surface row by row, and the tests that prove what is here.

    compatibility.py             writes the page
    compatibility.py --check     says whether page, rows and tests agree
    compatibility.py --tests ID  prints the tests that name a row

The rows are in tests/compatibility.toml. A test proves a row that a comment in it or right above it names (`IOL-12`), or its
own name (`test_IOL12_...`), or a table of the same Python file that it goes through. What stands elsewhere, such as a list of
rows at the top of a file, proves nothing.
"""

import argparse
import ast
import pathlib
import re
import sys
import tomllib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = "tests/compatibility.toml"
PAGE = "final/COMPATIBILITY.md"
# The tests of the library. Those of the course are about the small Tornado of its chapters.
TESTS = ("tests/final", "tests/clients", "tests/compile", "tests/compile_time", "tests/package", "tests/vectors",
         "tests/fuzz", "tests/docs")
STATES = {
    "done": "done: as in Tornado, apart from how C++ writes it",
    "differs": "differs: here, but in some point different from Tornado on purpose",
    "left_out": "left out: on purpose, for the reason given",
    "not_yet": "not yet: to be built",
}
PROVED = ("done", "differs")

CPP_TEST = re.compile(r"^(?:[A-Z]+_)*TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)", re.MULTILINE)
CPP_COMMENT = re.compile(r"^\s*//")
VECTOR = re.compile(r"^## (.*)$", re.MULTILINE)


@dataclass
class Row:
    id: str
    name: str
    state: str
    note: str  # how it is written here, or why it is not as in Tornado


@dataclass
class Module:
    name: str
    rows: list


@dataclass
class Test:
    path: str
    line: int
    name: str
    text: str  # its comments, its body, its tables


def read_rows(text):
    """The modules in the order of the file."""
    modules = []
    for name, table in tomllib.loads(text).items():
        rows = []
        for row_id, entry in table.items():
            states = [state for state in STATES if state in entry]
            unknown = set(entry) - set(STATES) - {"name", "here"}
            if unknown or len(states) > 1 or "name" not in entry or ("here" in entry and states) or "" in entry.values():
                raise ValueError(f"{row_id}: a row has a name, and at most one of here, differs, left_out, not_yet")
            state = states[0] if states else "done"
            rows.append(Row(row_id, entry["name"], state, entry.get(state, entry.get("here", ""))))
        modules.append(Module(name, rows))
    return modules


def row_pattern(modules):
    """Finds what looks like a row's ID, known or not: its letters and two digits."""
    prefixes = sorted({row.id[:-3] for module in modules for row in module.rows}, key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9])({'|'.join(prefixes)})-?(\d\d)(?![A-Za-z0-9])")


def ids(pattern, text):
    return [f"{prefix}-{number}" for prefix, number in pattern.findall(text)]


def with_comments_above(lines, first, is_comment):
    while first > 0 and is_comment(lines[first - 1]):
        first -= 1
    return first


def cpp_tests(path, source):
    lines = source.splitlines()
    for match in CPP_TEST.finditer(source):
        line = source.count("\n", 0, match.start())
        last = next((i for i in range(line, len(lines)) if lines[i].startswith("}")), len(lines) - 1)
        first = with_comments_above(lines, line, CPP_COMMENT.match)
        yield Test(path, line + 1, f"{match[1]}.{match[2]}", "\n".join(lines[first:last + 1]))


def python_tests(path, source):
    lines = source.splitlines()

    def text(node, line):
        first = with_comments_above(lines, line - 1, lambda above: above.lstrip().startswith("#"))
        return "\n".join(lines[first:node.end_lineno])

    tree = ast.parse(source)
    tables = {node.targets[0].id: text(node, node.lineno) for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            texts = [text(node, line), *(tables[name] for name in sorted(used & set(tables)))]
            yield Test(path, node.lineno, node.name, "\n".join(texts))


def vector_tests(path, source):
    for match in VECTOR.finditer(source):
        yield Test(path, source.count("\n", 0, match.start()) + 1, match[1], match[1])


READERS = {".cc": cpp_tests, ".py": python_tests, ".md": vector_tests}


def test_files(root):
    for folder in TESTS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in READERS:
                yield str(path.relative_to(root)), path.read_text()


def named_rows(pattern, files):
    """(the tests that name each row, the places that name one that looks like a row)."""
    proofs = {}
    mentions = []
    for path, source in files:
        for number, line in enumerate(source.splitlines(), 1):
            mentions += [(path, number, row_id) for row_id in ids(pattern, line)]
        for test in READERS[pathlib.PurePath(path).suffix](path, source):
            for row_id in dict.fromkeys(ids(pattern, test.text)):
                proofs.setdefault(row_id, []).append(test)
    return proofs, mentions


def problems(modules, proofs, mentions):
    rows = {row.id: row for module in modules for row in module.rows}
    for path, line, row_id in mentions:
        if row_id not in rows:
            yield f"{path}:{line}: {row_id} is not a row of {ROWS}"
    for row in rows.values():
        if row.state in PROVED and row.id not in proofs:
            yield f"{ROWS}: {row.id} is marked as here ({row.state}), but no test names it"
        if row.state == "not_yet" and row.id in proofs:
            yield f"{ROWS}: {row.id} is marked as not yet here, but {proofs[row.id][0].path} tests it"


def cell(text):
    return text.replace("|", "\\|")


def test_links(tests):
    paths = dict.fromkeys(test.path for test in tests)
    return ", ".join(f"[{pathlib.PurePath(path).stem}](../{path})" for path in paths)


def make_page(modules, proofs):
    lines = [
        "# Tornado's surface, row by row",
        "",
        "Everything that the modules of Tornado 6.5 offer to programs, and what 4.5 had in addition: is it here, and how does it",
        "differ? The names are Tornado's; a header has its module's name. For each row that is done or differs, at least one test",
        f"names the row. The page is written from the rows in [{ROWS}](../{ROWS}) and the tests. Its last",
        "part is not a module: the project grew from five texts, and this part shows what really happens where they are wrong.",
        "",
        "```text",
        "scripts/compatibility.py                 # writes this page",
        "scripts/compatibility.py --tests IOL-12  # prints the tests that name a row",
        "```",
        "",
        *(f"- {about}" for about in STATES.values()),
        "",
        "| | " + " | ".join(about.partition(":")[0] for about in STATES.values()) + " |",
        "|---" + "|---:" * len(STATES) + "|",
    ]
    for module in modules:
        counts = [sum(row.state == state for row in module.rows) for state in STATES]
        lines.append(f"| [{module.name}](#{anchor(module.name)}) | " + " | ".join(str(n or "") for n in counts) + " |")
    counts = [sum(row.state == state for module in modules for row in module.rows) for state in STATES]
    lines.append("| **all** | " + " | ".join(f"**{n}**" for n in counts) + " |")
    for module in modules:
        lines += ["", f"## {module.name}", "", "| row | Tornado | state | here | tests |", "|---|---|---|---|---|"]
        for row in module.rows:
            state = STATES[row.state].partition(":")[0]
            tests = test_links(proofs.get(row.id, []))
            lines.append(f"| {row.id} | {cell(row.name)} | {state} | {cell(row.note)} | {tests} |")
    return "\n".join(lines) + "\n"


def anchor(heading):
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, list the contradictions")
    parser.add_argument("--tests", metavar="ID", help="print the tests that name this row")
    chosen = parser.parse_args(arguments)

    modules = read_rows((ROOT / ROWS).read_text())
    proofs, mentions = named_rows(row_pattern(modules), test_files(ROOT))
    if chosen.tests:
        if chosen.tests not in (row.id for module in modules for row in module.rows):
            parser.error(f"{ROWS} has no row {chosen.tests}")
        for test in proofs.get(chosen.tests, []):
            print(f"{test.path}:{test.line}: {test.name}")
        return 0 if chosen.tests in proofs else 1

    found = list(problems(modules, proofs, mentions))
    page = make_page(modules, proofs)
    if not chosen.check:
        (ROOT / PAGE).write_text(page)
    elif not (ROOT / PAGE).exists() or (ROOT / PAGE).read_text() != page:
        found.append(f"{PAGE} does not match the rows and the tests; run scripts/compatibility.py")
    for problem in found:
        print(f"error: {problem}")
    if found:
        return 1
    print(f"compatibility: {sum(len(module.rows) for module in modules)} rows and their tests agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
