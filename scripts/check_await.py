#!/usr/bin/python3
"""Finds statements with co_await that g++ 12.2 compiles wrongly.

In a statement that suspends, g++ 12.2 destroys an aggregate temporary, a lambda with by-value captures and a
class-typed ?: twice, and rejects some braced lists. A coroutine that has no local variable and awaits in a condition, as
in if (co_await f()), is resumed at address 0. The cure is always the same: name it, then await it, or test it. Types are
not known here, so every braced list, by-value capture and ?: in such a statement is reported; nor are local variables,
so every condition is that awaits and declares nothing.

    check_await.py [FILE ...]      without files: every C++ file of final/, tests/, chapters/ and exercises/

A line that must stay, because it shows the trap, is listed in scripts/await_traps.txt as `path: text of the line`.
"""

import argparse
import pathlib
import subprocess
import sys

from cpp_reader import Reader

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRAPS = ROOT / "scripts" / "await_traps.txt"
FOLDERS = ("final", "tests", "chapters", "exercises")
SUSPENDS = {"co_await", "co_yield"}

BRACES = "braced list"
CAPTURE = "lambda that captures by value"
CHOICE = "?:"
CONDITION = "condition that awaits"
LOST = "code this checker cannot read"


def _captures_by_value(captures):
    return any(words[0] != "&" and words != ["this"] for words in captures)


def _conditions(tokens):
    """The lines of if, while, switch and for whose condition awaits, unless a variable is declared in their head."""
    for at, token in enumerate(tokens):
        if token.text not in {"if", "while", "switch", "for"} or tokens[at + 1].text != "(":
            continue
        depth, end = 1, at + 1
        while depth > 0 and end + 1 < len(tokens):
            end += 1
            depth += {"(": 1, ")": -1}.get(tokens[end].text, 0)
        head = [token.text for token in tokens[at + 2:end]]
        declares = "=" in head[:head.index("co_await")] if "co_await" in head else True
        if token.text == "for":
            if head[:1] != [";"]:
                continue
            declares = "co_await" not in head[:head.index(";", 1)]
        if not declares:
            yield token.line


def findings(source):
    """(line, pattern) for each unsafe pattern of a source, in order of lines."""
    reader = Reader(source)
    found = set()
    unseen = {id(token): token.line for token in reader.tokens if token.text in SUSPENDS}
    for statement in reader.statements:
        suspensions = [token for token in statement.tokens if token.text in SUSPENDS]
        if not suspensions:
            continue
        for token in suspensions:
            unseen.pop(id(token), None)
        for token in statement.tokens:
            if token.text == "{":
                found.add((token.line, BRACES))
            elif token.text == "?":
                found.add((token.line, CHOICE))
        for closure in statement.lambdas:
            if _captures_by_value(closure.captures):
                found.add((closure.line, CAPTURE))
    found.update((line, CONDITION) for line in _conditions(reader.tokens))
    found.update((line, LOST) for line in unseen.values())
    return sorted(found)


def read_traps():
    """The exempted lines: a set of (path, text of the line)."""
    if not TRAPS.exists():
        return set()
    lines = (line.strip() for line in TRAPS.read_text().splitlines())
    split = (line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return {(path, text.strip()) for path, text in split}


def project_files():
    names = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard", "--", *FOLDERS],
        check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name.endswith((".h", ".cc")) and (ROOT / name).exists()]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help=f"default: every C++ file of {', '.join(FOLDERS)}")
    arguments = parser.parse_args(arguments).files
    if missing := [name for name in arguments if not pathlib.Path(name).is_file()]:
        parser.error(f"there is no file {missing[0]}")
    files = [pathlib.Path(name).resolve() for name in arguments] or project_files()
    traps = read_traps()
    used = set()
    bad = 0
    for file in files:
        source = file.read_text()
        name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
        for line, pattern in findings(source):
            trap = (name, source.splitlines()[line - 1].strip())
            if trap in traps:
                used.add(trap)
                continue
            print(f"{name}:{line}: {pattern} in a statement with co_await: name it, then await it")
            bad += 1
    if not arguments:
        for path, text in sorted(traps - used):
            print(f"{TRAPS.name}: this trap is gone, remove its line: {path}: {text}")
            bad += 1
    if bad:
        print(f"error: {bad} unsafe co_await statement{'s' * (bad != 1)}")
        return 1
    print(f"check_await: {len(files)} files, no unsafe co_await statement.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
